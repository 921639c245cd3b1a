"""What the alerts about workflows are held against. All of it is synthetic."""

from collections.abc import Mapping

from tests.rules.burn_stories import burns
from tests.rules.story import FILTERED, NODE, WORKFLOW, Labels, Series, Story, nothing, over

LINK = {"status_url": FILTERED}
NAMED = "workflow 夜间数据库备份 (wf-backup-nightly)"
AGE = "aom_workflow_oldest_active_begin_timestamp_seconds"
NODE_AGE = "aom_workflow_node_oldest_active_begin_timestamp_seconds"
ACTIVE = "aom_workflow_executions_active"
END = "aom_workflow_last_end_timestamp_seconds"
DURATION = "aom_workflow_execution_duration_seconds_bucket"
LAST_DURATION = "aom_workflow_last_ended_duration_seconds"
EXPECTED = "aom_workflow_expected_interval_seconds"


def of(name: str, values: str, of_: Labels = WORKFLOW, **labels: str) -> Series:
    """One series of the workflow, or of its node."""
    return Series(name, {**of_, **labels}, values)


def failures(total: str, end: str, of_: Labels, who: str) -> tuple[Story, ...]:
    """What raises and does not raise an alert about single failures."""
    failed = {**of_, "status": "fail"}

    def story(says: str, counts: str, ends: str, fires: Mapping[str, tuple[Labels, ...]], **more: object) -> Story:
        series = (Series(total, failed, counts), Series(end, failed, ends))
        return Story(says=says, series=series, fires=fires, **more)

    yes, no = (failed,), ()
    return (
        story(
            "the first failure is seen, and falls silent after half an hour",
            f"{over(10, '0')} {over(60, '1')}",
            f"_x15 {over(60, '590')}",
            {"9m": no, "11m": yes, "39m": yes, "45m": no},
            description=f"Project demo: {who} ended as fail in the last 30 minutes.",
            more=LINK,
        ),
        story(
            "a failure during an outage of 20 minutes is seen after it, by who saw the restored total",
            f"{over(10, '4')} {nothing(20)} {over(2, '4')} {over(60, '5')}",
            f"{over(10, '100')} {nothing(20)} {over(2, '100')} {over(60, '1200')}",
            {"9m": no, "20m": no, "31m": no, "33m": yes, "55m": yes, "70m": no},
        ),
        story(
            "a failure during an outage of 20 minutes is seen after it, by who did not see the restored total",
            f"{over(10, '4')} {nothing(20)} {over(60, '5')}",
            f"{over(10, '100')} {nothing(20)} {over(60, '1200')}",
            {"20m": no, "31m": yes, "38m": yes, "45m": no},
        ),
        story(
            "a failure right before an outage stays until its half hour is over, and is not told again",
            f"{over(8, '4')} {over(2, '5')} {nothing(20)} {over(60, '5')}",
            f"{over(8, '100')} {over(2, '470')} {nothing(20)} {over(60, '470')}",
            {"7m": no, "9m": yes, "15m": yes, "29m": yes, "36m": yes, "40m": no, "60m": no},
        ),
        story(
            "an outage without a failure is quiet",
            f"{over(60, '4')} {nothing(20)} {over(60, '4')}",
            f"{over(60, '100')} {nothing(20)} {over(60, '100')}",
            {"59m": no, "70m": no, "81m": no, "100m": no},
        ),
        story(
            "a failure early in an outage of two hours is seen after it",
            f"{over(10, '4')} {nothing(120)} {over(2, '4')} {over(60, '5')}",
            f"{over(10, '100')} {nothing(120)} {over(2, '100')} {over(60, '1200')}",
            {"131m": no, "133m": yes, "170m": no},
        ),
        story(
            "a total that falls without a new end is quiet",
            f"{over(60, '100')} {over(60, '98')}",
            over(120, "100"),
            {"59m": no, "61m": no, "80m": no},
        ),
        story(
            "a failure after a total fell is seen",
            f"{over(60, '100')} {over(2, '98')} {over(60, '99')}",
            f"{over(62, '100')} {over(60, '3700')}",
            {"61m": no, "63m": yes, "100m": no},
        ),
        story(
            "what ended before it was first shown is quiet",
            f"_x90 {over(60, '7')}",
            f"_x90 {over(60, '100')}",
            {"61m": no, "80m": no},
        ),
        Story(
            says="a success, a cancellation and an unknown word are no failures",
            series=tuple(
                Series(name, {**of_, "status": status}, f"{over(10, before)} {over(60, after)}")
                for status in ("success", "cancel", "unknown")
                for name, before, after in ((total, "0", "1"), (end, "1", "590"))
            ),
            fires={"11m": no, "30m": no},
        ),
        *(
            Story(
                says=f"{status} is a failure",
                series=(
                    Series(total, {**of_, "status": status}, f"{over(10, '0')} {over(60, '1')}"),
                    Series(end, {**of_, "status": status}, f"_x15 {over(60, '590')}"),
                ),
                fires={"11m": ({**of_, "status": status},), "45m": no},
            )
            for status in ("approvalFailed", "timeout")
        ),
    )


