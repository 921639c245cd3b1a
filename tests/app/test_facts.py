"""What the status page is told: from committed ledgers, what happened lately, and the schedule. All synthetic."""

import re
from types import SimpleNamespace

from collector.app.facts import Teller
from collector.app.slot import NEVER, Slot
from collector.clock import Clock
from collector.ledger import Ledger
from collector.ledger.book import pack, unpack
from collector.model import Committed, Key, Listed, Polled, Reloaded, Renewed, Workflow
from collector.poll import Watched
from collector.recent import Recent
from collector.store import Row
from collector.web import Facts, Summary
from tests.ledger.story import MINUTE, T0, Watch, at, node, run

NOW = T0 + 60 * MINUTE
MONOTONIC = 5_000.0


class Stopped(Clock):
    def now(self) -> int:
        return NOW

    def monotonic(self) -> float:
        return MONOTONIC


def slot(ledger: Ledger | None = None, *, workflow_id: str = "wf-1", look_at: float = MONOTONIC + 20) -> Slot:
    workflow = Workflow(
        key=Key("prod", workflow_id), project_id="p", name="nightly 备份", interval=60, expect_every=3600
    )
    return Slot(Watched(workflow, Row(ledger or Ledger(), 1)), poll=None, house=None, patience=60, look_at=look_at)


def polled(*, says: str | None = None, reason: str | None = None, at: int = NOW - 1000) -> Polled:
    outcome = "unchanged" if says is None else "failed"
    return Polled(
        key=Key("prod", "wf-1"), name="nightly", outcome=outcome, at=at, seconds=0.2, says=says, reason=reason
    )


def facts(*slots: Slot, heard: tuple[object, ...] = (), teller: Teller | None = None) -> Facts:
    recent = Recent()
    for fact in heard:
        recent(fact)
    project = SimpleNamespace(name="prod", region="cn-north-4", discover=re)
    return (teller or Teller(recent=recent, clock=Stopped())).facts([project], slots)


def summary(ledger: Ledger | None = None, **more: object) -> Summary:
    it = slot(ledger)
    for name, value in more.items():
        setattr(it, name, value)
    (told,) = facts(it).summaries()
    return told


def failed() -> Ledger:
    nodes = (node("success", 10, 20, node="dump"), node("fail", 20, 30, node="check", run="r1"))
    return Watch().begins(run("success", 1, 2, id="e0")).sees(run("fail", 5, 31, id="e1", nodes=nodes)).ledger


def test_a_workflow_that_nobody_has_looked_at_yet_is_new():
    told = summary()
    assert (told.health, told.up, told.looked_at, told.status) == ("new", None, None, None)


def test_one_that_the_state_knows_stands_as_it_did_before_the_first_look():
    assert summary(failed()).health == "failed"
    assert summary(Watch().begins(run("success", 1, 2)).ledger).health == "fine"


def test_after_a_look_it_is_known_when_that_was_and_when_the_next_is_due():
    told = summary(last=polled())
    assert (told.up, told.looked_at, told.next_at) == (True, NOW - 1000, NOW + 20_000)
    assert summary(look_at=NEVER).next_at is None


def test_a_failed_look_hides_everything_else_and_says_what_is_wrong():
    told = summary(failed(), last=polled(says="asked too often", reason="throttled"))
    assert (told.health, told.up, told.reason, told.says) == ("unseen", False, "throttled", "asked too often")
    assert summary(last=polled(says="disk full")).reason == "state"


def test_a_look_that_could_not_be_made_in_time_is_no_good_look():
    assert summary(last=polled(), overdue=True).health == "unseen"


def test_a_failure_is_told_with_its_time_until_a_success():
    told = summary(failed())
    assert (told.status, told.failures, told.failed_nodes, told.failed_at) == ("fail", 1, 1, at(31))
    mended = Watch(ledger=failed()).begins()
    fine = (node("success", 110, 120, node="check"),)
    mended.sees(run("success", 100, 130, id="e2", nodes=fine))
    told = summary(mended.ledger)
    assert (told.health, told.failures, told.failed_nodes, told.failed_at) == ("fine", 0, 0, None)


def test_a_node_that_failed_in_an_execution_that_goes_on_is_a_failure():
    nodes = (node("fail", 20, 30, node="check"),)
    told = summary(Watch().begins().sees(run("executing", 5, nodes=nodes)).ledger)
    assert (told.health, told.failures, told.failed_nodes, told.failed_at, told.active) == ("failed", 0, 1, at(30), 1)


def test_what_goes_on_without_a_failure_is_active():
    told = summary(Watch().begins().sees(run("executing", 5)).ledger)
    assert (told.health, told.active, told.begin, told.end) == ("active", 1, at(5), None)


