"""The picture of the demonstration: whatever the size of the terminal and the names, it fits and says what matters."""

import asyncio
import io
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from collector.cli import live
from collector.cli.live import Scene, picture
from collector.cli.wording import span
from collector.web import Detail, Execution, Facts, Health, NodeRun, Summary

NOW = 1_700_000_000_000
LINKS = {"status": "http://127.0.0.1:1/", "metrics": "http://127.0.0.1:1/metrics", "simulator": "http://127.0.0.1:2"}
NAMES = (
    "夜间数据库备份",
    "Restart [bold]payment[/bold] pods",
    "\x1b[2J\u202e\ud800\nsly",
    "Release",
    "Sync",
    "变更审批",
    "x" * 90,
)


def execution(number: int, status: str, *, ago: int | None, failed: tuple[str, ...] = ()) -> Execution:
    """One that ended so many seconds ago, after nine; `ago` None: it goes on."""
    end = None if ago is None else NOW - ago * 1000
    begin = (NOW if end is None else end) - 9000
    runs = [NodeRun(node=node, name=None, status="fail", begin=begin, end=begin, failed=True) for node in failed]
    if end is None:
        runs.append(NodeRun(node="n", name="Copy rows", status="executing", begin=begin, end=None, failed=False))
    bad = bool(failed) or status in ("fail", "timeout")
    return Execution(
        execution_id=f"e{number}",
        status=status,
        begin=begin,
        end=end,
        active=end is None,
        failed=bad,
        nodes=tuple(runs),
    )


STORIES = {
    "夜间数据库备份": [execution(1, "success", ago=4), execution(2, "fail", ago=70, failed=("dump-orders",))],
    "Restart [bold]payment[/bold] pods": [execution(3, "fail", ago=12, failed=("smoke-test",))],
    "\x1b[2J\u202e\ud800\nsly": [execution(4, "\x1b[31mwon", ago=20)],
    "Release": [execution(5, "executing", ago=None)],
    "Sync": [execution(6, "success", ago=30, failed=("copy",))],
    "变更审批": [],
}


def facts(names: tuple[str, ...] = NAMES) -> Facts:
    def summary(place: int, name: str) -> Summary:
        latest = next(iter(STORIES.get(name, [])), None)
        failed = bool(latest and latest.failed)
        health = Health.FAILED if failed else Health.ACTIVE if latest and latest.active else Health.FINE
        return Summary(
            project="demo", workflow_id=f"wf-{place}", name=name, type="", health=health, up=True, looked_at=NOW,
            next_at=None, status=latest.status if latest else None, begin=None, end=None, failures=int(failed),
            failed_nodes=0, failed_at=latest.end if latest and failed else None, active=0,
        )  # fmt: skip

    def detail(of: Summary) -> Detail:
        done = [each for each in STORIES.get(of.name, []) if not each.active]
        ended = {each.status: 1 for each in done}
        return Detail(
            interval=2, expect_every=None, succeeded_at=NOW, ended=ended, reopened=0, gaps=0,
            executions=tuple(STORIES.get(of.name, [])),
        )  # fmt: skip

    every = [summary(place, name) for place, name in enumerate(names)]
    return Facts(
        version="0", at=NOW, started_at=NOW - 92_000, projects=(), summaries=lambda: every, detail=detail,
        find=lambda _: [],
    )  # fmt: skip


def drawn(width: int, height: int, told: Facts | None = None) -> list[str]:
    console = Console(width=width, height=height, file=io.StringIO(), color_system=None, legacy_windows=False)
    console.print(picture(Scene(facts=told or facts(), links=LINKS), width, height))
    return console.file.getvalue().rstrip("\n").split("\n")


@pytest.mark.parametrize("width", [20, 44, 60, 80, 120, 250])
@pytest.mark.parametrize("height", [24, 40])
def test_it_fits_and_nothing_in_it_is_obeyed(width: int, height: int):
    lines = drawn(width, height)
    assert len(lines) <= height
    assert [line for line in lines if cell_len(line.rstrip()) > width] == []
    assert not any(odd in "".join(lines) for odd in "\x1b\u202e\ud800")


def test_on_a_usual_terminal_it_says_what_ended_what_failed_and_where_to_look():
    text = "\n".join(drawn(100, 24))
    for said in (
        "7 workflows", "2 failing", "1m 32s", "Ctrl-C ends it",
        "✓ success 4s ago", "✗ fail 12s ago  at smoke-test", "▸ executing 9s  Copy rows",
        "✓ success 30s ago  despite copy", "no execution yet", "Restart [bold]payment[/bold] pods",
        "the last failure   http://127.0.0.1:1/?project=demo&workflow=wf-1", "http://127.0.0.1:1/metrics",
    ):  # fmt: skip
        assert said in text
    feed = text.partition("just ended (UTC)")[2].split("\n")[1:6]
    assert [line.split()[0] for line in feed] == ["22:13:16", "22:13:08", "22:13:00", "22:12:50", "22:12:10"]
    assert "✗ fail after 9s  at dump-orders" in feed[4]


def test_the_last_five_stand_beside_their_workflow_the_latest_at_the_right():
    (line,) = (line for line in drawn(100, 24) if line.startswith("夜间数据库备份") and "ago" in line)
    assert line.split()[-4:] == ["2", "1", "✗", "✓"]


def test_what_ended_before_the_start_did_not_end_just_now():
    text = "\n".join(drawn(100, 24, replace(facts(), started_at=NOW - 1000)))
    assert "nothing yet" in text
    assert "after 9s" not in text


def test_on_a_low_terminal_what_is_fine_steps_back_first_and_three_endings_stay():
    lines = drawn(80, 15)
    text = "\n".join(lines)
    assert len(lines) <= 15
    assert "4 workflows more" not in text or "Release" not in text
    for kept in ("Restart", "smoke-test", "the page"):
        assert kept in text
    assert sum("after 9s" in line for line in lines) >= 3
    assert "变更审批  " not in text


def test_nothing_at_all_is_drawn_too():
    for size in ((80, 24), (10, 3), (1, 1)):
        assert drawn(*size, replace(facts(()), at=NOW - 200_000))


async def test_it_ends_at_once_when_it_is_told_to(monkeypatch: pytest.MonkeyPatch):
    shown = io.StringIO()
    console = Console(width=80, height=24, file=shown, force_terminal=True, legacy_windows=False)
    monkeypatch.setattr(live, "to_people", lambda: console)
    stop = asyncio.Event()
    drawing = asyncio.create_task(live.show(facts, LINKS, stop))
    await asyncio.sleep(0)
    stop.set()
    await asyncio.wait_for(drawing, live.EVERY / 2)
    assert shown.getvalue().startswith("\x1b[?1049h"), "on a screen of its own"
    assert "\x1b[?1049l" in shown.getvalue(), "and what was there before comes back"


@pytest.mark.parametrize(
    ("ms", "said"),
    [(-1, "0s"), (499, "0s"), (59_400, "59s"), (60_000, "1m"), (92_000, "1m 32s"), (3_600_000, "1h"),
     (7_500_000, "2h 5m"), (86_400_000, "1d"), (100_000_000, "1d 3h")],
)  # fmt: skip
def test_a_duration_is_said_in_its_two_largest_units(ms: int, said: str):
    assert span(ms) == said
