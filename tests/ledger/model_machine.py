"""The ledger against a naive model, through unfolding lives, glitching answers and restarts.

    python -m tests.ledger.model_machine --sequences 100000 --seed 1

runs so many sequences; the same numbers are the same run, as long as the code is the same. Every sequence has at least
five endings, and every kind of glitch occurs at least a hundred times, or the run fails.
"""

import hashlib
import time
from collections import Counter
from dataclasses import replace
from random import Random

import click
from hypothesis import HealthCheck, Phase, event, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from collector.ledger import Ledger, Rules, Step, advance, cursor, learn, release, release_at, resume, streak
from collector.ledger.book import pack, unpack
from collector.model import Definition, Flaw, History
from tests.ledger.model import Model
from tests.ledger.model_answers import glitched
from tests.ledger.model_said import expected, heights, said, standing
from tests.ledger.model_world import (
    ANONYMOUS,
    ENDLESS,
    FILLS,
    FULL,
    NAMED,
    NAMED_LATER,
    NAMELESS,
    Life,
    Shown,
    shown,
)

ENDINGS_IN_EACH = 5
OF_EACH_KIND = 100
MOST_LIVES = 12
T0, SECOND, HOUR = 1_700_000_000_000, 1_000, 3_600_000
BOUNDS = ((1.0, 10.0, 60.0), (5.0, 10.0, 600.0), (1.0, 2.0, 10.0, 100.0), (60.0,))
LABELS = ("a", "b", "c")
NODES = ({}, {"n": "first"}, {"n": "first", "m": ""}, {"p": "never ran"})
LOOKS = (
    "plain",
    "empty",
    "shortened",
    "shuffled",
    "duplicated",
    "an older state beside",
    "lagging",
    "one lagging",
    "rotated",
    "truncated times",
    "garbage",
    "only the new front",
    "crashed before the commit",
)
SERVICE = (
    "late",
    "filled in",
    "understood",
    "let go of",
    "id given later",
    "rotated and back",
    "unknown status word",
    "restart",
    "restart with another label",
    "restart with other buckets",
    "renamed",
    "definition learned",
    "gap",
    "ended again seen active, with an end",
    "ended again seen active, without an end",
    "ended again directly, with an end",
    "ended again directly, without an end",
)
KINDS = (*LOOKS, *SERVICE)


class Tried:
    """What all sequences of a run came to."""

    def __init__(self) -> None:
        self.sequences: set[bytes] = set()
        self.kinds: Counter[str] = Counter()
        self.endings = 0
        self.steps = 0


tried = Tried()
dice = st.integers(0, 2**32 - 1)


