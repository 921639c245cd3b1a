"""What a visit to the service finds, against real servers on which one thing after the other is wrong."""

import asyncio
import io
import json
import ssl
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from collector import log
from collector.app import App
from collector.app.doctor import Check, Findings, Outcome, ProjectFindings, Seen, examine
from collector.clock import Clock
from collector.config import parse
from collector.simulator import Key, Simulator, world
from deploy import schemas
from tests.aom.speaking import (
    CANARIES,
    KEYS_AUTH,
    PROJECT_ID,
    RECORD,
    TOKEN,
    TOKEN_AUTH,
    Hands,
    answers,
    certificate,
    served,
)

DEAD = "http://127.0.0.1:1"
NO_HOST = "https://aom.nowhere.invalid"


def settings(endpoint: str, *workflows: str, signs: str = TOKEN_AUTH, more: str = "", interval: str = "60s"):
    text = f"""
    [collector]
    interval = "{interval}"
    state = "sqlite:never-opened.db"
    [[project]]
    name = "prod"
    region = "cn-north-4"
    project_id = "{PROJECT_ID}"
    endpoint = "{endpoint}"
    iam_endpoint = "{endpoint}"
    max_requests_per_second = 100
    timeout = "500ms"
    poll_deadline = "500ms"
    {more}
    [project.auth]
    {signs}
    """ + "".join(f'[[project.workflow]]\nid = "{workflow}"\n' for workflow in workflows)
    return parse(text, base=Path("/nowhere"), environ={})


async def visited(*arguments: str, clock: Clock | None = None, **more: str) -> Findings:
    """The findings; no secret is in them, and each thing that failed has a next step."""
    findings = await examine(settings(*arguments, **more), clock=clock or Clock(), done=lambda: None)
    text = msgspec.json.encode(findings).decode()
    assert not any(canary in text for canary in CANARIES)
    for project in findings.projects:
        assert [check.name for check in project.checks] == ["resolve", "connect", "sign", "clock", "list", "rate"]
        for each in (*project.checks, *project.workflows):
            assert each.says
            assert bool(each.next) == (each.outcome in (Outcome.FAILED, Outcome.WARNING)), each
    return findings


def checks(findings: Findings) -> dict[str, Check]:
    return {check.name: check for check in findings.projects[0].checks}


def outcomes(findings: Findings) -> list[str]:
    return [check.outcome.value for check in findings.projects[0].checks]


def workflow(findings: Findings, number: int = 0) -> Seen:
    return findings.projects[0].workflows[number]


def simulator(clock: Clock, workflows: int = 3) -> Simulator:
    made = world(7, workflows=workflows, start=clock.now())
    keys = {"AKEXAMPLE": Key("canary-secret")}
    return Simulator(made, clock=clock.now, token=TOKEN, project_id=PROJECT_ID, keys=keys)


def service(told: Mapping[str, tuple[int, object]]):
    """A service that answers by the end of the path: `list`, or a workflow's id."""

    async def handler(request: web.Request) -> web.Response:
        name = "list" if request.path.endswith("workflow-list") else request.match_info["any"].split("/")[-2]
        status, body = told[name]
        if isinstance(body, bytes):
            return web.Response(body=body, status=status)
        return web.json_response(body, status=status)

    return served(handler)


def elements(*ids: str) -> dict[str, object]:
    return {"elements": [{"id": own, "name": f"Name of {own}"} for own in ids], "total_elements": len(ids)}


LISTED = (200, elements("wf-1"))
GOOD = (200, [RECORD])
FORBIDDEN = (403, {"error_code": "AOM.0403", "error_msg": "no permission"})
MISSING = (404, {"error_code": "AOM.30005001", "error_msg": "the workflow does not exist."})
NOT_OFFERED = (404, {"error_code": "APIGW.0101", "error_msg": "The API does not exist"})
WRONG = (401, {"error_code": "APIGW.0301", "error_msg": "Incorrect IAM authentication information"})


