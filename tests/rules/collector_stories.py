"""What the alerts about the collector itself are held against. All of it is synthetic."""

from tests.rules.burn_stories import burns
from tests.rules.story import ADDRESS, FILTERED, PROJECT, STEP, TARGET, WORKFLOW, Series, Story, nothing, over

NAMED = "workflow 夜间数据库备份 (wf-backup-nightly)"
SEEN = "aom_collector_workflow_last_success_timestamp_seconds"
INTERVAL = "aom_collector_workflow_interval_seconds"
REQUESTS = "aom_collector_api_requests_total"
LATENESS = "aom_collector_poll_lateness_seconds_bucket"
COMMITS = "aom_collector_state_commits_total"
SKEW = "aom_collector_api_clock_skew_seconds"
DROPPED = "aom_collector_series_dropped_total"
RELOADED = "aom_collector_config_last_reload_successful"
BUILD = {"version": "any", "python_version": "any", **TARGET}
NOT_WRITTEN = {"outcome": "failed", **TARGET}
LISTING = {"operation": "list_executions", **PROJECT}
OF_PROJECT = {"status_url": f"{ADDRESS}?project=demo"}


def rising(samples: int, by: int = 1) -> str:
    """A count that rises with every sample."""
    return f"0+{by}x{samples}"


def grows(name: str, labels: dict[str, str]) -> Series:
    """A count that rises by one after ten minutes."""
    return Series(name, labels, f"{over(10, '0')} {over(110, '1')}")