def test_the_executions_are_told_whole_from_the_state_latest_first():
    it = slot(unpack(pack(failed())))
    told = facts(it)
    detail = told.detail(told.summaries()[0])
    assert [(each.execution_id, each.status, each.failed, each.active) for each in detail.executions] == [
        ("e1", "fail", True, False),
        ("e0", "success", False, False),
    ]
    assert [(each.node, each.status, each.begin, each.end, each.failed) for each in detail.executions[0].nodes] == [
        ("dump", "success", at(10), at(20), False),
        ("check", "fail", at(20), at(30), True),
    ]
    assert (detail.interval, detail.expect_every) == (60, 3600)
    assert {status: count for status, count in detail.ended.items() if count} == {"fail": 1}


def test_a_node_says_where_it_failed_so_that_the_execution_can_be_found():
    told = facts(slot(failed()))
    nodes = {each.node: each for each in told.detail(told.summaries()[0]).nodes}
    assert (nodes["check"].failures, nodes["check"].execution_id, nodes["check"].duration) == (1, "e1", 10)
    assert (nodes["dump"].failures, nodes["dump"].execution_id, nodes["dump"].status) == (0, None, "success")


def test_an_execution_that_goes_on_since_long_is_told_although_it_is_not_among_the_last():
    old = run("executing", 1, id="old", nodes=(node("executing", 2, node="wait"),))
    watch = Watch().begins(old)
    watch.sees(old, *[run("cancel", 10 + each, 11 + each, id=f"e{each}") for each in range(6)])
    told = facts(slot(watch.ledger))
    detail = told.detail(told.summaries()[0])
    (going,) = (each for each in detail.executions if each.active)
    assert (going.execution_id, [each.node for each in going.nodes]) == ("old", ["wait"])
    assert [(each.node, each.active) for each in detail.nodes] == [("wait", 1)]


def test_what_left_the_answers_does_not_go_on_here_either():
    watch = Watch().begins(run("executing", 1, id="gone"))
    for _ in range(3):
        watch.sees(run("success", 10, 11, id="e1"))
    told = facts(slot(watch.ledger))
    assert told.summaries()[0].active == 0
    assert not any(each.active for each in told.detail(told.summaries()[0]).executions)


def test_looks_are_told_and_the_last_good_one_is_when_the_facts_were_confirmed():
    heard = (polled(at=5), polled(at=6, says="no network", reason="network"), polled(at=7, says="disk full"))
    told = facts(slot(), heard=heard)
    detail = told.detail(told.summaries()[0])
    assert detail.succeeded_at == 5
    assert [(look.at, look.outcome, look.reason, look.says) for look in detail.looks] == [
        (7, "failed", "state", "disk full"),
        (6, "failed", "network", "no network"),
        (5, "unchanged", None, None),
    ]


def test_a_project_is_told_with_its_list_and_the_end_of_its_credential():
    heard = (Listed(project="prod", at=9, ok=True), Renewed(project="prod", expires_at=99))
    (project,) = facts(slot(), slot(workflow_id="wf-2"), heard=heard).projects
    assert (project.name, project.region, project.workflows, project.listed_at, project.expires_at) == (
        ("prod", "cn-north-4", 2, 9, 99)
    )
    assert project.discovers


def test_what_lasts_is_told_in_a_persons_words():
    heard = (
        Committed(outcome="failed", at=7, rows=1, seconds=0.1, says="disk full"),
        Reloaded(at=1, ok=False, says="line 3"),
        Listed(project="prod", at=9, ok=False, says="refused"),
    )
    told = facts(slot(), heard=heard)
    assert [(each.of, each.since, each.says) for each in told.troubles] == [
        ("the configuration", 1, "line 3"),
        ("the workflow list of prod", 9, "refused"),
        ("the state", 7, "disk full"),
    ]


def test_an_execution_leads_to_the_workflow_that_has_it():
    told = facts(slot(failed()), slot(workflow_id="wf-2"))
    assert [each.workflow_id for each in told.find("e1")] == ["wf-1"]
    assert told.find("e9") == []


def test_what_did_not_change_is_not_worked_out_again():
    one, other = slot(failed()), slot(workflow_id="wf-2")
    teller = Teller(recent=Recent(), clock=Stopped())
    before = facts(one, other, teller=teller).summaries()
    other.last = polled()
    after = facts(one, other, teller=teller).summaries()
    assert before[0] is after[0]
    assert (before[1].up, after[1].up) == (None, True)


def test_a_workflow_that_is_gone_is_told_of_no_more():
    it = slot(failed())
    it.gone = True
    assert facts(it).summaries() == []