async def test_where_all_is_well_it_says_what_there_is():
    async with simulator(Clock()) as there:
        findings = await visited(there.url, "wf-00001", signs=KEYS_AUTH)
    project, seen = findings.projects[0], workflow(findings)
    assert findings.ok
    assert outcomes(findings) == ["ok"] * 6
    assert (project.signs_in_with, project.listed) == ("access key", 3)
    assert checks(findings)["list"].says == "3 workflows, 1 watched"
    assert (seen.outcome, seen.name, seen.executions, seen.times) == (
        Outcome.OK, "Synthetic workflow 1", 20, ("milliseconds",),
    )  # fmt: skip
    assert seen.oldest_begin is not None
    assert seen.says == f"20 executions since {seen.oldest_begin[:16].replace('T', ' ')} UTC"
    assert there.violations == []


async def test_the_state_is_never_opened(tmp_path: Path):
    async with service({"list": LISTED, "wf-1": GOOD}) as endpoint:
        asked = replace(settings(endpoint, "wf-1"), state=f"sqlite:{tmp_path / 'state.db'}")
        assert (await examine(asked, clock=Clock(), done=lambda: None)).ok
    assert list(tmp_path.iterdir()) == []


async def test_a_name_that_does_not_resolve_ends_the_visit_at_once():
    findings = await visited(NO_HOST, "wf-1")
    assert not findings.ok
    assert outcomes(findings) == ["failed", "skipped", "skipped", "skipped", "skipped", "ok"]
    assert checks(findings)["resolve"].says == "aom.nowhere.invalid cannot be resolved"
    assert workflow(findings).outcome is Outcome.SKIPPED


async def test_what_cannot_be_connected_to_is_told_and_nothing_behind_it():
    findings = await visited(DEAD, "wf-1")
    assert outcomes(findings) == ["ok", "failed", "skipped", "skipped", "skipped", "ok"]
    assert "connection refused" in checks(findings)["connect"].says
    assert workflow(findings).outcome is Outcome.FAILED


async def test_a_certificate_that_is_not_trusted_is_no_connection(tmp_path: Path):
    key, cert = certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    async with served(answers(b"[]"), tls=tls) as endpoint:
        findings = await visited(endpoint, "wf-1")
    assert "ca_file" in checks(findings)["connect"].says
    assert checks(findings)["connect"].outcome is Outcome.FAILED


async def test_a_wrong_key_is_used_once_and_no_more():
    asked = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response(WRONG[1], status=401)

    async with served(handler) as endpoint:
        findings = await visited(endpoint, "wf-1", "wf-2", signs=KEYS_AUTH)
    assert outcomes(findings) == ["ok", "ok", "failed", "ok", "skipped", "ok"]
    assert checks(findings)["sign"].next == "put right what project[0].auth signs in with"
    assert [each.outcome for each in findings.projects[0].workflows] == [Outcome.SKIPPED] * 2
    assert len(asked) == 1


async def test_a_password_that_identity_refuses_is_told_of_signing_in():
    signs = 'username = "someone"\npassword = "canary-password"\ndomain = "somewhere"'
    async with service({"auth": WRONG}) as endpoint:
        findings = await visited(endpoint, "wf-1", signs=signs)
    assert outcomes(findings) == ["ok", "skipped", "failed", "ok", "skipped", "ok"]
    assert "create_token" in checks(findings)["sign"].says


async def test_an_identity_service_that_is_down_is_told_of_signing_in_as_well():
    signs = 'username = "someone"\npassword = "canary-password"\ndomain = "somewhere"'
    text = settings("http://127.0.0.1:9", "wf-1", signs=signs)
    project = replace(text.projects[0], iam_endpoint=DEAD)
    findings = await examine(replace(text, projects=(project,)), clock=Clock(), done=lambda: None)
    assert outcomes(findings) == ["ok", "skipped", "failed", "skipped", "skipped", "ok"]