class Unfolding(RuleBasedStateMachine):
    """One workflow, its service and its collector."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = T0
        self.rules = Rules(execution_bounds=BOUNDS[0], node_bounds=BOUNDS[0], forget_after=HOUR)
        self.model = Model(self.rules, "a")
        self.ledger = resume(Ledger(), label="a", rules=self.rules, now=T0).ledger
        self.said, self.committed = said(self.ledger), pack(self.ledger)
        self.lives: list[Life] = []
        self.previous: set[object] = set()
        self.rotated: set[str] = set()
        self.flaws = 0
        self.below: dict[tuple[object, ...], float] = {}
        self.kinds: Counter[str] = Counter()
        self.steps: list[object] = []
        self.sound = True

    # The service

    @initialize(dice=dice)
    def begins(self, dice: int) -> None:
        self._configure(replace(self.rules, history=("ignore", "count", "ignore")[dice % 3]))
        for _ in range(3):
            self._unfold(dice)

    @rule(dice=dice)
    def goes_on(self, dice: int) -> None:
        self._unfold(dice)

    def _unfold(self, dice: int) -> Random:
        """Some things happen; the dice fall another way in every step."""
        self.steps.append(dice)
        chance = Random(dice * 1_000 + len(self.steps))
        if len(self.lives) < MOST_LIVES and chance.random() < 0.5:
            self._begin(chance.choice((FULL, FULL, ENDLESS, ENDLESS, FILLS)), chance.randrange(256))
        for _ in range(chance.randrange(9) if self.lives else 0):
            self._move(chance.choice(self.lives[-4:] if chance.random() < 0.8 else self.lives), chance.randrange(256))
        return chance

    def _begin(self, times: str, how: int) -> None:
        self.clock += SECOND * (1 + how % 3) + how
        ids = (NAMED, NAMED_LATER, NAMELESS, ANONYMOUS)[how % 4]
        if times == ENDLESS and ids == ANONYMOUS:
            ids = NAMED
        updates = times == FILLS or how % 3 > 0
        name = ("e" if how % 2 else "ex") + f"{len(self.lives):02}"
        life = Life(name, self.clock, times, ids, updates=updates, late=how % 5 == 4)
        self.lives.append(life)
        self._move(life, how)

    def _move(self, life: Life, choice: int) -> None:
        self.clock += SECOND * (1 + choice % 40) + choice
        life.goes_on(self.clock, choice)

    # What the collector sees

    @rule(first=st.sampled_from(LOOKS), second=st.sampled_from(LOOKS), dice=dice)
    def looks(self, first: str, second: str, dice: int) -> None:
        for look in (first, second):
            self.steps.append(look)
            chance = self._unfold(dice)
            self._look(look, chance.randrange(256), chance.randrange(256))

    @rule(look=st.sampled_from(["plain", "rotated", "shortened"]), times=st.integers(1, 6), aged=st.booleans())
    @precondition(lambda self: len(self.lives) > 2)
    def keeps_looking(self, look: str, times: int, aged: bool) -> None:  # noqa: FBT001  a rule's own data
        self.steps.append((look, times, aged))
        for turn in range(times):
            self.clock += HOUR // 3 if aged else 0
            self._look(look, 1, turn if look == "shortened" else 0)

    @rule(dice=dice)
    def fails_and_goes_on(self, dice: int) -> None:
        chance = self._unfold(dice)
        life = next((life for life in reversed(self.lives) if life.over and life.endings[-1] == "fail"), None)
        for _ in range(6 if life else 0):
            look = chance.choice(("plain", "lagging", "plain", "an older state beside"))
            place = self._present().index(life) if life in self._present() else 0
            if chance.random() < 0.7:
                self._look(look, place, 1 + chance.randrange(3))
            self._move(life, chance.randrange(256))
        self._look("plain", 0, 0)

    @rule(dice=dice)
    @precondition(lambda self: len(self.lives) < MOST_LIVES)
    def one_more_begins(self, dice: int) -> None:
        self.steps.append(dice)
        self._look("plain", 0, 0)
        self._begin(FULL, dice % 200)
        self._look("only the new front", 0, 0)

    @rule(dice=dice)
    def restarts_with_new_words(self, dice: int) -> None:
        self._unfold(dice)
        self._look("plain", 0, 0)
        for life in self.lives:
            life.understood = True
        self._restart(self.model.label, self.rules)
        self._look("plain", 0, 0)

    def _present(self) -> list[Life]:
        return [life for life in self.lives if life.states and (life.over or not life.late)]

    def _look(self, look: str, how: int, pick: int) -> None:
        self.clock += SECOND - self.clock % SECOND
        lives = self._present()
        plain = [shown(life, -1, truncated=look == "truncated times") for life in lives]
        answer, flaws = glitched(look, plain, how, pick), ()
        if look == "rotated":
            self.rotated |= {one.record.id for one in plain} - {one.record.id for one in answer}
        elif look == "garbage":
            self.flaws += 1
            flaws = tuple(
                Flaw(("shape", "id")[mark % 2], mark) for mark in range(max(1, self.flaws - 1), self.flaws + 1)
            )
        changed = look in ("plain", "garbage", "crashed before the commit") or answer != plain
        self._read(answer, flaws, look, kind=look if changed or look == "truncated times" else "plain")

    def _read(self, answer: list[Shown], flaws: tuple[Flaw, ...], look: str, kind: str) -> None:
        records = tuple(one.record for one in answer)
        fresh, tail = records, False
        if look == "only the new front" and self.previous and self.previous <= set(records):
            fresh, tail, kind = tuple(r for r in records if r not in self.previous), True, look
        history = History(records=fresh, digest=repr(records).encode(), tail=tail, flaws=flaws)
        if look == "crashed before the commit":
            before = pack(self.ledger)
            advance(self.ledger, history, self.rules, self.clock)
            assert pack(self.ledger) == before, "a step that was thrown away left a trace"
            self._restart(self.model.label, self.rules)
        step = advance(self.ledger, history, self.rules, self.clock)
        marks = self._marks()
        again_known = all(one.record.id in self.model.executions for one in answer)
        gap = self.model.reads(answer, None if tail else flaws, self.clock)
        assert step.gap == gap, f"gap: {step.gap}, and by rule 13 {gap}"
        assert len(step.ended) == self._marks() - marks, "what ended is what was counted"
        self._took(step)
        self._note(answer, kind, gap=gap, again_known=again_known)
        self.sound = False
        self._again(history)
        self.sound = True
        self.previous = set() if flaws else set(records)

    def _marks(self) -> int:
        return sum(len(series.marks) for key, series in self.model.series.items() if key[0] == "runs")

    def _again(self, history: History) -> None:
        """The same answer once more is an empty step."""
        step = advance(self.ledger, history, self.rules, self.clock + SECOND)
        assert not step.ended
        assert not step.gap
        assert said(step.ledger) == self.said, "the same answer again moved a series"
        present = {record.id for record in history.records}
        if not history.tail and present >= set(self.model.executions) and not self.model.flaws:
            assert not step.changed, "the same answer again is to be committed"

    def _note(self, answer: list[Shown], kind: str, *, gap: bool, again_known: bool) -> None:
        back = self.rotated & {one.record.id for one in answer}
        self.rotated -= back
        self.kinds[kind] += 1
        self.kinds["gap"] += gap
        self.kinds["rotated and back"] += bool(back) and again_known
        self.kinds["unknown status word"] += any(one.record.status == "unknown" for one in answer)
        self.kinds["id given later"] += any(
            one.life.ids == NAMED_LATER and node.final for one in answer for node in one.nodes
        )

    # The collector's own life

    @rule(early=st.booleans())
    @precondition(lambda self: release_at(self.ledger) is not None)
    def releases(self, early: bool) -> None:  # noqa: FBT001  a rule's own data
        self.steps.append(early)
        held = [s.until for s in self.model.series.values() if s.until is not None]
        assert release_at(self.ledger) == min(held)
        step = release(self.ledger, min(held) - 1)
        assert not step.changed, "released too early"
        if not early:
            self.clock = max(self.clock, min(held))
            self.model.releases(min(held))
            self._took(release(self.ledger, min(held)))

    @rule(label=st.sampled_from(LABELS), bounds=st.integers(0, 7))
    def restarts(self, label: str, bounds: int) -> None:
        self.steps.append((label, bounds))
        rules = self.rules
        if bounds < len(BOUNDS):
            chosen = {"execution_bounds": BOUNDS[bounds], "node_bounds": BOUNDS[-1 - bounds]}
            rules = replace(rules, **chosen)
        self._restart(label, rules)

    @rule(label=st.sampled_from(LABELS), nodes=st.sampled_from(NODES))
    def learns(self, label: str, nodes: dict[str, str]) -> None:
        self.steps.append((label, tuple(nodes)))
        self.kinds["definition learned"] += bool(nodes)
        self.kinds["renamed"] += label != self.model.label and self.model.since is not None
        definition = Definition(workflow_id="w", name=label, type="cron", nodes=nodes)
        self.model.renames(label, self.clock)
        self.model.defines(tuple(nodes), self.clock)
        self._took(learn(self.ledger, definition, label=label, rules=self.rules, now=self.clock))

    def _configure(self, rules: Rules) -> None:
        self.rules = rules
        self.model.configures(rules)
        self._took(resume(unpack(self.committed), label=self.model.label, rules=rules, now=self.clock))

    def _restart(self, label: str, rules: Rules) -> None:
        """All that was not committed is forgotten."""
        self.kinds["restart"] += 1
        self.kinds["restart with another label"] += label != self.model.label and self.model.since is not None
        if rules.execution_bounds != self.rules.execution_bounds:
            kept = {(key, m.value) for key, s in self.model.series.items() if key[0] == "durations" for m in s.marks}
            self.kinds["restart with other buckets"] += bool(kept)
        self.model.renames(label, self.clock)
        self.rules = rules
        self.model.configures(rules)
        self._took(resume(unpack(self.committed), label=label, rules=rules, now=self.clock))

    # What must hold after every step

    def _took(self, step: Step) -> None:
        self.sound = False
        if not step.changed:
            assert said(step.ledger) == self.said, "a series moved in a step that is not to be committed"
        self.ledger = step.ledger
        if step.changed:
            self.committed = pack(step.ledger)
        tried.steps += 1
        self._agrees()

    def _agrees(self) -> None:
        ledger, model = self.ledger, self.model
        self.said = said(ledger)
        assert self.said == expected(model)
        above = heights(self.said, ledger)
        fallen = {key for key in self.below.keys() & above.keys() if above[key] < self.below[key] - 0.001}
        assert not fallen, f"fell: {fallen}"
        assert all(above[key] <= above[0, *key[1:]] + 0.001 for key in above if key[0] == 1), (
            "more published than there is"
        )
        self.below = above
        assert {name: standing(open_) for name, open_ in ledger.open.items() if open_.shown} == model.open()
        streaks = {None: ledger.executions.streak} | {name: node.tally.streak for name, node in ledger.nodes.items()}
        lengths = {name: streak.length(streaks[name]) for name in model.streaks()}
        assert lengths == model.streaks(), "consecutive failures"
        assert {k: n for k, n in ledger.rejected.items() if n} == {k: n for k, n in model.rejected.items() if n}
        assert ledger.forgotten == model.forgotten
        assert len(cursor.unpack(ledger.cursor).seen) == len(model.executions), "let go of too early or too late"
        assert len(self.committed) < model.room(), f"the row has {len(self.committed)} bytes"
        self.sound = True

    def teardown(self) -> None:
        """Let what is still to happen happen, so that every sequence has its endings; then add it to the run."""
        if not self.sound:
            return
        for turn in range(60):
            if sum(len(life.endings) for life in self.lives) > ENDINGS_IN_EACH + 1:  # not all may be shown
                break
            if turn % 12 == 0:
                self._begin(FULL, turn)
            self._move(self.lives[-1], 5 + 3 * turn)
        self._look("plain", 0, 0)
        digest = hashlib.blake2b(repr(self.steps).encode(), digest_size=12).digest()
        known = sum(len(execution.endings) for execution in self.model.executions.values())
        if known >= ENDINGS_IN_EACH and digest not in tried.sequences:
            tried.sequences.add(digest)
            tried.endings += known
        self.kinds.update(self.model.events)
        tried.kinds.update(self.kinds)
        for kind in self.kinds:
            event(kind)


@click.command()
@click.option("--sequences", default=2_000, show_default=True, help="at least so many different ones")
@click.option("--seed", "number", default=1, show_default=True)
@click.option("--raw", is_flag=True, help="show what failed without looking for a shorter sequence")
def main(sequences: int, number: int, raw: bool) -> None:  # noqa: FBT001  a flag of the command
    """Run the machine, and print what was tried."""
    began = time.monotonic()
    run_state_machine_as_test(
        seed(number)(Unfolding),
        settings=settings(
            max_examples=sequences * 21 // 20,
            stateful_step_count=14,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink)[: 1 if raw else 2],
            report_multiple_bugs=False,
        ),
    )
    missing = {kind: tried.kinds[kind] for kind in KINDS if tried.kinds[kind] < OF_EACH_KIND}
    click.echo(
        f"{len(tried.sequences)} sequences, {tried.steps} steps, {tried.endings} endings, "
        f"rarest kind {min(tried.kinds[kind] for kind in KINDS)} times, {time.monotonic() - began:.0f} s"
    )
    assert not missing, f"too rarely: {missing}"
    assert len(tried.sequences) >= sequences, "too few sequences had enough endings"


if __name__ == "__main__":
    main()
