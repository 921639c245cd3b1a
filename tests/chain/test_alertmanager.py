"""What the shipped Alertmanager files make of alerts: which are kept back, and what a message says."""

import asyncio
import json
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.chain.alertmanager_server import (
    ALERTMANAGER,
    ALERTMANAGER_NEWER,
    Receiver,
    alertmanager,
    needs_alertmanager,
)
from tests.flow.collector_process import fetch

FOLDER = Path(__file__).parents[2] / "deploy" / "alertmanager"
SHIPPED = (FOLDER / "alertmanager.yml").read_text(encoding="utf-8")
AMTOOL = shutil.which("amtool")
needs_newer = pytest.mark.skipif(ALERTMANAGER_NEWER is None, reason="ALERTMANAGER_NEWER names no newer alertmanager")
VERSIONS = [
    pytest.param(ALERTMANAGER, id="own", marks=needs_alertmanager),
    pytest.param(ALERTMANAGER_NEWER, id="newer", marks=[pytest.mark.optional_part, needs_newer]),
]
BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
NODE = {
    "labels": {
        "alertname": "AOMWorkflowNodeRunFailed",
        "severity": "critical",
        "instance": "collector:11513",
        "project": "prod",
        "workflow_id": "wf-backup-nightly",
        "workflow": "夜间数据库备份 <b>&amp;",
        "node": "dump-orders",
    },
    "annotations": {
        "summary": "A node of a workflow failed.",
        "description": "Project prod: node dump-orders ended as fail.",
        "status_url": "http://collector:11513/?project=prod&workflow=wf-backup-nightly",
        "runbook_url": "http://prometheus:9090/user/runbooks/AOMWorkflowNodeRunFailed.md",
    },
}


def with_examples(text: str) -> str:
    """The file with the receivers that stand there as examples."""
    head, receivers, tail = text.partition("\nreceivers:\n")
    return head + receivers + re.sub(r"^( {4})# ", r"\1", tail, flags=re.MULTILINE)


def alert(name: str, **labels: str) -> dict[str, dict[str, str]]:
    return {"labels": {"alertname": name, "severity": "warning", **labels}, "annotations": {"summary": f"{name}."}}


async def post(address: str, *alerts: dict, **times: str) -> None:
    """Raise alerts as Prometheus does."""
    body = json.dumps([{"startsAt": BEGAN.isoformat(), **each, **times} for each in alerts]).encode()
    request = Request(f"http://{address}/api/v2/alerts", body, {"Content-Type": "application/json"})
    await asyncio.to_thread(lambda: urlopen(request, timeout=10).read())


def place(folder: Path, text: str) -> str:
    """Put the template beside where the configuration will stand; nothing waits for more of the same."""
    folder.mkdir(exist_ok=True)
    shutil.copy(FOLDER / "aom.tmpl", folder)
    return re.sub(r"group_(wait|interval): \w+", r"group_\1: 1ms", text)


def chatting(folder: Path, people: Receiver) -> str:
    """The file with its example of a chat, which the receiver plays; there is no mail here."""
    (folder / "secret").write_text(f"{people.url}chat", encoding="utf-8")
    text = with_examples(SHIPPED).replace("/etc/alertmanager/slack-webhook", str(folder / "secret"))
    text = re.sub(r"    email_configs:\n(?:      .*\n)+", "", text)
    return text.replace("http://localhost:9099/", people.url)