@pytest.mark.parametrize(("minutes", "way"), [(20, "ahead of"), (-20, "behind")])
async def test_a_clock_that_is_wrong_is_what_is_wrong_where_signatures_fail(minutes: int, way: str):
    clock = Hands()
    async with simulator(Clock()) as there:
        clock.mistake(minutes * 60)
        findings = await visited(there.url, "wf-00001", signs=KEYS_AUTH, clock=clock)
        told = checks(findings)
        assert (told["sign"].outcome, told["clock"].outcome) == (Outcome.FAILED, Outcome.FAILED)
        assert told["clock"].says == f"this machine's clock is 20 min {way} the service's"
        assert told["clock"].next == "set this machine's clock (NTP)"
        # A token does not mind; the clock is wrong all the same.
        findings = await visited(there.url, "wf-00001", clock=clock)
    assert (checks(findings)["clock"].outcome, findings.ok) == (Outcome.WARNING, True)


async def test_without_the_list_a_named_workflow_is_well():
    async with service({"list": FORBIDDEN, "wf-1": GOOD}) as endpoint:
        findings = await visited(endpoint, "wf-1")
    assert outcomes(findings) == ["ok", "ok", "ok", "ok", "warning", "ok"]
    assert checks(findings)["list"].next == "grant this user cms:workflow:list in the project"
    assert (findings.ok, workflow(findings).outcome) == (True, Outcome.OK)


async def test_without_the_list_nothing_can_be_discovered():
    async with service({"list": FORBIDDEN}) as endpoint:
        findings = await visited(endpoint, more='[project.discover]\ninclude = [".*"]')
    assert (checks(findings)["list"].outcome, findings.ok) == (Outcome.FAILED, False)


async def test_a_forbidden_history_fails_and_names_the_permission():
    async with service({"list": LISTED, "wf-1": FORBIDDEN}) as endpoint:
        findings = await visited(endpoint, "wf-1")
    assert not findings.ok
    assert (workflow(findings).outcome, workflow(findings).next) == (
        Outcome.FAILED, "grant this user cms:execution:get in the project",
    )  # fmt: skip
    assert checks(findings)["sign"].outcome is Outcome.OK


@pytest.mark.parametrize(
    ("asked", "step"),
    [
        ("wf-nightli", "did you mean 'wf-nightly'?"),
        ("nightly", "write id = 'wf-nightly': this is its name"),
        ("fg-17", "write id = 'wf-nightly': this is its workflow_id, and it is asked for by its id"),
        ("zzz", "see the workflow list for its id"),
    ],
)
async def test_an_unknown_workflow_leads_to_the_one_that_is_meant(asked: str, step: str):
    listed = [{"id": "wf-nightly", "workflow_id": "fg-17", "name": "nightly"}, {"id": "other"}]
    async with service({"list": (200, {"elements": listed, "total_elements": 2}), asked: MISSING}) as endpoint:
        findings = await visited(endpoint, asked)
    assert workflow(findings).next == step


async def test_a_region_without_the_interface_blames_no_id():
    async with service({"list": NOT_OFFERED, "wf-1": NOT_OFFERED}) as endpoint:
        findings = await visited(endpoint, "wf-1")
    assert workflow(findings).next == "check region, endpoint and project_id of project[0]"
    assert checks(findings)["sign"].outcome is Outcome.SKIPPED, "nobody has looked at it"


@pytest.mark.parametrize(
    ("answer", "step"),
    [
        ((429, {"error_code": "APIGW.0308", "error_msg": "throttled"}), "max_requests_per_second"),
        ((200, b"<html>log in</html>"), "endpoint"),
        ((500, {"error_code": "AOM.1", "error_msg": "internal"}), "try again later"),
    ],
)
async def test_every_other_failure_has_its_step(answer: tuple[int, object], step: str):
    async with service({"list": LISTED, "wf-1": answer}) as endpoint:
        findings = await visited(endpoint, "wf-1")
    assert workflow(findings).outcome is Outcome.FAILED
    assert step in workflow(findings).next


async def test_a_service_that_hangs_does_not_hang_the_visit():
    over = asyncio.Event()

    async def hang(_: web.Request) -> web.Response:
        await over.wait()
        return web.Response()

    async with served(hang) as endpoint:
        findings = await visited(endpoint, "wf-1", "wf-2")
        over.set()
    assert not findings.ok
    assert {each.outcome for each in findings.projects[0].workflows} == {Outcome.FAILED}