def streaks(name: str, of_: Labels, says: str) -> tuple[Story, ...]:
    """Three in a row, and a success after them."""
    return (
        Story(
            says="three in a row raise it, one missed scrape does not resolve it, and a success does",
            series=(Series(name, of_, f"{over(10, '2')} {over(10, '3')} stale {over(10, '3')} {over(20, '0')}"),),
            fires={"9m": (), "11m": (of_,), "20m": (of_,), "30m": (of_,), "32m": ()},
            description=says,
            more=LINK,
        ),
    )


def buckets(low: str, high: str, minutes: float) -> tuple[Series, ...]:
    """Durations of successes: up to half an hour, up to an hour, and all."""
    counts = {"1800.0": low, "3600.0": high, "+Inf": high}
    return tuple(of(DURATION, over(minutes, count), status="success", le=le) for le, count in counts.items())


EXECUTING = {**WORKFLOW, "status": "executing"}
WAITING = {**WORKFLOW, "status": "waitApproval"}
IDLE = tuple(
    of(ACTIVE, over(120, "0"), status=status) for status in ("waitExecute", "waitApproval", "pausing", "canceling")
)
EXECUTES = {"status": "executing"}
FAIL, SUCCESS = {"status": "fail"}, {"status": "success"}

STORIES: dict[str, tuple[Story, ...]] = {
    "AOMWorkflowNodeRunFailed": failures(
        "aom_workflow_node_runs_total",
        "aom_workflow_node_last_end_timestamp_seconds",
        NODE,
        f"node dump-orders of {NAMED}",
    ),
    "AOMWorkflowExecutionFailed": failures("aom_workflow_executions_total", END, WORKFLOW, f"an execution of {NAMED}"),
    "AOMWorkflowFailingRepeatedly": streaks(
        "aom_workflow_consecutive_failures",
        WORKFLOW,
        f"Project demo: the last 3 executions of {NAMED} that succeeded or failed have failed.",
    ),
    "AOMWorkflowNodeFailingRepeatedly": streaks(
        "aom_workflow_node_consecutive_failures",
        NODE,
        f"Project demo: the last 3 runs of node dump-orders of {NAMED} that succeeded or failed have failed.",
    ),
    "AOMWorkflowExecutionStuck": (
        Story(
            says="more than an hour, and for five minutes, until it is over",
            series=(of(AGE, f"{over(100, '0')} stale", status="executing"),),
            fires={"59m": (), "62m": (), "66m": (EXECUTING,), "99m": (EXECUTING,), "106m": ()},
            description=f"Project demo: an execution of {NAMED} began 1h 6m 0s ago and is still executing.",
            more=LINK,
        ),
        Story(
            says="what usually takes long is stuck after three times as long",
            series=(of(AGE, over(200, "0"), status="executing"), *buckets("0", "100", 200)),
            fires={"66m": (), "170m": (), "185m": (EXECUTING,)},
        ),
        Story(
            says="who waits for a person is not stuck",
            series=(of(AGE, over(100, "0"), status="waitApproval"), of(AGE, over(100, "0"), status="pausing")),
            fires={"66m": (), "99m": ()},
        ),
    ),
    "AOMWorkflowNodeStuck": (
        Story(
            says="more than an hour, and for five minutes, until it is over",
            series=(
                of(NODE_AGE, f"{over(100, '0')} stale", NODE),
                of(ACTIVE, over(120, "1"), status="executing"),
                *IDLE,
            ),
            fires={"59m": (), "62m": (), "66m": (NODE,), "99m": (NODE,), "106m": ()},
            description=f"Project demo: a run of node dump-orders of {NAMED} began 1h 6m 0s ago and has not ended.",
            more=LINK,
        ),
        Story(
            says="a node whose execution waits for a person is not stuck",
            series=(of(NODE_AGE, over(100, "0"), NODE), of(ACTIVE, over(120, "1"), status="waitApproval")),
            fires={"66m": (), "99m": ()},
        ),
    ),
    "AOMWorkflowWaitingForApproval": (
        Story(
            says="more than an hour, until somebody decides",
            series=(of(AGE, f"{over(100, '0')} stale", status="waitApproval"),),
            fires={"59m": (), "61m": (WAITING,), "99m": (WAITING,), "106m": ()},
            description=(
                f"Project demo: an execution of {NAMED} began 1h 0m 40s ago and waits for a person (waitApproval)."
            ),
            more=LINK,
        ),
        Story(
            says="a pause waits for a person too, and what runs does not",
            series=(of(AGE, over(100, "0"), status="executing"), of(AGE, over(100, "0"), status="pausing")),
            fires={"59m": (), "61m": ({**WORKFLOW, "status": "pausing"},)},
        ),
    ),
    "AOMWorkflowOverdue": (
        Story(
            says="counted from the begin of what ended last, for five minutes, until something runs",
            series=(
                of(EXPECTED, over(60, "1200")),
                of(END, over(60, "600"), **SUCCESS),
                of(LAST_DURATION, over(60, "300")),
                of(ACTIVE, f"{over(40, '0')} {over(20, '1')}", status="executing"),
                *IDLE,
            ),
            fires={"24m": (), "27m": (), "31m": (WORKFLOW,), "39m": (WORKFLOW,), "41m": ()},
            description=f"Project demo: the last execution of {NAMED} began 25m 40s ago, longer than expect_every.",
            more=LINK,
        ),
        Story(
            says="counted from its end where its duration is not known",
            series=(of(EXPECTED, over(60, "1200")), of(END, over(60, "600"), **SUCCESS), *IDLE),
            fires={"29m": (), "33m": (), "36m": (WORKFLOW,)},
        ),
        Story(
            says="any ending is one, however it ended",
            series=(
                of(EXPECTED, over(60, "1200")),
                of(END, over(60, "600"), **SUCCESS),
                of(END, over(60, "1500"), **FAIL),
                of(LAST_DURATION, over(60, "60")),
                *IDLE,
            ),
            fires={"40m": ()},
        ),
        Story(
            says="quiet while nobody knows what is active",
            series=(of(EXPECTED, over(60, "1200")), of(END, over(60, "600"), **SUCCESS)),
            fires={"36m": (), "50m": ()},
        ),
    ),
    "AOMWorkflowNeverSucceeded": (
        Story(
            says="what has ended for a day without success, a restart in between or not, until it succeeds",
            series=(
                of(END, f"{over(720, '600')} {nothing(10)} {over(830, '600')}", **FAIL),
                of(END, f"_x2250 {over(60, '90000')}", **SUCCESS),
            ),
            fires={"1430m": (), "1445m": (WORKFLOW,), "1499m": (WORKFLOW,), "1502m": ()},
            description=f"Project demo: no success of {NAMED} is known, and it has been watched for a day.",
            more=LINK,
        ),
        Story(
            says="what is expected and never ended",
            series=(of(EXPECTED, over(1500, "1200")),),
            fires={"1430m": (), "1445m": (WORKFLOW,)},
        ),
        Story(
            says="a success, however old, is one",
            series=(of(END, over(1500, "600"), **FAIL), of(END, over(1500, "-9000000"), **SUCCESS)),
            fires={"1445m": ()},
        ),
    ),
    "AOMWorkflowNoRecentSuccess": (
        Story(
            says="a day after the last success, with a failure since, for five minutes, until it succeeds",
            series=(
                of(END, f"{over(60, '-85800')} {over(60, '3600')}", **SUCCESS),
                of(END, over(120, "-100"), **FAIL),
            ),
            fires={"9m": (), "12m": (), "17m": (WORKFLOW,), "59m": (WORKFLOW,), "61m": ()},
            description=f"Project demo: {NAMED} last succeeded 1d 0h 6m 40s ago and has failed since.",
            more=LINK,
        ),
        Story(
            says="quiet where nothing failed since",
            series=(
                of(END, over(60, "-90000"), **SUCCESS),
                of(END, over(60, "-95000"), **FAIL),
                of(END, over(60, "-100"), status="cancel"),
            ),
            fires={"17m": ()},
        ),
        Story(
            says="quiet where nobody has run it for a week",
            series=(of(END, over(60, "-800000"), **SUCCESS), of(END, over(60, "-700000"), **FAIL)),
            fires={"17m": ()},
        ),
        Story(
            says="quiet where the last success is younger",
            series=(of(END, over(60, "-3600"), **SUCCESS), of(END, over(60, "-100"), **FAIL)),
            fires={"17m": ()},
        ),
    ),
    "AOMWorkflowHistoryGap": (
        Story(
            says="a gap is said for an hour",
            series=(of("aom_workflow_history_gaps_total", f"{over(10, '0')} {over(110, '1')}"),),
            fires={"9m": (), "11m": (WORKFLOW,), "69m": (WORKFLOW,), "75m": ()},
            description=(
                f"Project demo: an answer about {NAMED} shared no execution with the one before, so that runs in "
                "between may not have been counted."
            ),
            more=LINK,
        ),
    ),
    "AOMWorkflowSuccessBudgetBurnFast": burns(
        "project:aom_workflow_executions_failed",
        (("1h", "5m", 0.72), ("6h", "30m", 0.3)),
        guard=("project:aom_workflow_executions_decided:rate5m", "0.0125", "0.0002"),
        wait=2,
        says="Project demo: 90% of the executions that succeeded or failed in the last hours have failed, and they "
        "still do.",
    ),
    "AOMWorkflowSuccessBudgetBurnSlow": burns(
        "project:aom_workflow_executions_failed",
        (("1d", "2h", 0.15), ("3d", "6h", 0.05)),
        guard=("project:aom_workflow_executions_decided:rate5m", "0.0125", "0.00003"),
        wait=15,
        says="Project demo: 90% of the executions that succeeded or failed in the last days have failed, and they "
        "still do.",
    ),
}
