import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families

from collector.exposition.render import NOTHING, Pen, exemplar, header, label, number
from collector.ledger.book import Count, Exemplar, Histogram
from collector.model import Format

TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('\\"\n\r\t ,{}=\0#'))


def parsed(text):
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def written(own, name, labels, samples):
    """The lines as the text formats have them, and how many samples they are."""
    pieces, count = Pen(own).lines(name, labels, samples)
    assert len(pieces) % 2 == 0
    return b"".join(pieces[::2]).decode(), count


@given(TEXT, TEXT, TEXT)
def test_any_label_text_comes_back_from_the_parser(project, node, name):
    lines, count = written(label("project", project), "m", ("node", "name"), [((node, name), 1)])
    (sample,) = parsed(f"# TYPE m gauge\n{lines}")
    assert count == 1
    assert sample.labels == {"project": project, "node": node, "name": name}


@given(st.text(st.characters()))
def test_any_text_at_all_can_be_written(text):
    written = label("a", text).encode()
    assert "\n" not in written.decode()
    (sample,) = parsed(f"m{{{written.decode()}}} 1\n")
    assert sample.labels["a"] == text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def test_a_lone_surrogate_becomes_a_replacement_character():
    assert label("a", "x\ud800y\udfff") == 'a="x\ufffdy\ufffd"'
    assert label("a", "\ufeff中文") == 'a="\ufeff中文"'


@given(st.floats(min_value=0, allow_nan=False, allow_infinity=False))
def test_a_value_is_written_exactly(value):
    assert float(number(value)) == value


@given(st.lists(st.floats(min_value=0, max_value=1e12, allow_nan=False), max_size=50))
def test_a_growing_sum_never_falls_by_rounding(amounts):
    sums = [0.0]
    for amount in amounts:
        sums.append(sums[-1] + amount)
    written = [float(number(value)) for value in sums]
    assert written == sorted(written)


def test_a_moment_has_at_most_three_decimals():
    assert number(1_700_000_000_123 / 1000) == "1700000000.123"
    assert number(1_700_000_000_000 / 1000) == "1700000000"


@given(st.lists(st.integers(0, 1000), min_size=3, max_size=3), st.floats(0, 1e9))
def test_buckets_are_cumulative_and_the_last_is_the_count(counts, total):
    lines, size = written('a="b"', "m", (), [((), (Histogram(tuple(counts), total), (0.5, 60.0)))])
    samples = {(sample.name, sample.labels.get("le")): sample.value for sample in parsed(lines)}
    assert size == 5
    assert samples == {
        ("m_bucket", "0.5"): counts[0],
        ("m_bucket", "60.0"): counts[0] + counts[1],
        ("m_bucket", "+Inf"): sum(counts),
        ("m_sum", None): total,
        ("m_count", None): sum(counts),
    }


def test_a_histogram_on_hold_shows_what_it_showed():
    held = Histogram((5, 5), 10.0, (1, 0), 0.25, 99)
    lines, _ = written('a="b"', "m", (), [((), (held, (1.0,)))])
    assert lines == 'm_bucket{a="b",le="1.0"} 1\nm_bucket{a="b",le="+Inf"} 1\nm_sum{a="b"} 0.25\nm_count{a="b"} 1\n'


def test_nothing_is_written_of_no_samples():
    assert Pen('a="b"').lines("m", ("c",), []) == NOTHING == ((), 0)
    assert math.isclose(float(number(0.1)), 0.1)


# Exemplars


def openmetrics(pieces, kind="counter"):
    """The samples of lines as a strict reader of OpenMetrics has them."""
    text = f"# TYPE m {kind}\n{b''.join(pieces).decode()}# EOF\n"
    return [sample for family in openmetrics_families(text) for sample in family.samples]


# The client library's parser stumbles over a quote in an exemplar, which Prometheus reads well.
UNQUOTED = TEXT.filter(lambda text: '"' not in text)
COUNTS = st.builds(
    Count,
    total=st.integers(0, 1000),
    shown=st.none() | st.integers(0, 1000),
    exemplar=st.none() | st.builds(Exemplar, UNQUOTED, st.integers(0, 10**14), st.just(1.0)),
)


