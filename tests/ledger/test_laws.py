"""The laws of `advance`, over histories that unfold, glitch and come back."""

from hypothesis import given, settings
from hypothesis import strategies as st

from collector.ledger import advance
from collector.ledger.book import Ledger, Streak, Verdict, pack, unpack
from collector.ledger.streak import KEPT, extend, length
from collector.model import ExecutionRecord, History, Status, Targets
from tests.ledger.story import COUNT_PAST, T0, Watch, history, node, run

moments = st.one_of(st.none(), st.integers(-50, 200))
statuses = st.sampled_from([status.value for status in Status])
nodes = st.builds(
    node,
    statuses,
    moments,
    moments,
    node=st.sampled_from(["n", "m"]),
    run=st.sampled_from([None, "r1", "r2"]),
    targets=st.sampled_from([None, Targets(success=1, fail=2)]),
)
records = st.builds(
    run,
    statuses.filter(lambda word: word != "not_performed"),
    moments,
    moments,
    id=st.sampled_from(["a", "b", "c", "d"]),
    updated=moments,
    nodes=st.lists(nodes, max_size=3).map(tuple),
)
answers = st.lists(records, max_size=6)


def totals(ledger: Ledger) -> dict[object, int]:
    """Every number of the ledger that may never fall, published ones included."""
    found: dict[object, int] = {"reopened": ledger.reopened.total, "gaps": ledger.gaps.total}
    for name, tally in [(None, ledger.executions), *((name, book.tally) for name, book in ledger.nodes.items())]:
        for status, count in tally.runs.items():
            found[name, status] = count.total
            found[name, status, "shown"] = count.published
        for status, histogram in tally.durations.items():
            for bucket in range(len(histogram.counts)):
                found[name, status, bucket] = sum(histogram.counts[: bucket + 1])
                found[name, status, bucket, "shown"] = sum(histogram.published[0][: bucket + 1])
    return found


@given(st.lists(answers, min_size=1, max_size=4))
def test_the_same_history_again_is_an_empty_step(unfolding):
    watch = Watch(COUNT_PAST)
    for answer in unfolding:
        watch.sees(*answer)
        before = pack(watch.ledger)
        step = watch.sees(*answer)
        if not any(open_.missing for open_ in watch.ledger.open.values()) and watch.ledger.review_at is None:
            assert not step.changed
            assert pack(watch.ledger) == before
        assert not step.ended
        assert totals(unpack(before)) == totals(watch.ledger)


@given(st.lists(answers, max_size=3), answers, st.data())
def test_any_permutation_and_duplication_of_a_history_gives_the_same_step(past, answer, data):
    shuffled = data.draw(
        st.permutations([*answer, *data.draw(st.lists(st.sampled_from(answer), max_size=3) if answer else st.just([]))])
    )
    watch = Watch(COUNT_PAST)
    for earlier in past:
        watch.sees(*earlier)
    one = advance(watch.ledger, History(records=tuple(answer), digest=b""), COUNT_PAST, T0 + 500_000)
    other = advance(watch.ledger, History(records=tuple(shuffled), digest=b""), COUNT_PAST, T0 + 500_000)
    assert totals(one.ledger) == totals(other.ledger)
    assert set(one.ended) == set(other.ended)
    assert (one.gap, one.ledger.open) == (other.gap, other.ledger.open)
    assert one.ledger.executions.latest == other.ledger.executions.latest


@given(st.lists(answers, min_size=1, max_size=6))
def test_whatever_the_answers_no_counter_falls(unfolding):
    watch = Watch(COUNT_PAST)
    before: dict[object, int] = {}
    for answer in unfolding:
        watch.sees(*answer)
        now = totals(watch.ledger)
        assert all(now[key] >= before[key] for key in before)
        before = now
        released = watch.releases(watch.now)
        now = totals(released.ledger)
        assert all(now[key] >= before[key] for key in before)
        before = now
        watch.ledger = unpack(pack(watch.ledger))


@st.composite
def lives(draw: st.DrawFn, name: str) -> list[ExecutionRecord]:
    """One execution's unfolding: every state it stands in, in order, with nodes that end on the way."""
    begin = draw(st.integers(1, 50))
    clock = begin
    endings = draw(st.lists(st.sampled_from(["fail", "success", "cancel", "timeout"]), min_size=1, max_size=3))
    named, updated = draw(st.booleans()), draw(st.booleans())
    done: tuple = ()
    states = []
    for attempt, word in enumerate(endings):
        run_id = f"{name}-{attempt}" if named else None
        started = clock
        states.append(
            run(
                "executing",
                begin,
                id=name,
                updated=clock if updated else None,
                nodes=(*done, node("executing", started, run=run_id)),
            )
        )
        clock += draw(st.integers(1, 30))
        done = (*done, node(word, started, clock, run=run_id))
        states.append(run("executing", begin, id=name, updated=clock if updated else None, nodes=done))
        clock += draw(st.integers(1, 5))
        states.append(run(word, begin, clock, id=name, updated=clock if updated else None, nodes=done))
        clock += 1
    return states


