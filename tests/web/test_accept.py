"""Which format and coding is answered. The headers of scrapers are those that they really send."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.model import Format
from collector.web.accept import ESCAPINGS, LONGEST, Choice, accepts_gzip, choose

TEXT = "text/plain; version=0.0.4; charset=utf-8"
TEXT_1 = "text/plain; version=1.0.0; charset=utf-8; escaping={}"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping={}"
PROTOBUF = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;"
    "escaping=allow-utf-8;q=0.7"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)


@pytest.mark.parametrize(
    ("accept", "answer"),
    [
        (PROMETHEUS_2, OPENMETRICS.format("underscores")),
        (PROMETHEUS_3, OPENMETRICS.format("allow-utf-8")),
        (f"{PROTOBUF},{PROMETHEUS_3}", OPENMETRICS.format("allow-utf-8")),
        ("text/plain;version=0.0.4;q=1,*/*;q=0.1", TEXT),
        ("application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", TEXT),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", TEXT),
        ("*/*", TEXT),
        (None, TEXT),
    ],
    ids=["prometheus 2", "prometheus 3", "native histograms", "victoria metrics", "old", "browser", "curl", "none"],
)
def test_a_scraper_gets_what_it_reads_best(accept, answer):
    assert choose(accept).content_type == answer


@pytest.mark.parametrize(
    ("accept", "answer"),
    [
        ("application/openmetrics-text", OPENMETRICS.format("underscores")),
        ("application/openmetrics-text;version=1.0.0;charset=UTF-8", OPENMETRICS.format("underscores")),
        ("Application/OpenMetrics-Text ; Version=1.0.0 ;\tQ=0.5", OPENMETRICS.format("underscores")),
        ('application/openmetrics-text;version="1.0.0"', OPENMETRICS.format("underscores")),
        ('application/openmetrics-text;version="1\\.0.0"', OPENMETRICS.format("underscores")),
        ("application/openmetrics-text;;version=1.0.0;", OPENMETRICS.format("underscores")),
        ("text/plain;version=1.0.0", TEXT_1.format("underscores")),
        *((f"text/plain;version=1.0.0;escaping={each}", TEXT_1.format(each)) for each in ESCAPINGS),
        *((f"application/openmetrics-text;escaping={each}", OPENMETRICS.format(each)) for each in ESCAPINGS),
        ("text/plain;version=0.0.4;escaping=values", TEXT),
        ("text/plain", TEXT),
        ("application/openmetrics-text;q=1.000", OPENMETRICS.format("underscores")),
        ("application/openmetrics-text;q=0.", TEXT),
        ("application/openmetrics-text;q=1.", OPENMETRICS.format("underscores")),
        ("application/openmetrics-text;q=0.001", OPENMETRICS.format("underscores")),
    ],
)
def test_what_is_named_is_answered(accept, answer):
    assert choose(accept).content_type == answer


@pytest.mark.parametrize(
    "entry",
    [
        "application/openmetrics-text;version=abc",
        "application/openmetrics-text;version=2.0.0",
        "application/openmetrics-text;version=0.0.1",
        "application/openmetrics-text;version=0.0.4",
        "application/openmetrics-text;version=",
        "application/openmetrics-text;version",
        "application/openmetrics-text;version =1.0.0",
        "application/openmetrics-text;version= 1.0.0",
        "application/openmetrics-text;version=1.0.0;version=1.0.0",
        "application/openmetrics-text;version=1.0.0;escaping=none",
        "application/openmetrics-text;version=1.0.0;charset=latin-1",
        "application/openmetrics-text;version=1.0.0;level=1",
        "application/openmetrics-text version=1.0.0",
        "application/openmetrics-text;q=0",
        "application/openmetrics-text;q=0.000",
        "application/openmetrics-text;q=1.001",
        "application/openmetrics-text;q=2",
        "application/openmetrics-text;q=-1",
        "application/openmetrics-text;q=0.1234",
        "application/openmetrics-text;q=.5",
        "application/openmetrics-text;q=1e0",
        "application/openmetrics-text;q=\u0661",
        "application/openmetrics-text;q=nan",
        "application/openmetrics-text;q=",
        'application/openmetrics-text;q="1"',
        "application/openmetrics-text;q=1;q=1",
        "application/openmetrics-text/x",
        "application/ openmetrics-text",
        "application",
        "application/*",
        "*/openmetrics-text",
        "/openmetrics-text",
        "text/plain;version=0.0.2",
        "text/plain;version=2.0.0",
        "text/*;version=1.0.0",
        "application/vnd.google.protobuf",
        "",
        ";",
        "=;,=",
        "\u00e9/\u00e9",
        '"application/openmetrics-text"',
        'application/openmetrics-text;version="1.0.0',
        'application/openmetrics-text;version="1.0.0\\"',
        "text/openmetrics-text;version=1.0.0",
        "application/plain;version=1.0.0",
    ],
)
def test_an_entry_that_says_nothing_we_know_is_ignored_alone(entry):
    assert choose(entry).content_type == TEXT
    assert choose(f"text/plain;version=1.0.0;q=0.1,{entry}").content_type == TEXT_1.format("underscores")
    if entry.count('"') != 1 and not entry.endswith('\\"'):
        assert choose(f"{entry} , text/plain;version=1.0.0;q=0.1").content_type == TEXT_1.format("underscores")


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("text/plain;version=0.0.4, application/openmetrics-text;version=1.0.0;q=0.999", Format.TEXT),
        ("text/plain;version=0.0.4;q=0.998, application/openmetrics-text;version=1.0.0;q=0.999", Format.OPENMETRICS),
        ("text/plain;version=0.0.4, text/plain;version=1.0.0", Format.TEXT_1),
        ("text/plain;version=1.0.0, application/openmetrics-text;version=1.0.0", Format.OPENMETRICS),
        ("text/plain;version=1.0.0, application/openmetrics-text", Format.TEXT_1),
        ("text/plain;version=0.0.4, application/openmetrics-text", Format.TEXT),
        ("*/*, application/openmetrics-text", Format.OPENMETRICS),
        ("*/*;q=0.5, application/openmetrics-text;q=0.4", Format.TEXT),
        ("text/*, text/plain;version=1.0.0", Format.TEXT_1),
        ("text/*;q=0.9, text/plain;version=1.0.0;q=0.8", Format.TEXT),
        ("text/*;q=0.1, */*, text/plain;version=1.0.0;q=0.8", Format.TEXT_1),
        ("text/plain;q=0, application/openmetrics-text;q=0.1", Format.OPENMETRICS),
        ("text/plain;q=0.1, text/plain;version=0.0.4;q=0.9, text/plain;version=1.0.0;q=0.5", Format.TEXT),
        ("text/plain;q=0, text/plain;version=0.0.4, text/plain;version=1.0.0;q=0.5", Format.TEXT),
        ("application/openmetrics-text;q=0, application/openmetrics-text;version=1.0.0", Format.OPENMETRICS),
        ("application/openmetrics-text;version=1.0.0;q=0, application/openmetrics-text", Format.TEXT),
        ("application/openmetrics-text;q=0, application/openmetrics-text, text/plain;version=1.0.0", Format.TEXT_1),
        ("application/openmetrics-text;q=0.1, application/openmetrics-text, text/plain;q=0.5", Format.OPENMETRICS),
        ("*/*;q=0, text/plain;version=1.0.0;q=0.1", Format.TEXT_1),
        ("*/*;q=0", Format.TEXT),
        ("text/plain;q=0", Format.TEXT),
        ('text/plain;x="a,application/openmetrics-text", text/plain;version=1.0.0', Format.TEXT_1),
        ('text/plain;x="\\",application/openmetrics-text", text/plain;version=1.0.0', Format.TEXT_1),
    ],
)
def test_the_heaviest_wins_then_the_most_precise_then_the_best(accept, form):
    assert choose(accept).format is form


def test_the_heavier_escaping_is_answered():
    entry = "application/openmetrics-text;version=1.0.0;escaping={};q={}"
    for accept in ((("dots", 0.2), ("values", 0.4)), (("values", 0.4), ("dots", 0.2))):
        header = ",".join(entry.format(*each) for each in accept)
        assert choose(header).content_type == OPENMETRICS.format("values")
    assert choose(entry.format("underscores", 0)).content_type == TEXT


# Laws

NAMED = {
    "application/openmetrics-text;version=1.0.0": Format.OPENMETRICS,
    "text/plain;version=1.0.0": Format.TEXT_1,
    "text/plain;version=0.0.4": Format.TEXT,
}
WORDS = st.sampled_from(
    (
        *NAMED,
        *("text/plain", "application/openmetrics-text", "*/*", "text/*", "application/*", "version=0.0.1"),
        *(";q=0", ";q=1", ";q=0.5", ";q=abc", ";escaping=dots", ";escaping=x", ";charset=utf-8"),
        *(";", ",", "=", '"', "\\", " ", "\t"),
    )
)
ANYTHING = st.text(max_size=300) | st.lists(WORDS, max_size=30).map("".join)


@given(ANYTHING)
def test_whatever_is_sent_the_answer_is_one_of_ours(accept):
    choice = choose(accept)
    assert choice.format in Format
    assert (choice.escaping in ESCAPINGS) == (choice.format is not Format.TEXT)
    assert isinstance(accepts_gzip(accept), bool)


@given(st.dictionaries(st.sampled_from(list(NAMED)), st.integers(0, 1000), min_size=1), st.data())
def test_the_heaviest_that_is_not_refused_is_answered_in_any_order(weights, data):
    entries = [f"{name};q={weight / 1000:.3f}" for name, weight in weights.items()]
    entries += data.draw(st.lists(st.sampled_from(["*/*;q=0", "junk", "a/b;q=1", "text/plain;version=9"])))
    chosen = choose(", ".join(data.draw(st.permutations(entries)))).format
    usable = {name: weight for name, weight in weights.items() if weight}
    best = [NAMED[name] for name, weight in usable.items() if weight == max(usable.values())]
    assert chosen is next((form for form in Format if form in best), Format.TEXT)


@given(ANYTHING, st.sampled_from(list(NAMED)))
def test_what_is_refused_is_never_answered_while_another_is_named(junk, refused):
    others = "".join(f", {name};q=0.001" for name in NAMED if name != refused)
    junk = junk.replace('"', "").replace(refused, "")
    assert choose(f"{refused};q=0{others}, {refused};q=0.5, {junk}").format is not NAMED[refused]


@given(ANYTHING)
def test_an_unusable_entry_in_front_changes_nothing(accept):
    assert choose(f"text/plain;version=abc,{accept}") == choose(accept)


HOSTILE = ['"', '"\\', '\\"', '",', ",", "; ", ' ;"', "a/b,", "*/*,", ' a/b;c="d";', "\\", " \t", "q=0.5;", "\x00", "é"]


@pytest.mark.parametrize("word", HOSTILE)
def test_an_absurd_header_costs_little(word):
    for size in (LONGEST, 1_000_000):
        header = (word * size)[:size]
        began = time.process_time()
        assert choose(header) == Choice(Format.TEXT)
        accepts_gzip(header)
        assert time.process_time() - began < 0.1


def test_a_header_that_is_too_long_to_be_meant_is_not_read():
    entry = "text/plain;version=1.0.0"
    assert choose(entry.rjust(LONGEST)).format is Format.TEXT_1
    assert choose(entry.rjust(LONGEST + 1)).format is Format.TEXT


# Codings


@pytest.mark.parametrize(
    "header",
    [
        "gzip",
        "GZip",
        "x-gzip",
        "gzip, deflate, br, zstd",
        "deflate, gzip;q=0.001",
        "gzip;q=1.0, identity;q=0.5",
        "*",
        "*;q=0.1",
        "identity;q=0, *",
        "identity;q=0, gzip;q=0.1",
        "br;q=abc, gzip",
        "gzip ; q=0.5",
    ],
)
def test_gzip_is_answered_where_it_is_welcome(header):
    assert accepts_gzip(header)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "identity",
        "identity;q=0",
        "deflate, br",
        "gzip;q=0",
        "gzip;q=0.000",
        "gzip;q=0, *",
        "gzip, gzip;q=0",
        "gzip;q=0, x-gzip",
        "*;q=0",
        "gzip;q=0.5, identity",
        "gzip;q=abc",
        "gzip;q=1.5",
        "gzip;level=1",
        "gzip/1",
        "gzipped",
        '"gzip"',
        "gzip deflate",
        "x" * LONGEST + ",gzip",
    ],
)
def test_gzip_is_not_answered_where_it_is_not(header):
    assert not accepts_gzip(header)
