"""The state asked of a running collector and read from the free file, copied, and held under faults."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

from collector.cli.state import healthy
from collector.web import Private
from deploy import schemas
from tests.flow.collector_process import collector, configuration, eventually, scrape
from tests.flow.service import Service, node, record
from tests.store.disk import mounted

TOTAL = "aom_workflow_executions_total"
NODES = "aom_workflow_node_runs_total"
NOW = time.time()
FAILED = "aom_collector_state_commits_total"


async def says(*arguments: str, folder: Path) -> tuple[int, str, str]:
    """The exit status and what a command says, once it has ended."""
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-m", "collector", *arguments], cwd=folder, capture_output=True, text=True
    )
    return done.returncode, done.stdout, done.stderr


def history(*numbers: int) -> list[dict]:
    return [
        record(f"e{n}", "fail", NOW - 90 + n, NOW - 60 + n, [node("n", "fail", NOW - 90, NOW - 80)]) for n in numbers
    ]


async def test_beside_a_running_collector_it_is_asked_and_else_the_file_is_read(tmp_path: Path):
    async with Service() as service:
        service.answers["wf-1"] = history(1, 2)
        configuration(tmp_path, service.url, ("wf-1", "wf-2"), history="count")
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            await eventually(address, lambda page: page.get(TOTAL, status="fail", workflow_id="wf-1") == 2)
            await service.looks("wf-2", 2)
            status, live, _ = await says("state", "--json", folder=tmp_path)
            assert status == 0
            assert await running.stop() == 0
        status, free, _ = await says("state", "--json", folder=tmp_path)
        assert json.loads(live) == json.loads(free)
        schema = (schemas.DOCS / "state.schema.json").read_text("utf-8")
        assert schema == schemas.schema("state"), "python -m deploy.schemas"
        jsonschema.validate(json.loads(free), json.loads(schema))
        first = json.loads(free)["workflows"][0]
        assert (first["workflow_id"], first["ended"], first["failures"], first["executions"]) == (
            "wf-1",
            {"fail": 2},
            2,
            2,
        )
        _, table, _ = await says("state", folder=tmp_path)
        assert "2 fail" in table
        assert "2 failures in a row" in table


async def test_who_does_not_run_is_not_healthy_and_who_runs_stays_so_beside_a_bad_file(tmp_path: Path):
    async with Service() as service:
        configuration(tmp_path, service.url, ("wf-1",))
        assert (await says("state", folder=tmp_path))[0] == 1, "there is none yet"
        assert not list(tmp_path.glob("*.db*"))
        async with collector("run", folder=tmp_path) as running:
            await running.address()
            assert await says("health", folder=tmp_path) == (0, "healthy\n", "")
            status, _, told = await says("once", "--commit", folder=tmp_path)
            assert (status, "is in use by another process" in told) == (1, True)
            (tmp_path / "collector.toml").write_text(
                "[collector]\nstate = 'sqlite:state.db'\ninterval = 'bad'", "utf-8"
            )
            assert (await says("health", folder=tmp_path))[0] == 0, "a bad file does not make it ill"
            assert (await says("once", "--commit", folder=tmp_path))[0] == 2
            assert await running.stop() == 0
        assert await says("health", folder=tmp_path) == (1, "", f"no collector answers at {tmp_path}/state.db.sock\n")


async def test_a_copy_made_while_it_runs_counts_on_like_the_state_itself(tmp_path: Path):
    other = tmp_path / "other"
    other.mkdir()
    async with Service() as service:
        service.answers["wf-1"] = history(1, 2)
        configuration(tmp_path, service.url, ("wf-1",), history="count")
        async with collector("run", folder=tmp_path) as running:
            await eventually(await running.address(), lambda page: page.get(TOTAL, status="fail") == 2)
            status, told, _ = await says("state", "--backup", "other/state.db", folder=tmp_path)
            assert (status, "holds a copy of" in told) == (0, True)
            copy = (other / "state.db").read_bytes()
            status, _, told = await says("state", "--backup", "other/state.db", folder=tmp_path)
            assert (status, "exists already, and nothing is overwritten" in told) == (1, True)
            await running.kill()
        assert (other / "state.db").read_bytes() == copy
        assert stat.S_IMODE((other / "state.db").stat().st_mode) == 0o600
        service.answers["wf-1"] = history(1, 2, 3)
        configuration(other, service.url, ("wf-1",), history="count")
        async with collector("run", folder=other) as running:
            await eventually(await running.address(), lambda page: page.get(TOTAL, status="fail") == 3)
        assert (await says("state", "--backup", "third.db", folder=tmp_path))[0] == 0, "of a state that was killed"
        assert (await says("state", "--backup", "nowhere/x.db", folder=tmp_path))[0] == 1


async def test_once_commit_keeps_what_it_found_and_without_it_nothing_is_kept(tmp_path: Path):
    async with Service() as service:
        service.answers["wf-1"] = history(1)
        configuration(tmp_path, service.url, ("wf-1",), history="count")
        assert (await says("once", folder=tmp_path))[0] == 0
        assert not list(tmp_path.glob("state.db*"))
        assert (await says("once", "--commit", folder=tmp_path))[0] == 0
        service.answers["wf-1"] = history(2)
        status, page, _ = await says("once", "--commit", folder=tmp_path)
        assert status == 0
        assert f'{TOTAL}{{project="prod",workflow_id="wf-1",workflow="wf-1",status="fail"}} 2' in page


@pytest.mark.parametrize("mask", [0o000, 0o077])
async def test_only_the_owner_may_use_what_stands_beside_the_state(tmp_path: Path, mask: int):
    folder = tmp_path / ("long-" * 40)  # longer than a socket's address may be
    folder.mkdir()
    async with Service() as service:
        configuration(folder, service.url, ("wf-1",))
        (folder / "state.db.sock").touch()
        before = os.umask(mask)
        try:
            async with collector("run", folder=folder) as running:
                await running.says("private_socket.absent.*something else stands there")
                assert await running.stop() == 0
            assert (folder / "state.db.sock").is_file(), "it is not ours to remove"
            (folder / "state.db.sock").unlink()
            for _ in range(2):
                async with collector("run", folder=folder) as running:
                    await service.looks("wf-1")
                    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.glob("state.db*")}
                    assert set(modes.values()) == {0o600}
                    assert "state.db.sock" in modes
                    assert (await says("health", folder=folder))[0] == 0
                    await running.kill()  # what it leaves is taken over by the next
        finally:
            os.umask(before)


async def test_health_says_so_when_nothing_turns(tmp_path: Path):
    async def nothing() -> bytes:
        return b""

    configuration(tmp_path, "http://127.0.0.1:9", ("wf-1",))
    private = Private(healthy=lambda: False, holdings=nothing, backup=nothing)
    await private.start(tmp_path / "state.db.sock")
    try:
        assert await says("health", folder=tmp_path) == (1, "", "not turning\n")
    finally:
        await private.close()


async def test_health_does_not_wait_for_a_collector_that_stands_still(tmp_path: Path):
    async with Service() as service:
        configuration(tmp_path, service.url, ("wf-1",))
        async with collector("run", folder=tmp_path) as running:
            await service.looks("wf-1")
            state = tmp_path / "state.db"
            assert await asyncio.to_thread(healthy, state) == (True, "healthy")
            running.process.send_signal(signal.SIGSTOP)
            told = f"no collector answers at {state}.sock"
            assert await asyncio.to_thread(healthy, state, patience=0.2) == (False, told)
            running.process.send_signal(signal.SIGCONT)
            assert (await asyncio.to_thread(healthy, state))[1] in {"healthy", "not turning"}


@pytest.mark.optional_part
async def test_on_a_full_disk_scrapes_go_on_and_once_there_is_room_the_totals_are_exact(tmp_path: Path):
    with mounted(tmp_path / "disk", size="256k") as disk:
        async with Service() as service:
            service.answers["wf-1"] = history(1)
            configuration(disk, service.url, ("wf-1",), history="count")
            async with collector("run", folder=disk) as running:
                address = await running.address()
                await eventually(address, lambda page: page.get(TOTAL, status="fail") == 1)
                with (disk / "ballast").open("wb", buffering=0) as file, contextlib.suppress(OSError):
                    while True:
                        file.write(bytes(4096))
                service.answers["wf-1"] = history(*range(1, 40))
                said = await running.says("state.failing.*")
                assert "the disk is full; free some space, counting goes on by itself" in said[0]
                page = await scrape(address)
                assert page.get(TOTAL, status="fail") == 1, "published means committed"
                await eventually(address, lambda page: page.get(FAILED, outcome="failed") > 0)
                assert page.get("aom_collector_workflow_up") == 0
                (disk / "ballast").unlink()
                await eventually(address, lambda page: page.get(TOTAL, status="fail") == 39)
                page = await eventually(address, lambda page: page.get("aom_collector_workflow_up") == 1)
                assert page.get(NODES, status="fail") == 39
                await running.says("state.recovered")
                assert await running.stop() == 0


@pytest.mark.parametrize("how", ["deleted", "replaced", "moved"])
async def test_a_state_that_is_taken_away_is_said_and_nothing_is_counted_into_the_void(tmp_path: Path, how: str):
    async with Service() as service:
        service.answers["wf-1"] = history(1)
        configuration(tmp_path, service.url, ("wf-1",), history="count")
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            await eventually(address, lambda page: page.get(TOTAL, status="fail") == 1)
            file, aside = tmp_path / "state.db", tmp_path / "aside"
            file.rename(aside)
            if how == "replaced":
                file.write_bytes(b"another program's")
            if how == "deleted":
                aside.unlink()
            service.answers["wf-1"] = history(1, 2)
            said = await running.says("state.failing.*")
            assert "was moved, deleted or replaced while in use; put it back, or start again" in said[0]
            page = await scrape(address)
            assert page.get(TOTAL, status="fail") == 1
            if how == "moved":
                aside.rename(file)
                await eventually(address, lambda page: page.get(TOTAL, status="fail") == 2)
            assert await running.stop() == 0
        if how == "replaced":
            assert file.read_bytes() == b"another program's"


async def test_two_collectors_on_one_file_are_one_too_many_and_the_first_goes_on(tmp_path: Path):
    async with Service() as service:
        service.answers["wf-1"] = history(1)
        configuration(tmp_path, service.url, ("wf-1",), history="count")
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            await eventually(address, lambda page: page.get(TOTAL, status="fail") == 1)
            status, _, told = await says("run", folder=tmp_path)
            assert status == 1
            assert "is in use by another process; stop that one, or name another state file" in told
            assert (await says("health", folder=tmp_path))[0] == 0, "the first one's socket is still there"
            service.answers["wf-1"] = history(1, 2)
            await eventually(address, lambda page: page.get(TOTAL, status="fail") == 2)
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(str(tmp_path / "state.db.sock"))
