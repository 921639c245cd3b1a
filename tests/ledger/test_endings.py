from tests.ledger.story import COUNT_PAST, Watch, node, run


def test_a_failure_that_is_restarted_and_fails_again_counts_twice():
    watch = Watch().begins()
    watch.sees(run("fail", 10, 20))
    watch.sees(run("executing", 10))
    watch.sees(run("fail", 10, 50))
    assert watch.total("fail") == 2
    assert watch.ledger.reopened.total == 1


def test_a_restart_whose_active_phase_nobody_saw_counts_twice():
    watch = Watch().begins()
    watch.sees(run("fail", 10, 20))
    watch.sees(run("fail", 10, 50))
    assert watch.total("fail") == 2
    assert watch.ledger.reopened.total == 1


def test_a_lagging_executing_between_two_sights_of_one_success_adds_nothing():
    watch = Watch().begins()
    for record in (run("success", 10, 20), run("executing", 10), run("success", 10, 20)) * 3:
        watch.sees(record)
    assert watch.total("success") == 1


def test_without_any_end_only_an_active_sighting_tells_a_second_failure_from_the_first():
    watch = Watch().begins()
    watch.sees(run("fail", 10))
    watch.sees(run("fail", 10))
    assert watch.total("fail") == 1
    watch.sees(run("executing", 10))
    watch.sees(run("fail", 10))
    assert watch.total("fail") == 2


def test_an_older_answer_after_the_restart_tells_of_no_second_failure():
    watch = Watch().begins()
    watch.sees(run("fail", 10, updated=20))
    watch.sees(run("executing", 10, updated=30))
    watch.sees(run("fail", 10, updated=20))
    assert watch.total("fail") == 1
    watch.sees(run("executing", 10, updated=30))
    watch.sees(run("fail", 10, updated=40))
    assert watch.total("fail") == 2


def test_an_end_that_becomes_known_later_is_filled_in_and_not_counted_again():
    watch = Watch().begins()
    watch.sees(run("fail", 10))
    watch.sees(run("fail", 10, 20))
    watch.sees(run("fail", 10))
    assert watch.total("fail") == 1
    assert watch.durations("fail") == [0, 1, 0, 0]
    watch.sees(run("fail", 10, 50))
    assert watch.total("fail") == 2


def test_a_begin_that_becomes_known_later_is_filled_in_and_not_counted_again():
    watch = Watch().begins()
    watch.sees(run("success", None, 20))
    assert watch.durations("success") == []
    watch.sees(run("success", 15, 20))
    assert watch.total("success") == 1
    assert watch.durations("success") == [0, 1, 0, 0]
    watch.sees(run("success", 15, 20))
    assert watch.durations("success") == [0, 1, 0, 0]


def test_the_same_record_twice_in_one_answer_counts_once_in_both_orders():
    first, second = run("executing", 10), run("success", 10, 20)
    results = []
    for records in ((first, second), (second, first), (second, second)):
        watch = Watch().begins()
        watch.sees(*records)
        assert watch.total("success") == 1
        assert not watch.ledger.open
        results.append(watch.ledger.executions)
    assert results[0].runs == results[1].runs


def test_two_endings_of_one_execution_in_one_answer_both_count():
    watch = Watch().begins()
    watch.sees(run("success", 10, 50, updated=50), run("fail", 10, 20, updated=20))
    assert (watch.total("fail"), watch.total("success")) == (1, 1)
    assert watch.ledger.executions.latest.status == "success"
    assert watch.ledger.reopened.total == 1


def test_times_that_agree_to_the_second_are_the_same_time():
    watch = Watch().begins()
    watch.sees(run("success", 10.0, 20.0))
    watch.sees(run("success", 10.4, 20.9))
    assert watch.total("success") == 1
    watch.sees(run("success", 10.4, 21.0))
    assert watch.total("success") == 2


def test_every_ending_is_kept_not_only_the_last():
    watch = Watch().begins()
    for end in (20, 30, 40):
        watch.sees(run("fail", 10, end))
    for end in (30, 20, 40, 20):
        watch.sees(run("fail", 10, end))
    assert watch.total("fail") == 3


def test_an_active_record_older_than_one_already_read_changes_nothing():
    watch = Watch().begins()
    watch.sees(run("success", 10, 20, updated=20, nodes=(node("success", 11, 19),)))
    before = watch.ledger
    step = watch.sees(run("executing", 10, updated=15, nodes=(node("executing", 11),)))
    assert not step.changed
    assert not step.ledger.open
    assert step.ledger.reopened == before.reopened
    assert step.ledger.executions == before.executions
    assert step.ledger.nodes == before.nodes


def test_a_skipped_node_lets_the_failed_execution_end_a_second_time():
    failed = (node("success", 10, 12, node="a"), node("fail", 12, 14, node="b"), node("not_performed", node="c"))
    skipped = (node("success", 10, 12, node="a"), node("fail", 12, 14, node="b"), node("success", 60, 70, node="c"))
    watch = Watch().begins()
    watch.sees(run("fail", 10, 15, nodes=failed))
    watch.sees(run("executing", 10, nodes=(*failed[:2], node("executing", 60, node="c"))))
    watch.sees(run("success", 10, 70, nodes=skipped))
    assert (watch.total("fail"), watch.total("success")) == (1, 1)
    assert watch.node_total("fail", "b") == 1
    assert (watch.node_total("not_performed", "c"), watch.node_total("success", "c")) == (1, 1)
    assert watch.durations("success") == [], "the pause before the second ending is nobody's run time"
    assert watch.durations("fail") == [0, 1, 0, 0]


def test_an_execution_without_nodes_counts():
    watch = Watch().begins()
    watch.sees(run("cancel", 10, 20))
    assert watch.total("cancel") == 1
    assert watch.ledger.nodes == {}


def test_an_unknown_word_is_active_without_an_end_and_final_with_one():
    watch = Watch().begins()
    watch.sees(run("unknown", 10))
    assert watch.ledger.open["e1"].status == "unknown"
    watch.sees(run("unknown", 10, 20))
    assert watch.total("unknown") == 1
    assert not watch.ledger.open
    assert watch.ledger.executions.streak.verdicts == ()


def test_an_ending_counted_as_unknown_is_not_counted_again_when_its_word_is_learned():
    watch = Watch().begins()
    watch.sees(run("unknown", 10, 20, nodes=(node("unknown", 10, 19),)))
    watch.sees(run("timeout", 10, 20, nodes=(node("timeout", 10, 19),)))
    assert (watch.total("unknown"), watch.total("timeout")) == (1, 0)
    assert (watch.node_total("unknown"), watch.node_total("timeout")) == (1, 0)


def test_a_negative_duration_is_none_but_the_ending_counts():
    watch = Watch().begins()
    watch.sees(run("success", 30, 20))
    assert watch.total("success") == 1
    assert watch.durations("success") == []
    assert watch.ledger.executions.last.duration is None


def test_durations_go_to_their_buckets():
    watch = Watch(COUNT_PAST).begins(run("success", -100, -99, id="a"), run("success", -100, -50.5, id="b"))
    assert watch.durations("success") == [1, 0, 1, 0]
    assert watch.ledger.executions.durations["success"].sum == 50.5
