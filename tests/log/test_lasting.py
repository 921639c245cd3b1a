"""What lasts is said at its start, hourly, and at its end; a whole project's trouble is one. Time is an argument."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.model import Committed, Fact, Listed, Reloaded, Turned
from tests.log.told import HOUR, KEY, MINUTE, Key, Told

DAY = 24 * HOUR


def test_a_failure_of_a_day_is_a_line_at_its_start_one_an_hour_and_one_at_its_end():
    told = Told()
    for at in range(0, DAY, MINUTE):
        told.failed(at=at, says=f"it is down, request {at}")
    told.polled(at=DAY)
    told.polled(at=DAY + MINUTE)
    assert told.events == ["poll.failing", *["poll.still_failing"] * 23, "poll.recovered"]
    first, last, end = told.all[1], told.all[-2], told.all[-1]
    assert (first["since"], first["lasted"], first["failures"]) == ("1970-01-01T00:00:00Z", 3600, 61)
    assert (last["lasted"], last["failures"], last["workflows"]) == (23 * 3600, 23 * 60 + 1, 1)
    assert (last["reason"], last["says"]) == ("network", f"it is down, request {23 * HOUR}")
    assert (end["lasted"], end["failures"], end["reason"]) == (86_400, 24 * 60, "network")
    assert [line["level"] for line in told.all] == ["warning"] * 24 + ["info"]


def test_each_reason_is_said_once_however_they_take_turns():
    told = Told()
    for at in range(0, HOUR, MINUTE):
        reason = ("timeout", "network", "server")[at // MINUTE % 3]
        told.failed(at=at, reason=reason, says=f"{reason} at {at}")
    assert [line["reason"] for line in told.all] == ["timeout", "network", "server"]
    told.polled(at=HOUR)
    told.failed(at=HOUR + MINUTE, reason="timeout")
    assert told.events[-2:] == ["poll.recovered", "poll.failing"], "what has ended is said again when it comes again"


def test_what_a_project_suffers_from_is_said_once_hourly_once_and_ends_with_the_last():
    told, flows = Told(), [f"wf-{number}" for number in range(50)]
    for at in range(0, 3 * HOUR, MINUTE):
        for workflow in flows:
            told.failed(workflow, at=at)
    assert told.events == ["poll.failing", "poll.still_failing", "poll.still_failing"]
    assert [line.get("workflows") for line in told.all] == [None, 50, 50]
    for workflow in flows:
        told.polled(workflow, at=3 * HOUR)
    assert told.events[3:] == ["poll.recovered"]
    assert (told.all[-1]["lasted"], told.all[-1]["failures"]) == (3 * 3600, 50 * 180)
    assert told.all[-1]["workflow_id"] == "wf-49"


def test_it_goes_on_when_the_workflow_it_was_said_of_recovers():
    told = Told()
    for workflow in ("wf-1", "wf-2"):
        told.failed(workflow)
    told.polled("wf-1", at=MINUTE)
    for at in range(2 * MINUTE, 2 * HOUR, MINUTE):
        told.failed("wf-2", at=at)
    assert [(line["event"], line["workflow_id"]) for line in told.all] == [
        ("poll.failing", "wf-1"),
        ("poll.still_failing", "wf-2"),
    ]


def test_troubles_that_turn_out_to_be_one_become_one():
    told = Told()
    for workflow in ("wf-1", "wf-2", "wf-3"):
        told.failed(workflow, says=f"no answer for {workflow}")
    for at in range(MINUTE, 3 * HOUR, MINUTE):
        for workflow in ("wf-1", "wf-2", "wf-3"):
            told.failed(workflow, at=at, says="the whole project fails")
    assert told.events == ["poll.failing"] * 3 + ["poll.still_failing"] * 2
    assert told.all[-1]["workflows"] == 3


def test_projects_do_not_speak_for_each_other():
    told = Told()
    told.failed()
    told.failed(project="test")
    assert [(line["event"], line["project"]) for line in told.all] == [
        ("poll.failing", "prod"),
        ("poll.failing", "test"),
    ]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.sampled_from(["timeout", "network", "server", "forbidden"]),
            st.integers(0, 2),
        ),
        max_size=120,
    )
)
def test_however_failures_are_mixed_no_workflow_says_a_reason_twice_before_an_hour_is_over(looks: list):
    told = Told()
    for number, (workflow, reason, word) in enumerate(looks):
        told.failed(f"wf-{workflow}", at=number * 1000, reason=reason, says=f"{reason} {word}")
    said = [(line["workflow_id"], line["reason"]) for line in told.all]
    assert len(said) == len(set(said))
    assert set(told.events) <= {"poll.failing"}


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["fails", "works", "leaves"]), st.integers(0, 2))))
def test_only_what_fails_now_is_remembered(steps: list):
    told, failing = Told(), set()
    health = told.lines._health  # noqa: SLF001  what it remembers
    for number, (workflow, what, word) in enumerate(steps):
        key = Key("prod", f"wf-{workflow}")
        if what == "fails":
            told.failed(key.workflow_id, at=number, says=f"says {word}")
            failing.add(key)
        else:
            failing.discard(key)
            if what == "works":
                told.polled(key.workflow_id, at=number)
            else:
                told.lines(Turned(key=key, name="n", until=None))
        assert health._of.keys() == failing  # noqa: SLF001
        troubles = {id(trouble): trouble for trouble in health._of.values()}  # noqa: SLF001
        assert set(map(id, health._by_sentence.values())) <= troubles.keys()  # noqa: SLF001
        assert set().union(*(trouble.sick for trouble in troubles.values())) == failing


def test_a_workflow_that_is_gone_takes_its_trouble_along_without_a_word():
    told = Told()
    told.failed()
    told.lines(Turned(key=KEY, name="n", until=None))
    told.failed(at=5 * HOUR)
    told.polled(at=6 * HOUR)
    assert told.events == ["poll.failing", "poll.failing", "poll.recovered"]
    assert told.all[-1]["lasted"] == 3600


def test_a_clock_that_steps_neither_repeats_nor_silences_it():
    told = Told()
    for at in (10 * DAY, 10 * DAY + MINUTE, MINUTE, 2 * MINUTE, HOUR + 2 * MINUTE, HOUR + 3 * MINUTE):
        told.failed(at=at)
    assert told.events == ["poll.failing", "poll.still_failing"]
    assert told.all[-1]["lasted"] == 0, "since then is later than now"


def committed(at: int, *, ok: bool) -> Fact:
    return Committed(outcome="ok" if ok else "failed", at=at, rows=1, seconds=0.1, says=None if ok else f"full at {at}")


def listed(at: int, *, ok: bool) -> Fact:
    return Listed(project="prod", at=at, ok=ok, workflows=3, says=None if ok else f"refused at {at}")


def read(what: str):
    def fact(at: int, *, ok: bool) -> Fact:
        return Reloaded(at=at, ok=ok, says="fine" if ok else "it is bad", what=what)

    return fact


KINDS = [
    (committed, "state.failing", "state.still_failing", "state.recovered"),
    (listed, "list.failing", "list.still_failing", "list.recovered"),
    (read("config"), "config.refused", "config.still_refused", "config.reloaded"),
    (read("web_config"), "web_config.refused", "web_config.still_refused", "web_config.loaded"),
]


@pytest.mark.parametrize(("fact", "starts", "lasts", "ends"), KINDS, ids=[kind[1] for kind in KINDS])
def test_state_list_and_configuration_likewise(fact, starts: str, lasts: str, ends: str):
    told = Told()
    for at in range(0, 5 * HOUR, 5 * MINUTE):
        told.lines(fact(at, ok=False))
    told.lines(fact(5 * HOUR, ok=True))
    assert told.events == [starts, *[lasts] * 4, ends]
    assert (told.all[1]["since"], told.all[1]["lasted"], told.all[1]["failures"]) == ("1970-01-01T00:00:00Z", 3600, 13)
    assert "says" in told.all[1]
    assert (told.all[-1]["lasted"], told.all[-1]["failures"]) == (5 * 3600, 60)


@pytest.mark.parametrize(("fact", "starts", "lasts", "ends"), [KINDS[0], *KINDS[2:]], ids=["state", "config", "web"])
def test_what_nobody_tries_again_is_said_hourly_all_the_same(fact, starts: str, lasts: str, ends: str):
    told = Told()
    told.lines(fact(0, ok=False))
    for at in range(MINUTE, 3 * HOUR, MINUTE):
        told.polled(at=at)
    told.lines(fact(3 * HOUR, ok=True))
    assert told.events == [starts, lasts, lasts, ends]


def test_another_fault_of_a_configuration_is_said_at_once_the_same_is_not():
    told = Told()
    for says in ("a is bad", "a is bad", "b is bad"):
        told.lines(Reloaded(at=0, ok=False, says=says))
    assert [line["says"] for line in told.all] == ["a is bad", "b is bad"]


def test_a_reload_ends_the_trouble_of_the_web_configuration_that_it_read_too():
    told = Told()
    told.lines(Reloaded(at=0, ok=False, says="bad", what="web_config"))
    told.lines(Reloaded(at=MINUTE, ok=True, says="nothing changed"))
    for at in range(0, 3 * HOUR, HOUR):
        told.polled(at=at)
    assert told.events == ["web_config.refused", "config.reloaded", "web_config.loaded"]