STORIES: dict[str, tuple[Story, ...]] = {
    "AOMCollectorDown": (
        Story(
            says="a collector that does not answer, for five minutes, until it does",
            series=(
                Series("up", TARGET, f"{over(20, '1')} {over(40, '0')} {over(20, '1')}"),
                Series("aom_collector_build_info", BUILD, f"{over(20, '1')} {nothing(40)} {over(20, '1')}"),
            ),
            fires={"19m": (), "22m": (), "26m": (TARGET,), "45m": (TARGET,), "61m": ()},
            description=(
                "The collector at collector:11513 has not answered Prometheus for 5 minutes: failures of workflows go "
                "unseen until it is back."
            ),
        ),
        Story(
            says="somebody else that does not answer is not ours",
            series=(
                Series("up", {"job": "node", "instance": "elsewhere:9100"}, over(40, "0")),
                Series("up", TARGET, over(40, "1")),
                Series("aom_collector_build_info", BUILD, over(40, "1")),
            ),
            fires={"6m": (), "30m": ()},
        ),
        Story(
            says="no collector at all",
            series=(Series("up", {"job": "node", "instance": "elsewhere:9100"}, over(40, "1")),),
            fires={"4m": (), "6m": ({},), "30m": ({},)},
            description=(
                "Any collector has not answered Prometheus for 5 minutes: failures of workflows go unseen until it is "
                "back."
            ),
        ),
    ),
    "AOMCollectorLooksStale": (
        Story(
            says="ten minutes without a good look, until there is one",
            series=(
                Series(INTERVAL, WORKFLOW, over(40, "60")),
                Series(SEEN, WORKFLOW, f"{over(20, '0')} {over(20, '1200')}"),
            ),
            fires={"9m": (), "11m": (WORKFLOW,), "19m": (WORKFLOW,), "21m": (), "29m": ()},
            description=(
                f"Project demo: {NAMED} was last seen 10m 40s ago; its failures since then are not known yet."
            ),
            more={"status_url": FILTERED},
        ),
        Story(
            says="three intervals, where that is longer",
            series=(Series(INTERVAL, WORKFLOW, over(40, "600")), Series(SEEN, WORKFLOW, over(40, "0"))),
            fires={"29m": (), "31m": (WORKFLOW,)},
        ),
    ),
    "AOMCollectorPollsFailing": (
        Story(
            says="a quarter of an hour without one that succeeds, until one does",
            series=(Series("aom_collector_workflow_up", WORKFLOW, f"{over(10, '1')} {over(40, '0')} {over(9, '1')}"),),
            fires={"20m": (), "28m": (), "31m": (WORKFLOW,), "49m": (WORKFLOW,), "51m": ()},
            description=(f"Project demo: no look at {NAMED} has succeeded for 15 minutes; the status page says why."),
            more={"status_url": FILTERED},
        ),
        Story(
            says="now and then one that succeeds is enough",
            series=(Series("aom_collector_workflow_up", WORKFLOW, " ".join(["1 0x4"] * 12)),),
            fires={"20m": (), "35m": ()},
        ),
    ),
    "AOMCollectorThrottled": (
        Story(
            says="more than a twentieth refused, for ten minutes, until it is over",
            series=(
                Series(REQUESTS, {**LISTING, "code": "429"}, f"{rising(59)} {over(60, '59')}"),
                Series(REQUESTS, {**LISTING, "code": "200"}, rising(150, 9)),
            ),
            fires={"9m": (), "13m": (PROJECT,), "39m": (PROJECT,), "60m": ()},
            description="Project demo: the service refused 10% of the requests in the last 15 minutes with 429.",
            more=OF_PROJECT,
        ),
        Story(
            says="one in a hundred is life",
            series=(
                Series(REQUESTS, {**LISTING, "code": "429"}, rising(90)),
                Series(REQUESTS, {**LISTING, "code": "200"}, rising(90, 99)),
            ),
            fires={"13m": (), "50m": ()},
        ),
    ),
    "AOMCollectorCredentialExpiring": (
        Story(
            says="two hours before, for five minutes, until it is renewed",
            series=(
                Series(
                    "aom_collector_credential_expiry_timestamp_seconds",
                    PROJECT,
                    f"{over(60, '9000')} {over(20, '95400')}",
                ),
            ),
            fires={"29m": (), "33m": (), "36m": (PROJECT,), "59m": (PROJECT,), "61m": ()},
            description=("Project demo: its credential expires in 1h 54m 0s; it should have been renewed long before."),
            more=OF_PROJECT,
        ),
    ),
    "AOMCollectorClockSkewed": (
        Story(
            says="more than a minute either way, for ten minutes, until the clock is set",
            series=(
                Series(
                    "aom_collector_api_clock_skew_seconds",
                    PROJECT,
                    f"{over(5, '-30')} {over(30, '-90')} {over(9, '0')}",
                ),
            ),
            fires={"4m": (), "9m": (), "17m": (PROJECT,), "34m": (PROJECT,), "36m": ()},
            description=("Project demo: the clocks differ by 1m 30s; signatures are refused past 15 minutes."),
            more=OF_PROJECT,
        ),
    ),
    "AOMCollectorCommitsFailing": (
        Story(
            says="what could not be written is said for ten minutes",
            series=(
                grows(COMMITS, NOT_WRITTEN),
                Series(COMMITS, {"outcome": "ok", **TARGET}, rising(90)),
            ),
            fires={
                "9m": (),
                "11m": ({"outcome": "failed", **TARGET},),
                "19m": ({"outcome": "failed", **TARGET},),
                "25m": (),
            },
            description=(
                "Writing to the state of the collector at collector:11513 has ended as failed in the last 10 minutes; "
                "what is not written is not shown either."
            ),
            more={"status_url": ADDRESS},
        ),
        Story(
            says="a second writer",
            series=(grows(COMMITS, {"outcome": "conflict", **TARGET}),),
            fires={"9m": (), "11m": ({"outcome": "conflict", **TARGET},)},
        ),
    ),
    "AOMCollectorSeriesCapped": (
        Story(
            says="what is withheld, until the collector begins anew",
            series=(
                Series(
                    "aom_collector_series_dropped_total", PROJECT, f"{over(10, '0')} {over(10, '12')} {over(10, '0')}"
                ),
            ),
            fires={"9m": (), "11m": (PROJECT,), "19m": (PROJECT,), "21m": ()},
            description=(
                "Project demo: 12 series are not shown since the collector began, for collector.series allows no more; "
                "counting goes on."
            ),
            more=OF_PROJECT,
        ),
    ),
    "AOMCollectorReloadFailed": (
        Story(
            says="a bad file, until a good one",
            series=(
                Series(
                    "aom_collector_config_last_reload_successful",
                    TARGET,
                    f"{over(9, '1')} {over(9, '0')} {over(9, '1')}",
                ),
            ),
            fires={"8m": (), "10m": (TARGET,), "17m": (TARGET,), "19m": ()},
            description=(
                "The file that the collector at collector:11513 read last has faults; the configuration before it is "
                "still in force."
            ),
            more={"status_url": ADDRESS},
        ),
    ),
    "AOMCollectorPollsLate": (
        Story(
            says="looks a minute late, for a quarter of an hour, until they are in time",
            series=(
                Series(LATENESS, {"le": "30.0", **PROJECT}, f"0x59 {rising(60)}"),
                Series(LATENESS, {"le": "60.0", **PROJECT}, f"{rising(59)} 60+1x60"),
                Series(LATENESS, {"le": "+Inf", **PROJECT}, f"{rising(59)} 60+1x60"),
            ),
            fires={"14m": (), "18m": (PROJECT,), "39m": (PROJECT,), "60m": ()},
            description=(
                "Project demo: one look in a hundred begins 59.7s late or later; the intervals cost more requests than "
                "allowed, or the service is slow."
            ),
            more=OF_PROJECT,
        ),
    ),
    "AOMCollectorRecordsRejected": (
        Story(
            says="records left out are said for an hour",
            series=(grows("aom_collector_records_rejected_total", {"reason": "shape", **PROJECT}),),
            fires={
                "9m": (),
                "11m": ({"reason": "shape", **PROJECT},),
                "69m": ({"reason": "shape", **PROJECT},),
                "75m": (),
            },
            description="Project demo: in the last hour records were left out (shape).",
            more=OF_PROJECT,
        ),
        Story(
            says="and so are values read as absent",
            series=(grows("aom_collector_values_invalid_total", {"field": "end_time", **PROJECT}),),
            fires={"9m": (), "11m": ({"field": "end_time", **PROJECT},), "75m": ()},
            description="Project demo: in the last hour values of end_time were read as absent.",
            more=OF_PROJECT,
        ),
    ),
    "AOMCollectorPollBudgetBurnFast": burns(
        "project:aom_collector_polls_failed",
        (("1h", "5m", 0.144), ("6h", "30m", 0.06)),
        wait=2,
        says="Project demo: 90% of the looks in the last hours have failed, and they still do.",
    ),
    "AOMCollectorPollBudgetBurnSlow": burns(
        "project:aom_collector_polls_failed",
        (("1d", "2h", 0.03), ("3d", "6h", 0.01)),
        wait=15,
        says="Project demo: 90% of the looks in the last days have failed, and they still do.",
    ),
}

assert STEP == 40, "the samples above are counted by it"