@given(st.lists(COUNTS, max_size=6))
def test_exemplars_stand_between_the_same_text_and_come_back_from_a_strict_parser(counts):
    bare = [Count(count.total, count.shown) for count in counts]
    name, samples = "m_total", [((str(at),), count) for at, count in enumerate(counts)]
    pieces, size = Pen('a="b"').lines(name, ("c",), samples)
    assert written('a="b"', name, ("c",), samples) == written(
        'a="b"', name, ("c",), [((str(at),), count) for at, count in enumerate(bare)]
    )
    assert size == len(counts)
    for count, sample in zip(counts, openmetrics(pieces), strict=True):
        told = None if count.shown is not None else count.exemplar
        assert sample.value == count.published
        if told is None or len("execution_id") + len(told.execution) > 128:
            assert sample.exemplar is None
        else:
            assert sample.exemplar.labels == {"execution_id": told.execution}
            assert sample.exemplar.value == 1
            assert float(sample.exemplar.timestamp) == pytest.approx(told.at / 1000)


@pytest.mark.parametrize(
    ("value", "le"), [(0.0, "0.5"), (0.5, "0.5"), (0.501, "60.0"), (60.0, "60.0"), (60.25, "+Inf"), (1e9, "+Inf")]
)
def test_a_histogram_shows_its_exemplar_at_the_bucket_that_holds_it(value, le):
    counts = [int(le == each) for each in ("0.5", "60.0", "+Inf")]
    told = Exemplar("0f3a", 1_700_000_000_125, value)
    sample = ((), (Histogram(tuple(counts), value, exemplar=told), (0.5, 60.0)))
    pieces, _ = Pen('a="b"').lines("m", (), [sample, sample])
    found = openmetrics(Pen('a="b"').lines("m", (), [sample])[0], "histogram")
    assert [sample.labels["le"] for sample in found if sample.exemplar is not None] == [le]
    (one,) = [sample.exemplar for sample in found if sample.exemplar is not None]
    assert (one.labels, one.value) == ({"execution_id": "0f3a"}, value)
    assert b"".join(pieces).count(b' # {execution_id="0f3a"} ') == 2, "each of several has its own"


def test_a_histogram_on_hold_shows_no_exemplar():
    held = Histogram((5, 5), 10.0, (1, 0), 0.25, 99, Exemplar("x", 0, 0.5))
    pieces, _ = Pen('a="b"').lines("m", (), [((), (held, (1.0,)))])
    assert b"#" not in b"".join(pieces)


def test_an_exemplar_reads_as_it_is_written_down():
    assert exemplar(Exemplar("a-1", 1_700_000_000_123)) == ' # {execution_id="a-1"} 1 1700000000.123'
    assert exemplar(Exemplar('x"\\\n', 1_000, 0.25)) == ' # {execution_id="x\\"\\\\\\n"} 0.25 1'


@pytest.mark.parametrize("letter", ["x", "é", "\U0001f600", '"', "\ud800"])
def test_an_exemplar_of_more_than_128_characters_is_left_out_whole(letter):
    assert exemplar(Exemplar(letter * 116, 0)).startswith(' # {execution_id="')
    assert exemplar(Exemplar(letter * 117, 0)) == ""


def test_a_header_is_escaped_as_its_format_demands():
    says = 'a "b"\nc\\'
    for form in (Format.TEXT, Format.TEXT_1):
        assert header("m_total", "counter", says, form) == (b'# HELP m_total a "b"\\nc\\\\\n# TYPE m_total counter\n')
    assert header("m_total", "counter", says, Format.OPENMETRICS) == (b'# HELP m a \\"b\\"\\nc\\\\\n# TYPE m counter\n')
    assert header("m_info", "gauge", "x", Format.OPENMETRICS) == b"# HELP m_info x\n# TYPE m_info gauge\n"
