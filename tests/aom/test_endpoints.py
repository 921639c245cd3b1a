"""Nothing but the allowed requests can be made: a POST to the executions path would start the task."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.aom.endpoints import ALLOWED, CREATE_TOKEN, LIST_EXECUTIONS, LIST_WORKFLOWS, Operation, Request
from tests.aom.speaking import PROJECT_ID, client, served


@given(st.text(min_size=1, max_size=70), st.text(min_size=1, max_size=40))
def test_whatever_the_ids_the_request_is_a_get_of_the_one_path(workflow_id: str, project_id: str):
    try:
        request = Request(operation=LIST_EXECUTIONS, ids={"workflow_id": workflow_id}).within(project_id)
        path = request.path
    except (ValueError, UnicodeError):
        return
    assert path.count("/") == 6
    assert path.startswith("/v1/")
    assert path.endswith("/executions")
    assert not set(path) & set("?#")
    assert request.operation.method == "GET"


@given(st.text(min_size=1, max_size=70))
def test_no_id_turns_another_request_into_one_to_the_executions_path(project_id: str):
    try:
        path = Request(operation=LIST_WORKFLOWS, project_id=project_id).path
    except (ValueError, UnicodeError):
        return
    assert path.endswith("/cms/workflow-list")
    assert path.count("/") == 4


@pytest.mark.parametrize(
    "operation",
    [
        Operation("execute", "POST", LIST_EXECUTIONS.path),
        Operation("list_executions", "POST", LIST_EXECUTIONS.path),
        Operation("list_executions", "GET", LIST_EXECUTIONS.path + "/x/terminate"),
    ],
)
def test_a_request_that_is_not_in_the_table_cannot_be_built(operation: Operation):
    with pytest.raises(ValueError, match="not a request"):
        Request(operation=operation, ids={"workflow_id": "wf-1"}, project_id=PROJECT_ID)


@pytest.mark.parametrize("ids", [{}, {"workflow_id": ""}, {"workflow_id": ".."}, {"workflow_id": "a", "x": "b"}])
def test_an_id_that_is_no_segment_is_refused(ids: dict):
    with pytest.raises(ValueError, match="one segment"):
        Request(operation=LIST_EXECUTIONS, ids=ids)


def test_what_is_posted_or_put_only_reads():
    posts = {(row.path, row.iam, row.metadata) for row in ALLOWED if row.method != "GET"}
    assert posts == {
        ("/v1/{project_id}/cms/workflow-list", False, False),
        ("/v3/auth/tokens", True, False),
        ("/meta-data/latest/api/token", False, True),
    }
    assert {row.name for row in ALLOWED} == {
        "list_executions",
        "list_workflows",
        "create_token",
        "list_projects",
        "get_metadata",
    }


def test_a_request_without_its_project_has_no_path_and_a_token_needs_none():
    with pytest.raises(ValueError, match="for which project"):
        _ = Request(operation=LIST_WORKFLOWS).path
    assert Request(operation=CREATE_TOKEN).path == "/v3/auth/tokens"


async def test_who_tries_to_change_the_method_under_way_finds_no_place_to_do_so():
    seen = []

    async def handler(request):
        seen.append((request.method, request.path))
        raise AssertionError

    async with served(handler) as endpoint, client(endpoint) as aom:
        request = Request(operation=LIST_EXECUTIONS, ids={"workflow_id": "wf-1"})
        for change in ({"operation": Operation("x", "POST", LIST_EXECUTIONS.path)}, {"method": "POST"}):
            with pytest.raises((ValueError, TypeError)):
                await aom._client.ask(  # noqa: SLF001  the only place where a request could be slipped in
                    type(request)(**{"operation": LIST_EXECUTIONS, "ids": request.ids} | change)
                )
        with pytest.raises(AttributeError):
            request.operation.method = "POST"
    assert seen == []
