"""`/api/v1/workflows` on a real server, and every path as `openapi.json` has it. All facts are synthetic."""

import json
from http.client import HTTPConnection

import aiohttp
import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from collector.web.facts import Detail, Health, Project, Summary, Trouble
from deploy import openapi, schemas
from tests.web.served import Handed, served_apart, serving
from tests.web.synthetic import NOW, facts, many, some, summary

DESCRIBED = json.loads(openapi.document())
WORKFLOWS = "/api/v1/workflows"


def mixed():
    new = summary(50, Health.NEW, type="", name="一" * 300)
    odd = summary(51, Health.FAILED, name="lone \ud800\x00", says="\ud800", status="unknown", end=10**17)
    return facts(*some(), new, odd, troubles=(Trouble(of="the state", since=NOW, says="full"),))


@pytest.fixture(scope="module")
def handed():
    return Handed(facts=mixed())


@pytest.fixture(scope="module")
def address(handed):
    with served_apart(handed) as address:
        yield address


def ask(address, path, method="GET"):
    connection = HTTPConnection(address.removeprefix("http://"), timeout=10)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def told(address, query=""):
    answer, body = ask(address, f"{WORKFLOWS}{query}")
    assert answer.status == 200, body
    assert answer.headers["Content-Type"] == "application/json"
    return json.loads(body)


def test_it_tells_what_the_page_tells(address):
    answer = told(address, "?workflow=wf-00002")
    (one,) = answer["workflows"]
    assert (answer["version"], answer["at"], answer["watched"]) == ("1.2.3", "2026-11-28T12:19:33.456Z", 44)
    assert answer["health"] == {"unseen": 0, "failed": 1, "active": 0, "fine": 0, "new": 0}
    assert answer["projects"][0]["name"] == "prod"
    assert answer["projects"][0]["listed_at"] == "2026-11-28T12:15:33.456Z"
    assert answer["troubles"] == [{"of": "the state", "since": "2026-11-28T12:19:33.456Z", "says": "full"}]
    assert (one["name"], one["health"], one["failures"]) == ("夜间数据库备份", "failed", 2)
    assert one["end"] == "2026-11-28T12:16:31.456Z"
    assert one["ended"] == {"success": 1204, "fail": 2, "cancel": 1, "approvalFailed": 0, "timeout": 0}
    assert one["nodes"][1]["execution_id"] == one["executions"][0]["execution_id"] == "exec-000000000020"
    assert one["executions"][0]["nodes"][1]["status"] == "fail"
    assert len(one["looks"]) == 6


def test_every_field_of_the_nouns_is_there(address):
    (one,) = told(address, "?workflow=wf-00011")["workflows"]
    assert one.keys() == Summary.__dataclass_fields__.keys() | Detail.__dataclass_fields__.keys()
    assert told(address)["projects"][0].keys() == Project.__dataclass_fields__.keys()


def test_it_filters_sorts_and_pages_as_the_page_does(address):
    first = told(address, "?per_page=20&sort=-name&project=prod")
    assert (first["total"], first["page"], first["pages"], first["per_page"]) == (38, 1, 2, 20)
    second = told(address, "?per_page=20&sort=-name&project=prod&page=2")
    names = [each["name"].casefold() for page in (first, second) for each in page["workflows"]]
    assert len(names) == 38
    assert names == sorted(names, reverse=True)
    assert told(address, "?page=999")["workflows"] == []
    assert {each["health"] for each in told(address, "?health=failed&health=new")["workflows"]} == {"failed", "new"}


def test_what_cannot_be_written_is_replaced(address):
    (one,) = told(address, "?workflow=wf-00051")["workflows"]
    assert (one["name"], one["says"], one["end"]) == ("lone \ufffd\x00", "\ufffd", None)


def test_a_bad_query_is_refused_with_all_its_faults(address):
    answer, body = ask(address, f"{WORKFLOWS}?page=0&healt=failed&status=")
    assert (answer.status, answer.headers["Content-Type"]) == (400, "application/json")
    assert json.loads(body)["faults"] == [
        {"parameter": "page", "says": "must be a whole number from 1 to 999999", "fix": ""},
        {"parameter": "healt", "says": "is not known here", "fix": "did you mean health?"},
        {"parameter": "status", "says": "is empty", "fix": "leave it out"},
    ]


def test_head_is_answered_without_a_body_and_other_methods_are_refused(address):
    whole, body = ask(address, WORKFLOWS)
    answer, nothing = ask(address, WORKFLOWS, "HEAD")
    assert (answer.status, nothing) == (200, b"")
    assert answer.headers["Content-Length"] == whole.headers["Content-Length"] == str(len(body))
    assert ask(address, WORKFLOWS, "POST")[0].status == 405
    assert ask(address, "/api/v1/")[0].status == 404


async def test_until_the_state_is_loaded_there_is_nothing_to_tell():
    async with serving(Handed(loaded=False)) as web, aiohttp.ClientSession(web.addresses[0]) as session:
        async with session.get(WORKFLOWS) as answer:
            assert (answer.status, await answer.text()) == (503, "The state is not loaded yet.\n")
        async with session.get("/") as answer:
            assert answer.status == 200


async def test_of_ten_thousand_workflows_at_most_200_are_told():
    async with serving(Handed(facts=facts(*many(10_000)))) as web, aiohttp.ClientSession(web.addresses[0]) as session:
        async with session.get(WORKFLOWS) as answer:
            found = await answer.json()
        async with session.get(f"{WORKFLOWS}?per_page=201") as answer:
            assert answer.status == 400
    assert (len(found["workflows"]), found["total"], found["pages"]) == (200, 10_000, 50)


def test_the_description_is_that_of_what_is_served():
    assert (schemas.DOCS / "openapi.json").read_text("utf-8") == openapi.document(), "python -m deploy.schemas"


def test_a_whole_answer_is_as_described(address):
    schema = {"$ref": "#/components/schemas/Workflows", "components": DESCRIBED["components"]}
    answer = told(address)
    jsonschema.validate(answer, schema, format_checker=jsonschema.FormatChecker())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(answer | {"at": NOW}, schema)


OPERATIONS = [each.ok() for each in schemathesis.openapi.from_dict(DESCRIBED).get_all_operations()]
CASES = [
    pytest.param(operation.as_strategy(generation_mode=mode), id=f"{operation.label} {mode.value}")
    for operation in OPERATIONS
    for mode in GenerationMode
    if operation.query or mode is GenerationMode.POSITIVE  # else there is nothing to bend
]


@pytest.mark.parametrize("cases", CASES)
def test_every_answer_is_as_described(cases, address):
    """All checks, on what fits the description and on what does not."""

    @given(cases)
    @settings(
        max_examples=25,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def holds(case):
        case.call_and_validate(base_url=address)

    holds()
