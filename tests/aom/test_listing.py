"""The workflow list: whole or not at all, however the service counts its pages."""

import contextlib
import json
from collections.abc import Callable

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from collector.aom import listing
from collector.clock import Clock
from collector.errors import Reason, SourceError, Unreadable
from collector.model import Definition, Listing
from collector.simulator import Simulator, world
from tests.aom.speaking import PROJECT_ID, TOKEN, client, served


def element(number: int, **more: object) -> dict:
    return {
        "id": f"wf-{number}",
        "name": f"Name {number}",
        "type": "cron",
        "nodes": [{"id": "n", "name": "Node"}],
    } | more


class Pages:
    """Serves elements by page, first page `base`; `total` as the service says it."""

    def __init__(self, count: int, *, base: int = 0, total: object = "right", strict: bool = False) -> None:
        self.elements = [element(number) for number in range(count)]
        self.base, self.strict = base, strict
        self.total = count if total == "right" else total
        self.asked: list[dict] = []

    async def answer(self, request: web.Request) -> web.Response:
        assert (request.method, request.path) == ("POST", f"/v1/{PROJECT_ID}/cms/workflow-list")
        asked = await request.json()
        self.asked.append(asked)
        if self.strict and asked["page"] < self.base:
            return web.json_response({"error_code": "AOM.30005001", "error_msg": "page"}, status=400)
        start = max(asked["page"] - self.base, 0) * asked["size"]
        page = self.elements[start : start + asked["size"]]
        return web.json_response({"elements": page, "total_elements": self.total})


async def listed(pages: Pages) -> tuple[Definition, ...]:
    async with served(pages.answer) as endpoint, client(endpoint) as aom:
        return (await aom.listed()).definitions


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
@pytest.mark.parametrize(("base", "strict"), [(0, False), (1, False), (1, True)])
@pytest.mark.parametrize("total", ["right", None, "many", -1, True])
async def test_every_workflow_is_found_once(count: int, base: int, strict: bool, total: object):  # noqa: FBT001  a parameter of the table
    pages = Pages(count, base=base, strict=strict, total=total)
    found = await listed(pages)
    assert [definition.workflow_id for definition in found] == [f"wf-{number}" for number in range(count)]
    assert len(pages.asked) <= count // 100 + 3


class Moving(Pages):
    """A list that changes between the answers: `moves[n]` is called after the n-th."""

    def __init__(self, count: int, moves: dict[int, Callable[[list[dict]], None]]) -> None:
        super().__init__(count)
        self.moves = moves

    async def answer(self, request: web.Request) -> web.Response:
        self.total = len(self.elements)
        response = await super().answer(request)
        self.moves.get(len(self.asked), lambda _: None)(self.elements)
        return response


def first_goes(elements: list[dict]) -> None:
    del elements[0]


def first_goes_and_another_comes(elements: list[dict]) -> None:
    del elements[0]
    elements.append(element(1000))


def one_comes_first(elements: list[dict]) -> None:
    elements.insert(0, element(1000))


async def read_while(moves: dict[int, Callable[[list[dict]], None]]) -> tuple[Listing, Moving]:
    pages = Moving(150, moves)
    async with served(pages.answer) as endpoint, client(endpoint) as aom:
        return await aom.listed(), pages


@pytest.mark.parametrize("move", [first_goes, one_comes_first])
async def test_a_list_that_moves_between_two_pages_is_read_once_more(move: Callable[[list[dict]], None]):
    found, pages = await read_while({1: move})
    assert found.complete
    assert {each.workflow_id for each in found.definitions} == {each["id"] for each in pages.elements}
    assert len(pages.asked) <= 5


async def test_a_list_that_never_holds_still_is_not_taken_for_whole():
    found, pages = await read_while({1: first_goes, 3: first_goes})
    assert not found.complete
    assert len(pages.asked) == 4


async def test_a_row_that_slipped_between_two_pages_while_another_came_is_missed_by_one_pass_only():
    """Nothing in the answers shows it: this is why a workflow is gone only after three passes."""
    found, pages = await read_while({1: first_goes_and_another_comes})
    assert found.complete
    assert {each["id"] for each in pages.elements} - {each.workflow_id for each in found.definitions} == {"wf-100"}


@pytest.mark.parametrize(
    ("elements", "total", "complete"),
    [
        ([1, 2, 3], 3, True), ([1, 2, 3], None, True), ([], 0, True), ([], None, True),
        ([1, 2], 3, False), ([1, 2, 2], 3, False), ([1, 2, 2], None, False), ([], 3, False), ([1, 2, 3], 2, False),
    ],
)  # fmt: skip
async def test_a_cut_list_or_one_with_a_row_twice_is_not_taken_for_whole(
    elements: list[int],
    total: int | None,
    complete: bool,  # noqa: FBT001  a parameter of the table
):
    pages = Pages(0, total=total)
    pages.elements = [element(number) for number in elements]
    async with served(pages.answer) as endpoint, client(endpoint) as aom:
        found = await aom.listed()
    assert found.complete == complete
    assert {each.workflow_id for each in found.definitions} == {f"wf-{number}" for number in elements}