@pytest.mark.skipif(AMTOOL is None, reason="amtool is not installed")
@pytest.mark.parametrize("text", [SHIPPED, with_examples(SHIPPED)], ids=["as shipped", "with its examples"])
def test_the_shipped_file_is_one_and_so_are_its_examples(tmp_path: Path, text: str):
    shutil.copy(FOLDER / "aom.tmpl", tmp_path)
    (tmp_path / "alertmanager.yml").write_text(text, encoding="utf-8")
    command = [AMTOOL, "check-config", tmp_path / "alertmanager.yml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 templates" in done.stdout


def test_the_examples_are_examples_of_receivers():
    assert "    slack_configs:" in with_examples(SHIPPED)
    assert "    email_configs:" in with_examples(SHIPPED)


@pytest.mark.parametrize("binary", VERSIONS)
async def test_what_another_alert_says_already_is_kept_back_and_nothing_else(tmp_path: Path, binary: str):
    kept_back = [
        alert("AOMCollectorLooksStale", instance="a", project="prod", workflow_id="wf-1"),
        alert("AOMCollectorPollsFailing", instance="a", project="prod", workflow_id="wf-1"),
        alert("AOMCollectorPollsLate", instance="a", project="prod"),
        alert("AOMWorkflowSuccessBudgetBurnSlow", project="prod"),
        alert("AOMCollectorPollBudgetBurnSlow", project="test"),
    ]
    heard = [
        alert("AOMCollectorDown", instance="a", job="j"),
        alert("AOMWorkflowSuccessBudgetBurnFast", project="prod"),
        alert("AOMCollectorPollBudgetBurnFast", project="test"),
        alert("AOMCollectorLooksStale", instance="b", project="prod", workflow_id="wf-2"),
        alert("AOMCollectorCommitsFailing", instance="a", outcome="failed"),
        alert("AOMWorkflowNodeRunFailed", instance="a", project="prod", workflow_id="wf-1", node="n"),
        alert("AOMWorkflowSuccessBudgetBurnSlow", project="test"),
        alert("AOMCollectorPollBudgetBurnSlow", project="prod"),
    ]

    async def inhibited(address: str) -> list[dict]:
        found = json.loads(await fetch(f"http://{address}/api/v2/alerts"))
        if len(found) < len(kept_back) + len(heard):
            return []
        return [each["labels"] for each in found if each["status"]["inhibitedBy"]]

    def sorting(labels: dict) -> str:
        return json.dumps(labels, sort_keys=True)

    async with Receiver() as people:
        text = place(tmp_path, SHIPPED.replace("http://localhost:9099/", people.url))
        async with alertmanager(tmp_path, text, binary=binary) as address:
            await post(address, *heard, *kept_back)
            wanted = sorted((each["labels"] for each in kept_back), key=sorting)
            found: list[dict] = []
            async with asyncio.timeout(10):
                while (found := sorted(await inhibited(address), key=sorting)) != wanted:
                    await asyncio.sleep(0.05)  # it can only be asked
            assert found == wanted
            for each in heard:
                await people.told(**each["labels"])
            await post(address, NODE)
            await people.told(**NODE["labels"])


@pytest.mark.parametrize("binary", VERSIONS)
async def test_a_message_says_in_words_what_happened_since_when_and_where_to_look(tmp_path: Path, binary: str):
    async with Receiver() as people:
        text = place(tmp_path, chatting(tmp_path, people))
        async with alertmanager(tmp_path, text, binary=binary) as address:
            await post(address, NODE)
            first = await people.read(1)
            assert first["title"] == "[FIRING 1] prod: 夜间数据库备份 <b>&amp;"
            assert first["text"].strip() == (
                "CRITICAL: A node of a workflow failed.\n"
                "Project prod: node dump-orders ended as fail.\n"
                f"Since: {BEGAN:%Y-%m-%d %H:%M:%S} UTC\n"
                "Now: http://collector:11513/?project=prod&workflow=wf-backup-nightly\n"
                "What to do: http://prometheus:9090/user/runbooks/AOMWorkflowNodeRunFailed.md"
            )
            ended = BEGAN + timedelta(seconds=30)
            await post(address, NODE, endsAt=ended.isoformat())
            last = await people.read(2)
            assert last["title"] == "[RESOLVED] prod: 夜间数据库备份 <b>&amp;"
            assert last["text"].strip() == (
                f"Over since {ended:%Y-%m-%d %H:%M:%S} UTC: A node of a workflow failed.\n"
                "Project prod: node dump-orders ended as fail."
            )


@pytest.mark.parametrize("binary", VERSIONS)
async def test_a_message_about_several_alerts_names_what_they_share(tmp_path: Path, binary: str):
    burning = [alert(f"AOMWorkflow{name}", project="prod") for name in ("SuccessBudgetBurnFast", "Other")]
    others = (
        alert("AOMCollectorThrottled", project="prod"),
        alert("AOMCollectorPollsLate", project="prod"),
        alert("AOMCollectorDown", instance="a"),
    )
    async with Receiver() as people:
        text = place(tmp_path, chatting(tmp_path, people)).replace("group_wait: 1ms", "group_wait: 500ms")
        async with alertmanager(tmp_path, text, binary=binary) as address:
            # What began longer ago than a group waits is not waited for.
            await post(address, *burning, *others, startsAt=datetime.now(UTC).isoformat())
            await people.read(4)
            titles = {message["title"] for message in people.messages}
            assert titles == {
                "[FIRING 2] prod: several alerts",
                "[FIRING 1] prod: AOMCollectorThrottled",
                "[FIRING 1] prod: AOMCollectorPollsLate",
                "[FIRING 1] AOMCollectorDown",
            }
