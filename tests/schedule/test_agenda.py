"""The heap of due times, and the times themselves."""

import subprocess
import sys

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from collector.model import Key
from collector.schedule import Agenda, first_look, next_look

A, B, C = (Key("prod", name) for name in "abc")
times = st.floats(min_value=0, max_value=1e6)


def test_what_is_due_comes_in_order_with_the_time_it_was_due():
    agenda = Agenda()
    agenda.add(A, 30.0)
    agenda.add(B, 10.0)
    agenda.add(C, 40.0)

    assert agenda.due(9.9) == []
    assert agenda.due(30.0) == [(B, 10.0), (A, 30.0)]
    assert agenda.next() == 40.0


def test_what_was_handed_out_is_not_handed_out_again_until_it_is_done():
    agenda = Agenda()
    agenda.add(A, 1.0)
    assert agenda.due(1.0) == [(A, 1.0)]
    assert agenda.due(100.0) == []
    agenda.done(A, 5.0)

    assert agenda.due(100.0) == [(A, 5.0)]


def test_what_was_removed_is_not_handed_out():
    agenda = Agenda()
    agenda.add(A, 1.0)
    agenda.add(B, 2.0)
    agenda.remove(A)

    assert agenda.next() == 2.0
    assert agenda.due(9.0) == [(B, 2.0)]


def test_what_is_removed_while_it_is_handed_out_does_not_come_back():
    agenda = Agenda()
    agenda.add(A, 1.0)
    agenda.due(1.0)
    agenda.remove(A)
    assert not agenda.stands(A)
    agenda.done(A, 2.0)

    assert agenda.due(9.0) == []
    assert len(agenda) == 0


def test_what_is_removed_and_added_while_it_is_handed_out_waits_until_it_is_done():
    agenda = Agenda()
    agenda.add(A, 1.0)
    agenda.due(1.0)
    agenda.remove(A)
    agenda.add(A, 3.0)
    assert agenda.due(9.0) == []
    agenda.done(A, 100.0)

    assert agenda.due(9.0) == [(A, 3.0)]


def test_what_is_moved_keeps_only_its_last_time():
    agenda = Agenda()
    for at in (50.0, 1.0, 20.0):
        agenda.add(A, at)

    assert agenda.due(19.0) == []
    assert agenda.due(50.0) == [(A, 20.0)]
    assert agenda.due(99.0) == []


def test_moving_does_not_fill_the_memory():
    agenda = Agenda()
    for at in range(100_000):
        agenda.add(A, 1e6 + at)

    assert len(agenda._heap) < 1000  # noqa: SLF001  there is no other way to see what it holds on to
    assert agenda.next() == 1e6 + 99_999


def test_what_nobody_handed_out_cannot_be_done():
    agenda = Agenda()
    agenda.done(A, 1.0)
    agenda.add(B, 7.0)
    agenda.done(B, 1.0)

    assert agenda.due(9.0) == [(B, 7.0)]


class Agendas(RuleBasedStateMachine):
    """An agenda beside a model that is a plain dictionary."""

    keys = Bundle("keys")

    def __init__(self) -> None:
        super().__init__()
        self.agenda = Agenda()
        self.waiting: dict[Key, float] = {}
        self.out: dict[Key, float | str | None] = {}

    @rule(target=keys, name=st.sampled_from("abcdefgh"))
    def names(self, name: str):
        return multiple(Key("p", name))

    @rule(key=keys, at=times)
    def add(self, key: Key, at: float):
        self.agenda.add(key, at)
        if key in self.out:
            self.out[key] = at
        else:
            self.waiting[key] = at

    @rule(key=keys)
    def remove(self, key: Key):
        self.agenda.remove(key)
        self.waiting.pop(key, None)
        if key in self.out:
            self.out[key] = None

    @rule(key=keys, at=times)
    def done(self, key: Key, at: float):
        self.agenda.done(key, at)
        if key in self.out:
            then = self.out.pop(key)
            if then is not None:
                self.waiting[key] = at if then == "done" else then

    @rule(now=times)
    def due(self, now: float):
        handed_out = self.agenda.due(now)
        expected = {key: at for key, at in self.waiting.items() if at <= now}
        assert dict(handed_out) == expected
        assert len(handed_out) == len(expected)
        assert [at for _, at in handed_out] == sorted(expected.values())
        assert not self.out.keys() & expected.keys()
        for key in expected:
            del self.waiting[key]
            self.out[key] = "done"

    @invariant()
    def agrees(self):
        assert self.agenda.next() == min(self.waiting.values(), default=None)
        assert len(self.agenda) == len(self.waiting) + sum(then is not None for then in self.out.values())
        assert all(self.agenda.stands(key) == (then == "done") for key, then in self.out.items())


TestAgendas = Agendas.TestCase
TestAgendas.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@given(due=times, interval=st.floats(min_value=0.5, max_value=1e5), gap=st.floats(min_value=0, max_value=1e7))
def test_the_next_look_is_the_first_whole_interval_after_now(due: float, interval: float, gap: float):
    now = due + gap
    look = next_look(due, interval, now)
    slots = (look - due) / interval

    assert look > now
    assert look - interval <= now + 1e-6
    assert abs(slots - round(slots)) < 1e-6
    assert round(slots) >= 1


def test_the_next_look_keeps_its_phase_over_a_thousand_looks():
    due, now = 17.25, 17.25
    for n in range(1000):
        now = due + 0.37 + n % 7
        due = next_look(due, 60.0, now)

    assert due == 17.25 + 60.0 * 1000


def test_a_look_that_took_longer_than_its_interval_skips_whole_slots():
    assert next_look(100.0, 60.0, 230.0) == 280.0
    assert next_look(100.0, 60.0, 280.0) == 340.0


def test_the_next_look_after_centuries_is_found_at_once():
    assert next_look(0.0, 0.5, 1e10) == 1e10 + 0.5


def test_a_look_before_its_time_still_moves_on():
    assert next_look(100.0, 60.0, 90.0) == 160.0


def test_first_looks_spread_evenly():
    counts = [0] * 50
    for n in range(10_000):
        place = first_look(Key("prod", f"wf-{n:05}"), now=1000.0, spread=60.0)
        assert 1000.0 <= place < 1060.0
        counts[int((place - 1000.0) / 60.0 * 50)] += 1
    chi_square = sum((count - 200) ** 2 / 200 for count in counts)

    assert chi_square < 85.4  # 49 degrees of freedom: one in a thousand is above


def test_first_looks_differ_between_projects_and_need_no_spread():
    assert first_look(A, now=0.0, spread=60.0) != first_look(Key("test", "a"), now=0.0, spread=60.0)
    assert first_look(A, now=5.0, spread=0.0) == 5.0


def test_a_first_look_has_the_same_place_in_every_process():
    script = (
        "from collector.model import Key\n"
        "from collector.schedule import first_look\n"
        "print(first_look(Key('prod', 'wf-1'), now=0.0, spread=60.0))"
    )
    places = {
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    }

    assert places == {f"{first_look(Key('prod', 'wf-1'), now=0.0, spread=60.0)}\n".encode()}