async def test_rows_that_tell_no_workflow_count_for_wholeness():
    pages = Pages(3)
    pages.elements[0] = {"name": "no id"}
    pages.elements[1]["is_delete"] = True
    async with served(pages.answer) as endpoint, client(endpoint) as aom:
        found = await aom.listed()
    assert (found.complete, found.listed) == (True, 3)
    assert [each.workflow_id for each in found.definitions] == ["wf-2"]


@pytest.mark.parametrize("size", [10, 50])
async def test_smaller_pages_than_were_asked_for_are_read_to_their_end(size: int):
    pages = Pages(120)

    async def answer(request: web.Request) -> web.Response:
        page = (await request.json())["page"]
        part = pages.elements[page * size : (page + 1) * size]
        return web.json_response({"elements": part, "total_elements": 120})

    async with served(answer) as endpoint, client(endpoint) as aom:
        found = await aom.listed()
    assert (found.complete, len(found.definitions)) == (True, 120)


async def test_it_is_asked_for_by_age_so_that_new_workflows_move_nothing():
    pages = Pages(1)
    (definition,) = await listed(pages)
    assert pages.asked == [{"page": 0, "size": 100, "sort_field": "create_time", "sort_type": "ASC"}]
    assert definition == Definition(workflow_id="wf-0", name="Name 0", type="cron", nodes={"n": "Node"})


async def test_pages_that_repeat_for_ever_are_refused_soon():
    pages = Pages(0, total=10_000)
    pages.elements = [element(number) for number in range(100)] * 1000
    with pytest.raises(Unreadable, match="repeat and never end"):
        await listed(pages)
    assert len(pages.asked) == 3


@pytest.mark.parametrize(
    "broken", [b"", b"<html>", b"[]", b'{"elements": {}}', b'{"elements": null}', b'{"error_code":"X"}']
)
async def test_one_broken_page_costs_the_whole_pass(broken: bytes):
    pages = Pages(250)

    async def answer(request: web.Request) -> web.Response:
        response = await pages.answer(request)
        return response if len(pages.asked) < 3 else web.Response(body=broken, content_type="application/json")

    async with served(answer) as endpoint, client(endpoint) as aom:
        with pytest.raises(SourceError) as caught:
            await aom.listed()
    assert caught.value.reason is Reason.ANSWER


@pytest.mark.parametrize("body", [b"<html>busy</html>", b"", b'{"error_code": "X"}'])
async def test_a_first_page_that_cannot_be_read_is_not_taken_for_counting_from_one(body: bytes):
    pages = Pages(40)

    async def answer(request: web.Request) -> web.Response:
        response = await pages.answer(request)
        return web.Response(body=body) if pages.asked[-1]["page"] == 0 else response

    async with served(answer) as endpoint, client(endpoint) as aom:
        with pytest.raises(Unreadable):
            await aom.listed()
    assert len(pages.asked) == 1


async def test_the_simulator_s_list_is_read_whole():
    clock = Clock()
    made = world(7, workflows=230, start=clock.now())
    simulator = Simulator(made, clock=clock.now, token=TOKEN, project_id=PROJECT_ID)
    async with simulator, client(simulator.url) as aom:
        found = {definition.workflow_id: definition for definition in (await aom.listed()).definitions}
    assert set(found) == set(made.flows)
    for flow in made.flows.values():
        assert found[flow.id].name == flow.name
        assert found[flow.id].nodes == {step.id: step.name for step in flow.steps}
    assert simulator.violations == []


@pytest.mark.parametrize(
    ("bad", "kept"),
    [
        ({"id": None}, 0), ({"id": ""}, 0), ({"id": 7}, 0), ({"id": "x" * 65}, 0), ("text", 0), (None, 0), ([], 0),
        ({"id": "w"}, 1), ({"id": "w", "name": None, "type": 5, "nodes": {}}, 1),
        ({"id": "w", "nodes": [None, {"id": 3}]}, 1),
    ],
)  # fmt: skip
def test_a_bad_element_is_left_out_alone(bad: object, kept: int):
    page = listing.read(json.dumps({"elements": [bad, element(1)], "total_elements": 2}).encode())
    assert len(page.definitions) == kept + 1
    assert page.elements == 2
    if kept:
        assert page.definitions[0] == Definition(workflow_id="w", name="", type="", nodes={})


def test_names_that_cannot_be_labels_are_not_told():
    body = json.dumps({"elements": [element(1, name="n" * 257, type="t" * 17)]}).encode()
    (definition,) = listing.read(body).definitions
    assert (definition.name, definition.type) == ("", "")
    (hostile,) = listing.read(json.dumps({"elements": [element(1, name="夜间\ud800")]}).encode()).definitions
    assert hostile.name == "夜间\ufffd"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "name", "nodes"]), inner),
)


@given(st.lists(values, max_size=4), values)
def test_whatever_the_elements_a_list_is_read(elements: list, total: object):
    body = json.dumps({"elements": elements, "total_elements": total}).encode()
    page = listing.read(body)
    assert len(page.definitions) <= page.elements == len(elements)


@given(st.binary(max_size=60))
def test_whatever_the_bytes_it_is_a_page_or_an_error(body: bytes):
    with contextlib.suppress(Unreadable):
        assert listing.read(body).elements >= 0