async def test_the_forms_of_times_are_told():
    seconds = {**RECORD, "begin_time": 1_700_000_000, "end_time": "2023-11-14T22:13:21Z", "last_update_time": "never"}
    async with service({"list": LISTED, "wf-1": (200, [seconds, {**RECORD, "execution_id": "e2"}])}) as endpoint:
        findings = await visited(endpoint, "wf-1")
    seen = workflow(findings)
    assert seen.times == ("ISO 8601", "milliseconds", "seconds", "unreadable")
    assert (seen.outcome, seen.oldest_begin) == (Outcome.WARNING, "2023-11-14T22:13:20+00:00")
    assert "1 value that cannot be read" in seen.says


async def test_a_workflow_that_never_ran_is_well():
    async with service({"list": LISTED, "wf-1": (200, [])}) as endpoint:
        seen = workflow(await visited(endpoint, "wf-1"))
    assert (seen.outcome, seen.says, seen.executions) == (Outcome.OK, "no execution yet", 0)


async def test_an_empty_history_of_a_workflow_that_the_list_lacks_is_no_good_sign():
    async with service({"list": LISTED, "wf-l": (200, [])}) as endpoint:
        seen = workflow(await visited(endpoint, "wf-l"))
    assert (seen.outcome, seen.next) == (Outcome.WARNING, "did you mean 'wf-1'?")
    assert seen.says == "no execution yet, and the list does not have it"


async def test_the_costs_are_those_of_all_that_share_a_credential():
    async with service({"list": LISTED, "wf-1": GOOD, "wf-2": GOOD}) as endpoint:
        one = settings(endpoint, "wf-1", interval="500ms")
        two = replace(one.projects[0], name="other", max_requests_per_second=3.0)
        findings = await examine(replace(one, projects=(one.projects[0], two)), clock=Clock(), done=lambda: None)
    first, second = findings.projects
    assert (first.requests_per_minute, first.budget_per_minute) == (120.2, 180.0)
    assert (first.shared_with, second.shared_with) == (("other",), ("prod",))
    assert first.checks[-1].outcome is Outcome.WARNING
    assert first.checks[-1].says == (
        "240 requests a minute together with other, which share its credential, of 180 allowed: looks will be late"
    )
    assert findings.ok, "late looks fail nothing"


async def test_the_predicted_series_are_those_that_a_collector_comes_to_show():
    clock = Clock()
    async with simulator(clock) as there:
        asked = settings(there.url, "wf-00001", "wf-00002")
        findings = await examine(asked, clock=clock, done=lambda: None)
        app = App(replace(asked, state="memory:"), clock=clock, lines=log.setup("error", "logfmt", io.StringIO()))
        page = (await app.once()).decode()
    shown = [line for line in page.splitlines() if line.startswith("aom_workflow_")]
    assert findings.series == len(shown)
    assert findings.series == sum(each.series or 0 for each in findings.projects[0].workflows)
    assert findings.series_at_most > findings.series


async def test_a_visit_to_discovered_workflows_looks_at_those_that_are_wanted():
    done = []
    async with simulator(Clock(), workflows=12) as there:
        more = '[project.discover]\ninclude = ["Synthetic workflow 1.?"]'
        asked = settings(there.url, more=more)
        findings = await examine(asked, clock=Clock(), done=lambda: done.append(1))
    names = {each.name for each in findings.projects[0].workflows}
    assert names == {f"Synthetic workflow {number}" for number in (1, 10, 11, 12)}
    assert len(done) == 4
    assert findings.projects[0].requests_per_minute == pytest.approx(4 + 0.2)


def test_the_schema_for_machines_is_that_of_the_findings():
    assert (schemas.DOCS / "doctor.schema.json").read_text("utf-8") == schemas.schema("doctor"), (
        "python -m deploy.schemas"
    )
    named = json.loads(schemas.schema("doctor"))["$defs"]
    assert set(named["ProjectFindings"]["properties"]) == set(ProjectFindings.__dataclass_fields__)
