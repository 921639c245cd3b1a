"""The running collector signs in with what operators have."""

import re
import sqlite3
from pathlib import Path

import pytest

from collector.clock import Clock
from collector.simulator import Key, Simulator, world
from tests.flow.collector_process import PROJECT, collector, configuration, eventually

USER = 'username = "someone"\npassword = "canary-password"\ndomain = "somewhere"'
KEYS = 'access_key = "AKEXAMPLE"\nsecret_key = "canary-secret"'
TEMPORARY = KEYS + '\nsecurity_token = "canary-token"'


def service(project_id: str = PROJECT, *, temporary: bool = False) -> Simulator:
    clock = Clock()
    key = Key("canary-secret", "canary-token" if temporary else "")
    return Simulator(
        world(3, workflows=2, start=clock.now()),
        clock=clock.now,
        token="another",
        project_id=project_id,
        users={"someone": "canary-password"},
        keys={"AKEXAMPLE": key},
        token_length=40_000,
    )


def tokens(there: Simulator) -> int:
    return sum(count for (_, path, _), count in there.requests.items() if path == "/v3/auth/tokens")


@pytest.mark.parametrize(
    ("auth", "project_id", "temporary", "signed_in"),
    [(KEYS, PROJECT, False, 0), (TEMPORARY, PROJECT, True, 0), (USER, PROJECT, False, 1), (USER, "", False, 1)],
)
async def test_it_watches_with_a_key_a_temporary_key_or_a_password(
    tmp_path: Path,
    auth: str,
    project_id: str,
    temporary: bool,  # noqa: FBT001  a parameter of the table
    signed_in: int,
):
    async with service(temporary=temporary) as there:
        configuration(tmp_path, there.url, ("wf-00001", "wf-00002"), auth=auth, project=project_id)
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            await eventually(address, lambda page: page.total("aom_collector_workflow_up") == 2)
            # The collector's own metrics are rendered once a second.
            asked = "aom_collector_api_requests_total"
            page = await eventually(
                address, lambda page: page.get(asked, operation="list_executions", code="200") is not None
            )
            assert page.get("aom_workflow_info", workflow="Synthetic workflow 1") == 1
            expiry = page.get("aom_collector_credential_expiry_timestamp_seconds", project="prod")
            assert (expiry is not None) is bool(signed_in)
            assert await running.stop() == 0
        assert tokens(there) == signed_in
        assert there.violations == []
        assert "canary" not in "\n".join(running.lines) + page.text


@pytest.mark.parametrize("auth", [KEYS.replace("canary-secret", "canary-wrong"), USER.replace("-password", "-wrong")])
async def test_a_wrong_secret_is_said_once_and_costs_two_requests(tmp_path: Path, auth: str):
    async with service() as there:
        configuration(tmp_path, there.url, ("wf-00001", "wf-00002"), auth=auth)
        async with collector("run", folder=tmp_path) as running:
            await eventually(
                await running.address(),
                lambda page: page.total("aom_collector_workflow_poll_failures_total", reason="auth") >= 8,
            )
            assert await running.stop() == 0
        assert sum(there.requests.values()) == 2
        said = [line for line in running.lines if re.search(r"event=(poll|list)\.failing", line)]
        assert 2 <= len(said) <= 3, "once for the list, and once for each sentence that workflows say"
        assert "canary" not in "\n".join(running.lines)


async def test_a_password_that_leads_to_another_project_than_the_state_is_refused(tmp_path: Path):
    async with service() as there:
        configuration(tmp_path, there.url, ("wf-00001",), auth=USER, project="")
        async with collector("run", folder=tmp_path) as running:
            before = await eventually(
                await running.address(), lambda page: page.total("aom_collector_workflow_up") == 1
            )
            assert await running.stop() == 0
    async with service("f" * 32) as there:
        configuration(tmp_path, there.url, ("wf-00001",), auth=USER, project="")
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            await running.says(f"the credential is for {'f' * 32}, but the state belongs to {PROJECT}")
            page = await eventually(address, lambda page: page.get("aom_collector_workflow_up") == 0)
            assert page.total("aom_workflow_executions_total") == before.total("aom_workflow_executions_total")
            assert await running.stop() == 0


async def test_no_secret_is_in_the_state(tmp_path: Path):
    async with service() as there:
        configuration(tmp_path, there.url, ("wf-00001",), auth=USER)
        async with collector("run", folder=tmp_path) as running:
            await eventually(await running.address(), lambda page: page.total("aom_collector_workflow_up") == 1)
            assert await running.stop() == 0
    with sqlite3.connect(tmp_path / "state.db") as state:
        dump = "\n".join(state.iterdump())
    state.close()
    assert "canary" not in dump
    assert b"canary".hex() not in dump.lower()
    assert b"MIIsynthetic".hex() not in dump.lower()
