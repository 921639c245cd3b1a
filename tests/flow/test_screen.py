"""What is written to a terminal, and what is not written anywhere else."""

import json
import re
import signal
import time
from pathlib import Path

import jsonschema
import pytest
from rich.cells import cell_len

from collector.cli import main
from deploy import schemas
from tests.flow.collector_process import collector, configuration
from tests.flow.service import Service, node, record
from tests.flow.terminal import terminal

OWN_SCREEN, OLD_SCREEN = "\x1b[?1049h", "\x1b[?1049l"
NOW = time.time()
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9]m")


def service() -> Service:
    there = Service()
    there.listed = [{"id": "wf-1", "name": "夜间\x1b[2J\u202e[bold]", "nodes": []}]
    failed = [node("dump\x1b[2J", "fail", NOW - 60, NOW - 50)]
    there.answers = {"wf-1": [record("e1", "fail", NOW - 60, NOW - 50, failed)], "wf-2": b"<html>login</html>"}
    return there


async def said(*arguments: str, folder: Path, status: int, **environment: str) -> str:
    async with collector(*arguments, folder=folder, **environment) as running:
        assert await running.process.wait() == status
        await running.drained()
        return "\n".join(running.lines)


async def test_the_demonstration_draws_itself_on_a_terminal_and_leaves_it_as_it_was(tmp_path: Path):
    async with terminal("demo", "--web.listen-address", "127.0.0.1:0", folder=tmp_path) as screen:
        await screen.shows(OWN_SCREEN)
        await screen.shows("夜间数据库备份")
        await screen.shows("wf-")  # the address of the page about the last failure
        await screen.shows(" after ", within=40)
        assert "collector.started" not in screen.shown, "the log would tear the picture"
        before = len(screen.shown)
        screen.resize(150, 40)
        await screen.shows("变更审批: 开放防火墙端口" + " " * 30, after=before)
        asked = time.monotonic()
        screen.process.send_signal(signal.SIGINT)
        assert await screen.ends() == 0
        assert time.monotonic() - asked < 5
        left = screen.shown.partition(OLD_SCREEN)[2]
        assert re.search(r"A collector watched a synthetic AOM for \d+s, at http://127\.0\.0\.1:\d+/\r\n", left)
        assert re.search(r"\d+ executions? ended, \d+ of them failed\. Nothing is kept\.\r\n$", left)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("flags", "environment"), [(["--log.level", "info"], {}), ([], {"TERM": "dumb"})])
async def test_whoever_wants_the_log_gets_that_and_so_does_a_terminal_that_only_types(
    tmp_path: Path, flags: list[str], environment: dict[str, str]
):
    arguments = ("demo", "--web.listen-address", "127.0.0.1:0", *flags)
    async with terminal(*arguments, folder=tmp_path, **environment) as screen:
        await screen.shows("/metrics | grep")
        await screen.shows("node.ended")
        screen.process.send_signal(signal.SIGINT)
        assert await screen.ends() == 0
        assert OWN_SCREEN not in screen.shown
        assert bool(COLOUR.search(screen.shown)) is (not environment)


async def test_a_log_that_goes_into_a_file_is_whole_beside_the_picture(tmp_path: Path):
    arguments = ("demo", "--web.listen-address", "127.0.0.1:0")
    with (tmp_path / "log").open("w") as log:
        async with terminal(*arguments, folder=tmp_path, log=log) as screen:
            await screen.shows(OWN_SCREEN)
            await screen.shows("✓ success")
            await screen.shows(" after ")
            screen.process.send_signal(signal.SIGTERM)
            assert await screen.ends() == 0
            assert "node.ended" not in screen.shown
    assert '"event": "node.ended"' in (tmp_path / "log").read_text("utf-8")


async def test_a_round_is_a_table_for_people_and_json_for_machines(tmp_path: Path):
    async with service() as there:
        configuration(tmp_path, there.url, ("wf-1", "wf-2"), history="count")
        table = await said("once", "--table", folder=tmp_path, status=1, COLUMNS="80")
        text = await said("once", "--json", folder=tmp_path, status=1)
        page = await said("once", folder=tmp_path, status=1)
    assert "aom_workflow_info{" in page
    assert "aom_workflow_info" not in table + text
    assert [line for line in table.splitlines() if cell_len(line) > 80 and not line.startswith("aom-collector: ")] == []
    for words in (
        "夜间\\u001b[2J\\u202e[bold]",
        "failed: dump\\u001b[2J",
        "1 fail",
        "2 workflows, 1 without a history",
    ):
        assert words in table
    assert not {"\x1b", "\u202e"} & set(table)
    schema = (schemas.DOCS / "once.schema.json").read_text("utf-8")
    assert schema == schemas.schema("once"), "python -m deploy.schemas"
    found = json.loads(text.partition("\naom-collector: ")[0])
    jsonschema.validate(found, json.loads(schema))
    bad, good = found["workflows"]
    assert (bad["workflow_id"], bad["looked"], bad["reason"], bad["health"]) == ("wf-2", False, "answer", "unseen")
    assert bad["says"] in text.partition("\naom-collector: ")[2]
    assert (good["status"], good["ended"], good["failures"]) == ("fail", {"fail": 1}, 1)
    assert good["failed_nodes"] == ["dump\x1b[2J"]


async def test_how_far_a_round_is_stands_on_a_terminal_while_it_lasts(tmp_path: Path):
    async with service() as there:
        there.answers["wf-2"] = []
        path = configuration(tmp_path, there.url, tuple(f"wf-{number}" for number in range(1, 9)))
        path.write_text(path.read_text("utf-8").replace("per_second = 200", "per_second = 8"), "utf-8")
        async with terminal("once", "--table", folder=tmp_path, columns=60) as screen:
            await screen.shows("looking")
            await screen.shows("/8")
            await screen.ends()
        shown = screen.shown.rpartition("looking")[2]
        assert "\x1b[2K" in shown.partition("project")[0], "nothing of it is left"
        assert "8 workflows, " in shown
        async with terminal("once", folder=tmp_path, TERM="dumb") as screen:
            await screen.ends()
        assert "looking" not in screen.shown


async def test_who_forces_colours_into_a_pipe_gets_them_in_tables_and_no_progress(tmp_path: Path):
    async with service() as there:
        configuration(tmp_path, there.url, ("wf-1", "wf-2"))
        text = await said("doctor", folder=tmp_path, status=1, FORCE_COLOR="1")
    assert COLOUR.search(text)
    assert "asking the service" not in text


def test_tables_fit_whatever_the_width(monkeypatch: pytest.MonkeyPatch, capsys, made_state: Path):
    monkeypatch.chdir(made_state)
    monkeypatch.setattr("sys.argv", ["aom-collector", "state"])
    for width in (40, 80, 120):
        monkeypatch.setenv("COLUMNS", str(width))
        assert main() == 0
        out = capsys.readouterr().out
        assert [line for line in out.splitlines() if cell_len(line) > width] == []
        assert "1 fail" in out
        assert not {"\x1b", "\u202e"} & set(out)


@pytest.fixture
async def made_state(tmp_path: Path) -> Path:
    """A folder with a state in which names are long, wide and hostile."""
    async with service() as there:
        path = configuration(tmp_path, there.url, ("wf-1",), history="count")
        path.write_text(path.read_text("utf-8").replace('name = "prod"', 'name = "生产环境"'), "utf-8")
        await said("once", "--commit", folder=tmp_path, status=0)
    return tmp_path
