import math

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from collector.exposition.render import Pen, label, number
from collector.ledger.book import Histogram

TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('\\"\n\r\t ,{}=\0#'))


def parsed(text):
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


@given(TEXT, TEXT, TEXT)
def test_any_label_text_comes_back_from_the_parser(project, node, name):
    lines, count = Pen(label("project", project)).lines("m", ("node", "name"), [((node, name), 1)])
    (sample,) = parsed(f"# TYPE m gauge\n{lines.decode()}")
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
    lines, size = Pen('a="b"').lines("m", (), [((), (Histogram(tuple(counts), total), (0.5, 60.0)))])
    samples = {(sample.name, sample.labels.get("le")): sample.value for sample in parsed(lines.decode())}
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
    lines, _ = Pen('a="b"').lines("m", (), [((), (held, (1.0,)))])
    assert lines == b'm_bucket{a="b",le="1.0"} 1\nm_bucket{a="b",le="+Inf"} 1\nm_sum{a="b"} 0.25\nm_count{a="b"} 1\n'


def test_nothing_is_written_of_no_samples():
    assert Pen('a="b"').lines("m", ("c",), []) == (b"", 0)
    assert math.isclose(float(number(0.1)), 0.1)
