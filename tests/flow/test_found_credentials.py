"""The running collector with a credential that its file does not hold."""

import io
import re
from functools import partial
from pathlib import Path

import pytest

from collector import log
from collector.aom import Budget
from collector.aom.instance import Instance
from collector.app import App
from collector.clock import Clock
from collector.config import parse
from collector.simulator import Agency, Key, Machine, Simulator, world
from collector.store import Memory
from tests.flow.collector_process import CONFIGURATION, PROJECT, Page, collector, configuration, eventually

EXPIRY = "aom_collector_credential_expiry_timestamp_seconds"
FAILURES = "aom_collector_workflow_poll_failures_total"
KEYS = 'access_key = "AKEXAMPLE"\nsecret_key = "canary-secret"'


def service(keys, project_id: str = PROJECT) -> Simulator:
    clock = Clock()
    made = world(3, workflows=2, start=clock.now())
    return Simulator(made, clock=clock.now, project_id=project_id, keys=keys)


def profile(home: Path, key: str) -> None:
    (home / ".huaweicloud").mkdir(exist_ok=True)
    (home / ".huaweicloud" / "credentials").write_text(f"[basic]\nak = {key}\nsk = canary-{key}\n", "utf-8")


async def app(tmp_path: Path, endpoint: str, address: str, monkeypatch) -> tuple[App, io.StringIO]:
    """A collector in this process, whose machine's metadata service is at that address."""
    clock, said = Clock(), io.StringIO()
    borrowed = Instance(clock=clock, address=address)
    monkeypatch.setattr("collector.app.terms.Budget", partial(Budget, instance=borrowed))
    text = CONFIGURATION.format(endpoint=endpoint, auth="", history="ignore", first_zero="1s", project="")
    text += '\n[[project.workflow]]\nid = "wf-00001"\n'
    settings = parse(text, base=tmp_path, environ={})
    return App(settings, clock=clock, lines=log.setup("info", "logfmt", said), store=Memory()), said


async def test_it_watches_with_a_profile_whose_key_is_replaced_while_it_runs(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    profile(tmp_path, "AKFIRST")
    keys = {"AKFIRST": Key("canary-AKFIRST")}
    async with service(keys) as there:
        configuration(tmp_path, there.url, ("wf-00001",), auth="", project="")
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            await eventually(address, lambda page: page.total("aom_collector_workflow_up") == 1)
            keys["AKSECOND"] = Key("canary-AKSECOND")
            profile(tmp_path, "AKSECOND")
            del keys["AKFIRST"]
            asked = sum(there.requests.values())
            await eventually(address, lambda _: sum(there.requests.values()) > asked + 4)
            page = await eventually(address, lambda page: page.total("aom_collector_workflow_up") == 1)
            assert page.total(FAILURES) == 0
            assert page.get("aom_collector_api_requests_total", operation="list_projects", code="200") == 1
            assert await running.stop() == 0
        assert there.signature_failures.total() <= 1, "at most the look that was under way"
        assert there.violations == []
        assert "canary" not in "\n".join(running.lines) + page.text


async def test_a_project_that_was_looked_up_takes_part_in_refusing_another_one(tmp_path: Path):
    keys = {"AKEXAMPLE": Key("canary-secret")}
    configured = partial(configuration, tmp_path, workflows=("wf-00001",), auth=KEYS, project="")
    async with service(keys) as there:
        configured(there.url)
        async with collector("run", folder=tmp_path) as running:
            await eventually(await running.address(), lambda page: page.total("aom_collector_workflow_up") == 1)
            assert await running.stop() == 0
    async with service(keys, "f" * 32) as there:
        configured(there.url)
        async with collector("run", folder=tmp_path) as running:
            await running.says(f"the credential is for {'f' * 32}, but the state belongs to {PROJECT}")
            assert await running.stop() == 0


async def test_when_lent_keys_expire_is_shown(tmp_path: Path, monkeypatch):
    agency = Agency(clock=Clock().now)
    async with Machine(agency, clock=Clock().now) as machine, service(agency) as there:
        running, said = await app(tmp_path, there.url, machine.url, monkeypatch)
        page = Page((await running.once()).decode())
    assert 3590 < page.get(EXPIRY, project="prod") - Clock().now() / 1000 <= 3600
    assert page.get("aom_collector_api_requests_total", operation="get_metadata", code="200") == 2
    assert page.get("aom_collector_workflow_up") == 1
    assert "credential.renewed" in said.getvalue()
    assert "synthetic-lent" not in said.getvalue() + page.text


async def test_no_credential_at_all_is_said_once_and_shown_while_the_collector_goes_on(tmp_path: Path, monkeypatch):
    running, said = await app(tmp_path, "http://127.0.0.1:9", "http://127.0.0.1:9", monkeypatch)
    try:
        await running.start()
        page = await eventually(running.addresses[0], lambda page: page.total(FAILURES, reason="auth") >= 3)
    finally:
        await running.stop()
    assert page.total(FAILURES) == page.total(FAILURES, reason="auth")
    assert page.get("aom_collector_workflow_up") == 0
    assert page.get(EXPIRY) is None
    assert page.get("aom_collector_api_requests_total", operation="get_metadata", code="error") == 1
    lines = [line for line in said.getvalue().splitlines() if "event=poll.failing" in line]
    assert len(lines) == 1
    assert "there is no other credential, give one in [project.auth]" in lines[0]


@pytest.mark.parametrize("broken", ["[basic]\nak = AK\n", "[basic]\ncanary\n"])
async def test_check_says_what_is_wrong_with_a_profile_and_quotes_nothing(tmp_path: Path, monkeypatch, broken: str):
    monkeypatch.setenv("HOME", str(tmp_path))
    profile(tmp_path, "AK")
    (tmp_path / ".huaweicloud" / "credentials").write_text(broken, "utf-8")
    configuration(tmp_path, "http://127.0.0.1:9", ("wf-1",), auth="")
    async with collector("check", folder=tmp_path) as running:
        assert await running.process.wait() == 2
        await running.drained()
    assert re.match(r"aom-collector: collector\.toml:\d+: project\[0\]\.auth\.method: the profile '", running.lines[0])
    assert "canary" not in "".join(running.lines)


async def test_check_stays_offline_and_says_that_metadata_will_be_asked(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    configuration(tmp_path, "http://127.0.0.1:9", ("wf-1",), auth="")
    async with collector("check", folder=tmp_path) as running:
        assert await running.process.wait() == 0
        await running.drained()
    assert any(line.endswith("instance metadata will be asked") for line in running.lines)