@settings(max_examples=300)
@given(st.data())
def test_each_ending_counts_once_under_any_polls_that_see_each_phase(data):
    """Lagging, flip-flopping, shortened and shuffled answers add nothing."""
    unfoldings = [data.draw(lives(name)) for name in ("a", "b", "c")[: data.draw(st.integers(1, 3))]]
    watch = Watch().begins()
    place = [-1] * len(unfoldings)
    while any(at < len(states) - 1 for at, states in zip(place, unfoldings, strict=True)):
        movable = [i for i, states in enumerate(unfoldings) if place[i] < len(states) - 1]
        place[data.draw(st.sampled_from(movable))] += 1
        present = [states[at] for at, states in zip(place, unfoldings, strict=True) if at >= 0]
        watch.sees(*present)
        glitch = data.draw(st.sampled_from(["none", "lag", "empty", "shortened", "twice"]))
        if glitch == "lag":
            watch.sees(
                *(
                    states[max(0, at - data.draw(st.integers(0, 2)))]
                    for at, states in zip(place, unfoldings, strict=True)
                    if at >= 0
                )
            )
            watch.sees(*present)
        elif glitch == "empty":
            watch.sees()
        elif glitch == "shortened":
            watch.sees(*present[1:])
        elif glitch == "twice":
            watch.sees(*present, *present[::-1])
    truth: dict[str, int] = {}
    for states in unfoldings:
        for state in states:
            if state.end is not None:
                truth[state.status] = truth.get(state.status, 0) + 1
    counted = {status: count.total for status, count in watch.ledger.executions.runs.items() if count.total}
    assert counted == truth
    assert {s: c.total for s, c in watch.node().tally.runs.items() if c.total} == truth
    observed = sum(sum(h.counts) for h in watch.ledger.executions.durations.values())
    assert observed == len(unfoldings), "first endings only"
    assert sum(sum(h.counts) for h in watch.node().tally.durations.values()) == sum(truth.values())


@given(st.lists(answers, min_size=1, max_size=3), answers, answers)
def test_a_new_front_and_the_tail_as_before_equal_the_whole(past, tail, front):
    watch = Watch(COUNT_PAST)
    for earlier in (*past, tail):
        watch.sees(*earlier)
    known = {record.id for record in tail}
    front = [record for record in front if record.id not in known]
    whole = advance(watch.ledger, history(*front, *tail), COUNT_PAST, T0 + 500_000)
    spliced = advance(watch.ledger, History(records=tuple(front), digest=b"", tail=True), COUNT_PAST, T0 + 500_000)
    if tail:
        assert totals(whole.ledger) == totals(spliced.ledger)
        assert whole.ended == spliced.ended
        assert whole.ledger.open == spliced.ledger.open


@given(answers, answers)
def test_a_gap_is_said_exactly_when_two_good_answers_that_are_not_empty_share_nothing(one, other):
    watch = Watch(COUNT_PAST).begins(*one)
    step = watch.sees(*other)
    assert step.gap == bool(one and other and {r.id for r in one}.isdisjoint({r.id for r in other}))


@given(st.lists(answers, min_size=1, max_size=5))
def test_a_ledger_goes_through_the_store_unchanged(unfolding):
    watch = Watch(COUNT_PAST)
    for answer in unfolding:
        watch.sees(*answer)
    assert unpack(pack(watch.ledger)) == watch.ledger


def test_a_ledger_stays_as_small_as_the_history_it_saw():
    watch = Watch()
    for generation in range(30):
        watch.sees(
            *(
                run(
                    "success",
                    generation * 1000 + i,
                    generation * 1000 + i + 1,
                    id=f"{generation}-{i}",
                    nodes=(node("success", generation * 1000 + i, run="r"),),
                )
                for i in range(20)
            ),
            now=generation * 40.0 * 86_400,
        )
    assert len(pack(watch.ledger)) < 20_000


verdicts = st.lists(
    st.builds(Verdict, st.integers(0, 50), st.sampled_from("abcdefgh"), st.booleans()),
    max_size=KEPT,
    unique_by=lambda verdict: (verdict.at, verdict.run),
)


@given(verdicts, st.data())
def test_a_streak_depends_on_the_set_of_verdicts_alone_where_times_tell_them_apart(all_verdicts, data):
    def grown(order: list[Verdict]) -> int:
        streak = Streak()
        for verdict in order:
            streak = extend(streak, verdict)
        return length(streak)

    assert grown(all_verdicts) == grown(data.draw(st.permutations(all_verdicts)))
