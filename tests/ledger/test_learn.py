"""What the workflow list teaches: names, types, and nodes before they ever ran."""

from collector.ledger import Ledger, Rules, Step, learn, release, release_at, resume
from collector.ledger.book import OTHER_NODE
from collector.model import Definition, Status
from tests.ledger.story import DAY, MINUTE, RULES, T0, Watch, node, run


def teach(watch: Watch, name: str = "", kind: str = "", rules: Rules = RULES, **nodes: str) -> Step:
    definition = Definition(workflow_id="wf", name=name, type=kind, nodes=nodes)
    label = name or watch.ledger.name or "wf"
    step = learn(watch.ledger, definition, label=label, rules=rules, now=T0 + round(watch.now * 1000))
    watch.ledger = step.ledger
    return step


def shown(watch: Watch, name: str) -> dict[str, int]:
    return {str(status): count.published for status, count in watch.ledger.nodes[name].tally.runs.items()}


def test_a_node_that_never_ran_has_its_counters_at_zero_and_its_first_failure_is_seen():
    watch = Watch()
    watch.sees()
    teach(watch, deploy="Deploy")
    assert shown(watch, "deploy") == dict.fromkeys(
        ("success", "fail", "cancel", "approvalFailed", "timeout", "not_performed"), 0
    )
    watch.ledger = release(watch.ledger, T0 + 10 * MINUTE).ledger
    watch.sees(run("fail", 700, 710, nodes=(node("fail", 700, 710, node="deploy"),)), now=720)
    assert shown(watch, "deploy")["fail"] == 1


def test_what_was_learned_before_the_first_answer_is_known_from_the_first_poll_on():
    watch = Watch()
    step = teach(watch, "Nightly", "cron", deploy="Deploy")
    assert step.changed
    assert not watch.ledger.nodes
    watch.sees()
    assert watch.ledger.nodes["deploy"].name == "Deploy"
    assert set(shown(watch, "deploy").values()) == {0}
    assert (watch.ledger.name, watch.ledger.type) == ("Nightly", "cron")


def test_the_same_lesson_again_changes_nothing():
    watch = Watch()
    watch.sees()
    assert teach(watch, "Nightly", "cron", deploy="Deploy").changed
    watch.now += 3600
    assert not teach(watch, "Nightly", "cron", deploy="Deploy").changed


def test_what_a_list_leaves_out_it_says_nothing_about():
    watch = Watch()
    watch.sees()
    teach(watch, "Nightly", "cron", deploy="Deploy")
    assert not teach(watch).changed


def test_a_rename_moves_every_series_with_its_total_and_holds_what_comes_next():
    watch = Watch()
    watch.sees()
    watch.ledger = release(watch.ledger, T0 + 10 * MINUTE).ledger
    watch.sees(run("fail", 700, 710), now=720)
    assert watch.ledger.executions.runs[Status.FAIL].published == 1
    teach(watch, "Nightly")
    assert watch.ledger.label == "Nightly"
    assert watch.ledger.executions.runs[Status.FAIL].published == 1
    watch.sees(run("fail", 700, 710), run("fail", 730, 740, id="e2"), now=750)
    count = watch.ledger.executions.runs[Status.FAIL]
    assert (count.published, count.total) == (1, 2)


def test_a_name_of_the_file_s_own_keeps_the_series_where_they_are():
    watch = Watch(label="mine")
    watch.sees()
    watch.ledger = release(watch.ledger, T0 + 10 * MINUTE).ledger
    definition = Definition(workflow_id="wf", name="Nightly", type="", nodes={})
    book = learn(watch.ledger, definition, label="mine", rules=RULES, now=T0).ledger
    assert (book.label, book.name) == ("mine", "Nightly")
    assert book.executions.runs[Status.FAIL].shown is None


def test_a_node_loses_its_name_when_the_list_no_longer_tells_it():
    watch = Watch()
    watch.sees()
    teach(watch, a="A", b="B")
    teach(watch, b="Bee")
    assert (watch.ledger.nodes["a"].name, watch.ledger.nodes["b"].name) == (None, "Bee")


def test_a_node_is_gone_only_when_the_definition_lacks_it_too_and_comes_back_with_it():
    watch = Watch()
    a, b = node("success", 1, 2, node="a"), node("success", 1, 2, node="b")
    watch.sees(run("success", 1, 2, nodes=(a, b)))
    teach(watch, a="A", b="B")
    for i in range(1, 4):
        begin = i * 100
        watch.sees(run("success", begin, begin + 2, id=f"e{i}x", nodes=(node("success", begin, begin + 2, node="b"),)))
    assert not watch.ledger.nodes["a"].gone
    teach(watch, b="B")
    assert watch.ledger.nodes["a"].gone
    assert watch.ledger.review_at == 0, "nobody would look when its counters are to leave"
    teach(watch, a="A", b="B")
    assert not watch.ledger.nodes["a"].gone


def test_the_counters_of_a_node_that_never_ran_stay_30_days():
    watch = Watch()
    watch.sees()
    teach(watch, a="A", b="B")
    for i in range(1, 4):
        watch.sees(run("success", i * 100, i * 100 + 2, id=f"e{i}", nodes=(node("success", i * 100, node="b"),)))
    teach(watch, b="B")
    watch.sees(tail=True, now=500)
    assert "a" in watch.ledger.nodes
    watch.sees(tail=True, now=31 * DAY / 1000)
    assert "a" not in watch.ledger.nodes


def test_past_the_cap_the_nodes_of_a_definition_share_one():
    watch = Watch()
    rules = Rules(execution_bounds=(1.0, 10.0, 60.0), node_bounds=(1.0, 10.0), max_nodes=2)
    watch.rules = rules
    watch.sees()
    teach(watch, rules=rules, a="A", b="B", c="C", d="D")
    assert list(watch.ledger.nodes) == ["a", "b", OTHER_NODE]
    assert watch.ledger.nodes[OTHER_NODE].name is None


def test_learning_never_lowers_a_published_number():
    watch = Watch(ledger=Ledger())
    watch.sees(run("success", 1, 2, nodes=(node("success", 1, 2),)), now=60)
    watch.ledger = release(watch.ledger, T0 + 10 * MINUTE).ledger
    watch.sees(run("success", 1, 2, nodes=(node("success", 1, 2),)), run("fail", 700, 710, id="e2"), now=720)
    before = {status: count.published for status, count in watch.ledger.executions.runs.items()}
    for name in ("One", "Two", ""):
        teach(watch, name, n="N")
        assert {s: c.published for s, c in watch.ledger.executions.runs.items()} == before


def test_what_was_learned_before_the_first_answer_holds_nothing_again():
    watch = Watch()
    teach(watch, "Nightly", a="A")
    watch.sees()
    watch.ledger = release(watch.ledger, T0 + 10 * MINUTE).ledger
    assert release_at(watch.ledger) is None
    assert not resume(watch.ledger, label="Nightly", rules=RULES, now=T0 + 20 * MINUTE).changed
    watch.now = 1200
    teach(watch, "Nightly", a="A, renamed")
    assert release_at(watch.ledger) is None
