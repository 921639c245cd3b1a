"""Which workflows come and go with the list, pass by pass."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.app.discovery import PASSES_UNTIL_GONE, Discovery
from collector.config import Discover
from collector.model import Definition, Listing


def discover(*include: str, exclude: tuple[str, ...] = (), types: tuple[str, ...] = ()) -> Discover:
    return Discover(
        include=tuple(map(re.compile, include or (".*",))),
        exclude=tuple(map(re.compile, exclude)),
        types=frozenset(types),
        interval=300.0,
    )


def listing(*ids: str, complete: bool = True) -> Listing:
    return Listing(definitions=tuple(map(named, ids)), complete=complete, listed=len(ids))


def named(workflow_id: str, name: str = "", kind: str = "cron") -> Definition:
    return Definition(workflow_id=workflow_id, name=name or f"name of {workflow_id}", type=kind, nodes={})


@pytest.mark.parametrize(
    ("wants", "name", "kind", "wanted"),
    [
        (discover(), "anything", "", True),
        (discover("prod-.*"), "prod-backup", "", True),
        (discover("prod"), "prod-backup", "", False),
        (discover("a", "b"), "b", "", True),
        (discover(exclude=("test-.*",)), "test-1", "", False),
        (discover(exclude=("test",)), "test-1", "", True),
        (discover(types=("cron", "event")), "x", "Cron", True),
        (discover(types=("cron",)), "x", "manual", False),
        (discover(types=("cron",)), "x", "", False),
        (discover("夜间.*"), "夜间备份", "", True),
    ],
)
def test_names_match_whole_and_types_in_any_case(wants: Discover, name: str, kind: str, wanted: bool):  # noqa: FBT001  a parameter of the table
    assert wants.wants(name, kind) == wanted


def test_what_is_new_comes_at_once_even_in_a_list_that_was_cut():
    discovery = Discovery(discover())
    new, gone = discovery.read(listing("a", "b", complete=False), {"a"})
    assert ([each.workflow_id for each in new], gone) == (["b"], [])


def test_it_takes_three_whole_passes_in_a_row_until_a_workflow_is_gone():
    discovery = Discovery(discover())
    assert [discovery.read(listing("a"), {"a", "b"})[1] for _ in range(3)] == [[], [], ["b"]]


def test_one_that_is_back_in_between_begins_anew():
    discovery = Discovery(discover())
    passes = [listing("a"), listing("a"), listing("a", "b", complete=False), listing("a"), listing("a")]
    assert [discovery.read(each, {"a", "b"})[1] for each in passes] == [[]] * 5
    assert discovery.read(listing("a"), {"a", "b"})[1] == ["b"]


def test_a_rename_out_of_the_pattern_counts_as_gone():
    discovery = Discovery(discover("prod-.*"))
    renamed = Listing(definitions=(named("a", "prod-a"), named("b", "test-b")), complete=True, listed=2)
    assert [discovery.read(renamed, {"a", "b"})[1] for _ in range(3)][-1] == ["b"]


passes = st.lists(st.tuples(st.sets(st.sampled_from("abc")), st.booleans()), max_size=12)


@given(passes)
def test_only_whole_passes_with_something_in_them_let_go_of_anything(story: list[tuple[set[str], bool]]):
    discovery, watched, missed = Discovery(discover()), {"a", "b", "c"}, dict.fromkeys("abc", 0)
    for ids, complete in story:
        new, gone = discovery.read(listing(*sorted(ids), complete=complete), watched)
        for each in missed:
            missed[each] = 0 if each in ids else missed[each] + bool(complete and ids)
        assert set(gone) == {each for each in watched if missed[each] >= PASSES_UNTIL_GONE}
        assert {each.workflow_id for each in new} == ids - watched
        watched = (watched | ids) - set(gone)
