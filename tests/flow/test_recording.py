"""Operators show what the real service sends: `once --record` saves it, `simulate --replay` serves it again."""

import asyncio
import re
import sys
from collections import Counter
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from collector.clock import Clock
from collector.simulator import Simulator, Trouble, world
from collector.simulator.trouble import GLITCHES
from tests.flow.collector_process import PROJECT, clean_environment, collector, configuration
from tests.flow.service import Service, node, record

WORKFLOWS = ("wf-00001", "wf-00002", "wf-00003")
NAME = re.compile(r'(workflow|name)="[^"]*"')


async def once(folder: Path, *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "collector", "once", *arguments,
        cwd=folder, env=clean_environment(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


def counted(page: str) -> Counter[str]:
    """What is said of workflows, but for names."""
    return Counter(NAME.sub(r"\1", line) for line in page.splitlines() if line.startswith("aom_workflow_"))


async def test_what_was_recorded_counts_as_what_was_asked_did_but_for_names(tmp_path: Path):
    """Of a service whose answers have every glitch, the past counted, so that there is something to compare."""
    clock, trouble = Clock(), Trouble(seed=3, rates=dict.fromkeys(GLITCHES, 0.2))
    made = world(7, workflows=3, start=clock.now())
    async with Simulator(made, clock=clock.now, token="good", project_id=PROJECT, trouble=trouble) as service:
        configuration(tmp_path, service.url, WORKFLOWS, history="count")
        status, told, err = await once(tmp_path, "--record", "saved.jsonl")
    assert trouble.occurred, "something was odd"
    assert (status, err) == (
        0, "aom-collector: saved.jsonl holds 4 answers; ids of workflows, nodes and executions stand in it\n",
    )  # fmt: skip
    assert "Synthetic workflow" not in (tmp_path / "saved.jsonl").read_text("utf-8")
    async with replaying(tmp_path, "saved.jsonl") as address:
        configuration(tmp_path, address, WORKFLOWS, history="count", token="any")
        status, again, err = await once(tmp_path)
    assert (status, err) == (0, "")
    assert counted(told) == counted(again)
    assert 'workflow="name-1"' in again
    assert "Synthetic workflow" in told


@asynccontextmanager
async def replaying(folder: Path, name: str):
    """`simulate --replay` on a free port; its address."""
    async with collector("simulate", "--listen", "127.0.0.1:0", "--replay", name, folder=folder) as running:
        yield (await running.says(r"replay +(http\S+),"))[1]


async def test_a_failure_is_recorded_and_fails_again_in_the_same_words(tmp_path: Path):
    secret = "canary-5f3a"
    async with Service() as service:
        service.token = secret
        service.listed = 403
        service.answers["wf-1"] = [record("e1", "fail", 1_700_000_000, 1_700_000_001, [node("n", "fail", 0, 0)])]
        service.answers["wf-2"] = b"<html>log in as canary-5f3a</html>"
        configuration(tmp_path, service.url, ("wf-1", "wf-2"), token=secret)
        status, _, err = await once(tmp_path, "--record", "saved.jsonl")
    assert status == 1
    assert "it is a page for people" in err
    assert secret not in (tmp_path / "saved.jsonl").read_text("utf-8")
    async with replaying(tmp_path, "saved.jsonl") as address:
        configuration(tmp_path, address, ("wf-1", "wf-2", "wf-3"))
        status, page, again = await once(tmp_path)
    assert status == 1
    assert "it is a page for people" in again
    assert "the recording does not have it" in again
    assert 'aom_collector_workflow_up{project="prod",workflow_id="wf-1",workflow="wf-1"} 1' in page


async def test_a_recording_has_to_have_a_new_name_and_a_replay_is_nothing_else(tmp_path: Path):
    configuration(tmp_path, "http://127.0.0.1:9", ("wf-1",))
    status, _, err = await once(tmp_path, "--record", "collector.toml")
    assert (status, err) == (
        1, "aom-collector: collector.toml cannot be written: it is there already; give another name\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--replay", "nowhere"), "nowhere: it cannot be read: No such file or directory"),
        (("--replay", "collector.toml"), "collector.toml:1: it is no JSON object"),
        (("--replay", "x", "--workflows", "3"), "--workflows and --seed make no sense with it"),
        (("--replay", "x", "--seed", "3"), "--workflows and --seed make no sense with it"),
    ],
)
async def test_what_cannot_be_replayed_is_refused_in_one_sentence(tmp_path: Path, arguments: tuple[str, ...], says):
    configuration(tmp_path, "http://127.0.0.1:9", ("wf-1",))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "collector", "simulate", *arguments,
        cwd=tmp_path, env=clean_environment(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, err = await process.communicate()
    assert process.returncode == 2
    assert says in err.decode()
    assert len(err.splitlines()) == 1
