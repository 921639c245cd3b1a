"""The event log of the real process: one line for each ending that counted, whatever happens to file and process."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

from collector.failpoint import VARIABLE
from deploy import schemas
from tests.flow.collector_process import clean_environment, collector, configuration, eventually
from tests.flow.service import Service, node, record

TOTAL = "aom_workflow_executions_total"
NODES = "aom_workflow_node_runs_total"
HOSTILE = "夜间 <b>\u2028\x1b[31m\ud800"
SCHEMA = json.loads((schemas.DOCS / "event-log.schema.json").read_text("utf-8"))


def configured(folder: Path, url: str, where: str, *, history: str = "count") -> Path:
    path = configuration(folder, url, ("wf-1",), history=history)
    path.write_text(path.read_text("utf-8").replace("[collector]", f'[collector]\nevent_log = "{where}"', 1), "utf-8")
    return path


def ended(number: int, status: str = "fail") -> dict:
    """An execution with one node run, both over."""
    began = time.time() - 100 + number
    return record(f"e{number}", status, began, began + 0.9, [node("n", status, began, began + 0.5, f"r{number}")])


def told(text: str) -> list[dict]:
    """The lines, each of them whole and as the schema has it."""
    assert text.endswith("\n")
    lines = [json.loads(line) for line in text.removesuffix("\n").split("\n")]
    for line in lines:
        jsonschema.validate(line, SCHEMA, format_checker=jsonschema.FormatChecker())
    return lines


async def lines_in(path: Path, wanted: int, *, within: float = 15.0) -> list[dict]:
    """The lines of a file once there are so many."""
    async with asyncio.timeout(within):
        while not path.exists() or path.read_bytes().count(b"\n") < wanted:
            await asyncio.sleep(0.05)  # a file tells nobody
    lines = told(path.read_text("utf-8"))
    assert len(lines) == wanted
    return lines


def which(lines: list[dict]) -> list[tuple[str, str | None, str]]:
    return [(line["execution_id"], line.get("node"), line["status"]) for line in lines]


def test_the_schema_is_the_codes_own():
    assert (schemas.DOCS / "event-log.schema.json").read_text("utf-8") == schemas.schema("event-log"), (
        "python -m deploy.schemas"
    )


async def test_each_ending_has_one_line_through_rotations_reloads_and_a_restart(tmp_path: Path):
    log = tmp_path / "events.jsonl"
    async with Service() as service:
        service.listed = [{"id": "wf-1", "name": HOSTILE, "nodes": [{"id": "n", "name": "第一步"}]}]
        service.answers["wf-1"] = history = [ended(1), ended(2, "success")]
        path = configured(tmp_path, service.url, log.name)
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            lines = await lines_in(log, 4)
            assert which(lines) == [
                ("e1", None, "fail"), ("e1", "n", "fail"), ("e2", None, "success"), ("e2", "n", "success"),
            ]  # fmt: skip
            assert {line["workflow"] for line in lines} == {"夜间 <b>\u2028\x1b[31m\ufffd"}
            assert [line.get("node_name") for line in lines] == [None, "第一步"] * 2
            assert all(line["past"] for line in lines)

            log.rename(tmp_path / "events.jsonl.1")
            history.append(ended(3))
            assert which(await lines_in(log, 2))[0] == ("e3", None, "fail")

            log.rename(tmp_path / "events.jsonl.2")
            running.process.send_signal(signal.SIGHUP)
            await running.says("config.reloaded.*nothing changed")
            history.append(ended(4))
            assert which(await lines_in(log, 2))[0] == ("e4", None, "fail")

            off = path.read_text("utf-8")
            path.write_text(off.replace(log.name, ""), "utf-8")
            running.process.send_signal(signal.SIGHUP)
            await running.says("config.reloaded.*changed collector.event_log")
            history.append(ended(5))
            await eventually(address, lambda page: page.total(TOTAL) == 5)
            path.write_text(off.replace(log.name, "other.jsonl"), "utf-8")
            running.lines.clear()
            running.process.send_signal(signal.SIGHUP)
            await running.says("config.reloaded.*changed collector.event_log")
            history.append(ended(6))
            assert which(await lines_in(tmp_path / "other.jsonl", 2))[0] == ("e6", None, "fail")
            history.append(ended(7))
            await eventually(address, lambda page: page.total(NODES) == 7)
            assert await running.stop() == 0
        assert which(await lines_in(tmp_path / "other.jsonl", 4))[2] == ("e7", None, "fail"), "before it stops"
        async with collector("run", folder=tmp_path) as running:
            await running.address()
            await service.looks("wf-1", 3)
            assert await running.stop() == 0
        await lines_in(tmp_path / "other.jsonl", 4)
        assert len(told(log.read_text("utf-8"))) == 2


async def test_the_past_that_is_not_counted_has_no_line_and_a_reopened_execution_has_two(tmp_path: Path):
    log = tmp_path / "events.jsonl"
    async with Service() as service:
        service.answers["wf-1"] = history = [ended(1)]
        configured(tmp_path, service.url, log.name, history="ignore")
        async with collector("run", folder=tmp_path) as running:
            await running.address()
            await service.looks("wf-1", 3)
            now = time.time()
            history.append(record("e9", "fail", now, now + 1))
            await lines_in(log, 1)
            history[-1] = record("e9", "executing", now)
            await service.looks("wf-1", 3)
            history[-1] = record("e9", "success", now, now + 5)
            lines = await lines_in(log, 2)
        assert [(line["status"], line["ending"], line["duration_seconds"]) for line in lines] == [
            ("fail", 1, 1.0),
            ("success", 2, None),
        ]
        assert len({line["id"] for line in lines}) == 2
        assert not any(line["past"] for line in lines)


@pytest.mark.parametrize("point", ["commit-after", "deliver-before", "deliver-written", "deliver-after"])
async def test_whenever_it_is_killed_each_ending_is_told_at_least_once(tmp_path: Path, point: str):
    log = tmp_path / "events.jsonl"
    async with Service() as service:
        service.answers["wf-1"] = [ended(number) for number in range(5)]
        configured(tmp_path, service.url, log.name)
        async with collector("run", folder=tmp_path, **{VARIABLE: point}) as running:
            await running.says(f"failpoint {point}")
            assert await asyncio.wait_for(running.process.wait(), 10) == -signal.SIGKILL
        before = log.read_text("utf-8") if log.exists() else ""
        async with collector("run", folder=tmp_path) as running:
            await running.address()
            await service.looks("wf-1", 2)
            assert await running.stop() == 0
        lines = log.read_text("utf-8")
    first = 10 if point in {"deliver-written", "deliver-after"} else 0
    assert before.count("\n") == first
    assert len(told(lines)) == (20 if point == "deliver-written" else 10)
    assert len(set(lines.splitlines())) == len({line["id"] for line in told(lines)}) == 10


async def test_counting_goes_on_while_it_cannot_be_written_and_nothing_is_missing_afterwards(tmp_path: Path):
    log = tmp_path / "missing" / "events.jsonl"
    async with Service() as service:
        service.answers["wf-1"] = history = [ended(1)]
        configured(tmp_path, service.url, "missing/events.jsonl")
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            await running.says("event_log.failing .*No such file or directory")
            history.append(ended(2))
            page = await eventually(address, lambda page: page.total(TOTAL) == 2)
            assert page.get("aom_collector_workflow_up") == 1
            log.parent.mkdir()
            await running.says("event_log.recovered")
            await lines_in(log, 4)
            assert sum("event_log.failing" in line for line in running.lines) == 1


async def run_beside(folder: Path, *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "collector", *arguments,
        cwd=folder, env=clean_environment(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_on_standard_output_stand_its_lines_alone_and_the_page_of_once_stays_a_page(tmp_path: Path):
    async with Service() as service:
        service.answers["wf-1"] = [ended(1)]
        configured(tmp_path, service.url, "-")
        status, page, _ = await run_beside(tmp_path, "once", "--commit")
        assert status == 0
        assert page.startswith("# HELP")
        assert '"event"' not in page
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "collector", "run",
            cwd=tmp_path, env=clean_environment(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            first = await asyncio.wait_for(process.stdout.readline(), 15)
            process.terminate()
            rest, log = await asyncio.wait_for(process.communicate(), 15)
        finally:
            if process.returncode is None:
                process.kill()
        assert which(told((first + rest).decode())) == [("e1", None, "fail"), ("e1", "n", "fail")]
        assert b"collector.started" in log


async def test_a_standard_output_that_nobody_reads_holds_up_neither_counting_nor_the_end(tmp_path: Path):
    async with Service() as service:
        service.answers["wf-1"] = history = [ended(number) for number in range(99)]  # more than a pipe holds
        configured(tmp_path, service.url, "-")
        command, said = [sys.executable, "-m", "collector", "run"], tmp_path / "said"
        with (
            said.open("wb") as log,
            subprocess.Popen(
                command, cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE, stderr=log
            ) as process,
        ):
            try:
                async with asyncio.timeout(20):
                    while b"nobody reads it" not in said.read_bytes():
                        await asyncio.sleep(0.05)  # a file tells nobody
                (address,) = re.findall(r"http://127\.0\.0\.1:\d+", said.read_text("utf-8"))
                history.append(ended(99))
                await eventually(address, lambda page: page.total(TOTAL) == 100)
                process.terminate()
                assert await asyncio.to_thread(process.wait, 5) == 0
            finally:
                process.kill()


async def test_once_tells_in_a_file_only_what_it_keeps(tmp_path: Path):
    log = tmp_path / "events.jsonl"
    async with Service() as service:
        service.answers["wf-1"] = [ended(1)]
        configured(tmp_path, service.url, log.name)
        assert (await run_beside(tmp_path, "once"))[0] == 0
        assert not log.exists()
        for _ in range(2):
            assert (await run_beside(tmp_path, "once", "--commit"))[0] == 0
            await lines_in(log, 2)


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("state.db", "is the state itself, or a file that belongs to it"),
        ("./folder/../state.db-wal", "is the state itself, or a file that belongs to it"),
        ("folder", "is no file"),
        ("pipe", "is no file"),
        ("/dev/null", "is no file"),
        ("a\\u0000b", "must be without control characters"),
    ],
)
def test_what_is_no_file_of_its_own_is_refused_by_name(tmp_path: Path, where: str, says: str):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    configured(tmp_path, "http://127.0.0.1:1", where)
    for command in ("check", "run"):
        done = subprocess.run(
            [sys.executable, "-m", "collector", command], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert re.search(
            f"^aom-collector: collector\\.toml:3: collector\\.event_log: {says}", done.stderr, re.MULTILINE
        ), done.stderr
    assert not (tmp_path / "state.db").exists()
