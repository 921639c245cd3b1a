"""Where things stand in a TOML text, held against what the parser reads there."""

import tomllib
from collections.abc import Iterator

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from collector.config.places import places
from collector.config.wording import step

words = st.sampled_from("abcdefgh")
keys = words | st.sampled_from(['"a b"', "'x.y'", '"\\u4e2d\\"="', "夜".join('""'), "1", "-"])
dotted = st.lists(keys, min_size=1, max_size=3).map(" . ".join) | keys
scalars = st.sampled_from(
    [
        "1", "-0x1f".removeprefix("-"), "1_000.5e3", "inf", "true", "2026-11-28 12:00:00Z", "07:32:00",
        '"]}#,="', '"\\"\\\\"', "'\\'", '""', "''", '"""a\n"b""c\\""""', '"""x"""""',
        "'''\n]'#''y'''", '""""""', '"夜间"',
    ]
)  # fmt: skip
blanks = st.sampled_from(["", " ", "\t", "\n", " # ] } ' \" =\n", "\r\n"])
ends = st.sampled_from(["\n", "  # [x]\n", "\r\n", " \n\n#\n"])


@st.composite
def arrays(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    parts = draw(st.lists(st.tuples(blanks, inner, blanks).map("".join), max_size=3))
    return f"[{','.join(parts)}{draw(st.sampled_from(['', ',', ' ']) if parts else blanks)}]"


@st.composite
def inlines(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    names = draw(st.lists(keys, max_size=3, unique=True))
    return "{" + ", ".join(f"{name} ={draw(inner)} " for name in names) + "}"


values = st.recursive(scalars, lambda inner: arrays(inner) | inlines(inner), max_leaves=6)
pairs = st.builds("{} = {}{}".format, dotted, values, ends)
headers = st.builds("[{}]{}".format, dotted, ends) | st.builds(" [[ {} ]]{}".format, dotted, ends)
texts = st.lists(pairs | headers | ends, max_size=8).map("".join)


def leaves(path: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(step(path, key), inner)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from leaves(f"{path}[{place}]", inner)
    else:
        yield path, value


def inside(path: str, value: object) -> Iterator[str]:
    if path:
        yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in parts:
        yield from inside(f"{path}[{key}]" if isinstance(value, list) else step(path, key), inner)


@given(texts)
def test_every_value_stands_where_it_is_said_to_and_there_is_nothing_else(text: str) -> None:
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        reject()
    found = places(text)
    assert set(found.by_path) == set(inside("", tree))
    for path, value in leaves("", tree):
        start, end = found.by_path[path].value
        assert repr(tomllib.loads(f"value = {text[start:end]}")["value"]) == repr(value)
    assert [path for _, path in found.leaves] == sorted(
        (path for path, _ in leaves("", tree)), key=lambda path: found.by_path[path].value
    )
    assert [text[place] for place in found.comments] == ["#"] * len(found.comments)


TEXT = """\
[collector]  # the whole
listen = ":1"

[[project]]
name = "a"
auth.token = "x"
[[project]]
[[project.workflow]]
[[project.workflow]]
id = [1,
  2]
"""


@pytest.mark.parametrize(
    ("path", "line", "shown"),
    [
        ("collector", 1, "[collector]"),
        ("collector.listen", 2, "listen"),
        ("collector.state", 1, "[collector]"),
        ("project", 4, "[[project]]"),
        ("project[0].auth", 6, "auth.token"),
        ("project[0].auth.method", 6, "auth.token"),
        ("project[1]", 7, "[[project]]"),
        ("project[1].name", 7, "[[project]]"),
        ("project[1].workflow[0].id", 8, "[[project.workflow]]"),
        ("project[1].workflow[1].id", 10, "id"),
        ("project[1].workflow[1].id[1]", 11, "2"),
    ],
)
def test_what_is_missing_stands_where_it_should_have_been(path: str, line: int, shown: str) -> None:
    place = places(TEXT).nearest(path)
    assert place is not None
    start, end = place.name
    assert (TEXT.count("\n", 0, start) + 1, TEXT[start:end]) == (line, shown)


def test_what_has_no_place_has_none() -> None:
    assert places(TEXT).nearest("series.max") is None
    assert places("").nearest("collector") is None
