"""`doctor` as people and machines meet it."""

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

from aiohttp import web

from tests.flow.collector_process import PROJECT, clean_environment, configuration
from tests.flow.service import Service, record

SCHEMA = Path(__file__).parents[2] / "deploy" / "docs" / "doctor.schema.json"


async def asked(folder: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "collector", "doctor", *arguments,
        cwd=folder, env=clean_environment() | environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def missing(_: web.Request) -> web.Response:
    return web.json_response({"error_code": "AOM.30005001"}, status=404)


def service() -> Service:
    there = Service()
    there.listed = [{"id": "wf-1", "name": "夜间 [bold]backup[/bold]", "nodes": []}]
    there.answers["wf-1"] = [record("e1", "success", 1_700_000_000, 1_700_000_001)]
    there.answers["wf-2"] = missing
    return there


async def test_people_get_a_table_that_fits_and_a_good_end(tmp_path: Path):
    async with service() as there:
        configuration(tmp_path, there.url, ("wf-1",))
        status, out, err = await asked(tmp_path, COLUMNS="80")
        assert there.posted == 0
    assert (status, err) == (0, "")
    assert all(len(line) <= 80 for line in out.splitlines())
    assert "夜间 [bold]backup[/bold]" in out, "a name is no markup"
    assert "1 execution since 2023-11-14 22:13 UTC" in out
    assert "all is well: 1 workflow, 0 without a history" in out
    assert "\x1b" not in out, "no colours outside a terminal"
    assert not (tmp_path / "state.db").exists()


async def test_a_workflow_that_fails_makes_it_end_with_1_and_a_next_step(tmp_path: Path):
    async with service() as there:
        configuration(tmp_path, there.url, ("wf-1", "wf-2"))
        status, out, _ = await asked(tmp_path, COLUMNS="200")
    assert status == 1
    assert "> did you mean 'wf-1'?" in out
    assert "something failed: 2 workflows, 1 without a history" in out


async def test_machines_get_what_the_schema_says(tmp_path: Path):
    async with service() as there:
        configuration(tmp_path, there.url, ("wf-1", "wf-2"))
        status, out, _ = await asked(tmp_path, "--json")
    found = json.loads(out)
    assert (status, found["ok"]) == (1, False)
    assert [each["outcome"] for each in found["projects"][0]["workflows"]] == ["ok", "failed"]
    told = tmp_path / "told.json"
    told.write_text(out)
    checked = ["-m", "check_jsonschema", "--schemafile", str(SCHEMA), str(told)]
    assert subprocess.run([sys.executable, *checked], check=False, capture_output=True).returncode == 0
    told.write_text(out.replace('"ok": false', '"ok": "no"'))
    assert subprocess.run([sys.executable, *checked], check=False, capture_output=True).returncode == 1


async def test_a_bad_file_ends_it_with_2_and_no_secret_is_told(tmp_path: Path):
    async with service() as there:
        there.token = "another"
        path = configuration(tmp_path, there.url, ("wf-1",), token="canary-5f3a")
        status, out, err = await asked(tmp_path, "--json")
        assert (status, "canary" in out + err) == (1, False)
        path.write_text(path.read_text().replace("name =", "nam ="))
        assert (await asked(tmp_path))[0] == 2


async def test_on_a_terminal_there_are_colours_unless_somebody_wants_none(tmp_path: Path):
    async with service() as there:
        configuration(tmp_path, there.url, ("wf-1",))
        assert "\x1b[32mok" in await on_a_terminal(tmp_path, TERM="xterm")
        assert "\x1b[32m" not in await on_a_terminal(tmp_path, TERM="xterm", NO_COLOR="1")


async def on_a_terminal(folder: Path, **environment: str) -> str:
    mine, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "collector", "doctor",
        cwd=folder, env=clean_environment() | environment, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    while True:
        try:
            shown += await asyncio.to_thread(os.read, mine, 65536)
        except OSError:  # the other end is closed
            break
    assert await process.wait() == 0, shown
    os.close(mine)
    return shown.decode()


async def test_told_to_stop_it_ends_without_a_traceback(tmp_path: Path):
    async with service() as there:
        there.list_waits = asyncio.Event()
        configuration(tmp_path, there.url, ("wf-1",), project=PROJECT)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "collector", "doctor",
            cwd=tmp_path, env=clean_environment(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(20):
            while not there.asked["list"]:
                await asyncio.sleep(0.05)  # the process cannot be awaited at this point
            process.send_signal(signal.SIGINT)
            _, err = await process.communicate()
        there.list_waits.set()
    assert process.returncode == 1
    assert b"Traceback" not in err
