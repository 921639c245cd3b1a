"""The page as text; `test_browser.py` looks at it as people do. All facts are synthetic."""

import asyncio
import base64
import gzip
import hashlib
import re
import threading
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl, quote

import aiohttp
import pytest

from collector.web import status
from collector.web.facts import Health, Trouble
from collector.web.status.page import SCRIPT, STYLE, render
from collector.web.status.query import PAGE, Query
from collector.web.status.view import View
from tests.web.served import Handed, serving
from tests.web.synthetic import MINUTE, NOW, SAYS, detail, execution, facts, many, some, summary

BAD = summary(1, Health.FAILED)
HOSTILE = "</td><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{7*7}}"
VOID = {"meta", "link", "input", "br"}


class Seen(HTMLParser):
    """Which elements and attributes a page has, and its text; it says where elements are not closed in order."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text, self._open = [], [], "", []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open and self._open[-1] not in {"script", "style"}:
            self.text += data


def page(told, text="", **more):
    query, faults = Query.read(parse_qsl(text), PAGE)
    return render(View.of(told, query, faults, **more)).decode()


def seen(told, text="", **more):
    shown = Seen(page(told, text, **more))
    shown.text = " ".join(shown.text.split())
    return shown


@pytest.mark.parametrize(
    ("standing", "says"),
    [
        ([Health.FAILED, Health.UNSEEN, Health.FINE], "2 of 3 workflows need you"),
        ([Health.FAILED, Health.FINE], "1 of 2 workflows needs you"),
        ([Health.FINE, Health.ACTIVE], "All 2 workflows are fine"),
        ([Health.FINE], "The only workflow is fine"),
        ([Health.NEW, Health.NEW], "2 workflows, and no look yet"),
        ([Health.NEW, Health.FINE], "1 of 2 workflows are fine, the rest had no look yet"),
        ([], "No workflow is watched"),
    ],
)
def test_the_headline_says_the_one_thing(standing, says):
    told = facts(*(summary(number, health) for number, health in enumerate(standing)))
    html = page(told)
    assert f"<h1>{says}</h1>" in html
    assert f"<title>{says} · AOM workflows</title>" in html


def test_it_says_how_old_the_oldest_look_is():
    told = facts(summary(1, looked_at=NOW - 1), summary(2, looked_at=NOW - 3 * MINUTE + 1))
    assert "all looked at within the last 3 minutes" in seen(told).text
    assert "all looked at within the last minute" in seen(facts(summary(1))).text
    assert "all looked at" not in seen(facts(summary(1), summary(2, Health.NEW))).text


def test_who_failed_tells_where_when_and_what_to_do():
    text = seen(facts(*some())).text
    assert "✕ fail in execution exec-000000000020 3 min ago 2026-11-28 12:16:31 UTC" in text
    assert "Node 导出订单库 dump-orders: ✕ fail 6 min ago 2026-11-28 12:13:31 UTC, 2 in a row" in text
    assert "Look for this id among the task's executions in AOM" in text
    assert f"Last look failed (forbidden): {SAYS}" in text
    assert text.index("夜间数据库备份") < text.index("rotate-certificates") < text.index("nightly-backup-1")


def test_the_failing_execution_is_the_latest_in_which_something_failed_that_has_not_succeeded_since():
    def details(of):
        healed = replace(execution(1, status="fail"), status="success")  # another node's failure
        skipped = replace(execution(2, status="fail"), status="success")
        runs = tuple(replace(run, node="healed") for run in healed.nodes)
        return replace(detail(of), executions=(replace(healed, nodes=runs), skipped, execution(3, status="fail")))

    nodes_only = summary(1, Health.FAILED, failures=0)
    text = seen(facts(nodes_only, summary(2), details=lambda of: replace(details(of), nodes=detail(BAD).nodes))).text
    assert "✕ A node failed in execution exec-000000000002, itself ✓ success" in text
    assert "exec-000000000003 3 min ago" not in text.partition("Nodes and executions")[0]


def test_a_failure_that_is_not_remembered_is_told_all_the_same():
    def bare(of):
        return type(detail(of))(
            interval=60, expect_every=None, succeeded_at=None, ended={}, reopened=0, gaps=0, nodes=(), executions=()
        )

    text = seen(facts(summary(1, Health.FAILED), details=bare)).text
    assert "It failed 3 min ago 2026-11-28 12:16:32 UTC, in an execution that is not among those remembered." in text


def test_trouble_of_the_collectors_own_stands_above_everything():
    trouble = Trouble(of="the state", since=NOW - 4 * MINUTE, says="it cannot be written")
    text = seen(facts(summary(1), troubles=(trouble,))).text
    assert "The only workflow is fine, but the collector is in trouble" in text
    assert "the state: it cannot be written since 4 min ago 2026-11-28 12:15:33 UTC" in text
    assert "not ready: it stops." in seen(facts(summary(1)), not_ready="it stops").text


def test_one_workflow_alone_is_shown_whole():
    text = seen(facts(*some()), "project=prod&workflow=wf-00002").text
    assert "1 of 42 workflows · id wf-00002 · project prod" in text
    assert "✓ success 1,204" in text
    assert "went on after their end1 execution" in text
    assert text.count("exec-00000000002") >= 5
    for heading in (
        "Nodes",
        "Executions under way and remembered, latest first",
        "Looks since the start, latest first",
    ):
        assert heading in text
    assert "检查磁盘空间 check-space ✓ success" in text


def test_an_execution_leads_to_its_workflow_and_is_marked():
    html = page(facts(*some()), "execution=exec-000000000073")
    (fold,) = re.findall(r'<details class="execution wanted"[^>]*open>.*?</summary>', html, re.DOTALL)
    assert "exec-000000000073" in fold
    assert "asked for" in fold
    assert html.count("<article") == 1


def test_an_execution_that_is_not_remembered_is_said_to_be_so():
    text = seen(facts(*some()), "execution=exec-gone").text
    assert "This execution is not among those still remembered" in text
    assert "none of them; AOM itself may still have it" in text
    assert "where this page looked" in seen(facts(*some()), "execution=exec-gone&project=prod").text


def test_a_bad_query_is_said_in_a_sentence_and_left_out():
    text = seen(facts(*some()), "health=bad&projct=x").text
    assert "Left out: health must be one of unseen, failed, active, fine, new" in text
    assert "Left out: projct is not known here; did you mean project?" in text


def test_no_page_holds_more_than_200_rows_or_half_a_megabyte():
    told = facts(*many(10_000))
    html = page(told)
    assert html.count("<tbody class=") == 200
    assert len(html.encode()) < 500_000
    assert "page 1 of 50" in Seen(html).text
    assert page(told, "page=50&sort=name").count("<tbody class=") == 200
    assert "There is no page 51" in seen(told, "page=51").text
    assert "of 10,000 workflows" in Seen(html).text


def test_only_what_is_shown_is_asked_for_its_detail():
    told = []

    def counted(of):
        told.append(of)
        return detail(of)

    page(facts(*many(1000), details=counted))
    assert len(told) == 200


def test_a_page_without_workflows_says_how_one_is_watched():
    assert "[[project.workflow]]" in seen(facts()).text
    assert "The state is read first" in seen(facts(), not_ready="the state is not loaded yet").text


@pytest.mark.parametrize("text", ["", *(f"{each}={quote(HOSTILE)}" for each in (*PAGE, quote(HOSTILE)))])
def test_names_from_outside_stay_text(text):
    row = {"project": HOSTILE, "workflow_id": HOSTILE, "name": HOSTILE, "type": HOSTILE, "status": HOSTILE}
    trouble = Trouble(of=HOSTILE, since=NOW, says=HOSTILE)
    hostile = [summary(1, Health.FAILED, **row), summary(2, Health.UNSEEN, says=HOSTILE, reason=HOSTILE)]
    shown = seen(facts(*hostile, troubles=(trouble,), version=HOSTILE), text, not_ready=HOSTILE)
    assert shown.tags.count("script") == 1
    assert "img" not in shown.tags
    assert not [name for name, _ in shown.attributes if name.startswith("on") or name == "style"]
    assert [value for name, value in shown.attributes if name == "href" and not value.startswith(("/", "data:"))] == []
    assert shown.text.count(HOSTILE) >= 3


async def fetch(web, path, **headers):
    async with aiohttp.ClientSession() as session, session.get(web.addresses[0] + path, headers=headers) as answer:
        return answer, await answer.text()


async def test_the_page_needs_nothing_from_elsewhere_and_its_own_parts_are_allowed_by_their_hashes():
    def sums(text):
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    async with serving(Handed(facts=facts(*some()))) as web:
        answer, html = await fetch(web, "/")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    assert (style, script) == (STYLE, SCRIPT)
    assert answer.headers["Content-Security-Policy"] == (
        f"default-src 'none'; style-src 'sha256-{sums(style)}'; script-src 'sha256-{sums(script)}'; "
        "connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert [value for name, value in Seen(html).attributes if name == "src"] == []


async def test_a_lone_surrogate_and_a_query_in_any_letters_are_answered():
    async with serving(Handed(facts=facts(summary(1, name="lone \ud800"), summary(2)))) as web:
        for query in ("", "?q=%ff%fe", "?workflow=%ed%a0%80", "?q=%00", "?page=%F0%9F", "?" + "a=1&" * 500, "?q=夜间"):
            answer, html = await fetch(web, f"/{query}")
            assert answer.status == 200
            Seen(html)


async def test_whoever_takes_gzip_gets_it():
    async with serving(Handed(facts=facts(*some()))) as web, aiohttp.ClientSession(auto_decompress=False) as session:
        async with session.get(web.addresses[0], headers={"Accept-Encoding": "gzip"}) as answer:
            pressed = await answer.read()
        assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == ("gzip", "Accept-Encoding")
        async with session.get(web.addresses[0], headers={"Accept-Encoding": "identity"}) as answer:
            assert gzip.decompress(pressed) == await answer.read()


async def test_all_that_takes_time_is_done_off_the_loop_one_at_a_time():
    workers, inside, most = set(), 0, 0

    def slow(of):
        nonlocal inside, most
        workers.add(threading.current_thread())
        inside += 1
        most = max(most, inside)
        time.sleep(0.0005)  # whoever else may compute does so now
        inside -= 1
        return detail(of)

    async with serving(Handed(facts=facts(*some(), details=slow))) as web:
        await asyncio.gather(*(fetch(web, path) for path in ("/", "/api/v1/workflows", "/?sort=name") * 3))
    assert workers
    assert threading.main_thread() not in workers
    assert most == 1


async def test_a_query_is_read_off_the_loop_too(monkeypatch):
    """Looking for what was meant by thousands of names takes its time."""
    readers = []

    def near(*_):
        readers.append(threading.current_thread())
        return []

    monkeypatch.setattr("collector.web.status.query.get_close_matches", near)
    async with serving(Handed(facts=facts(*some()))) as web:
        for path in ("/?projct=1", "/api/v1/workflows?projct=1"):
            await fetch(web, path)
    assert len(readers) == 2
    assert threading.main_thread() not in readers


async def test_however_many_ask_for_the_page_scrapes_have_their_turn():
    go = threading.Event()

    def held(of):
        go.wait(10)
        return detail(of)

    handed = Handed(facts=facts(*some(), details=held))
    async with serving(handed) as web:
        pages = [asyncio.create_task(fetch(web, "/")) for _ in range(60)]
        refused = [answer for answer, _ in await first(50, pages)]
        answer, _ = await fetch(web, "/metrics")
        go.set()
        served = [answer for answer, _ in await asyncio.gather(*pages)]
    assert answer.status == 200
    assert {each.status for each in refused} == {503}
    assert sorted(each.status for each in served) == [200] * 10 + [503] * 50


async def first(number, tasks):
    """What the first so many bring."""
    return [await each for _, each in zip(range(number), asyncio.as_completed(tasks), strict=False)]


def test_of_very_many_projects_the_page_lists_some_and_takes_any():
    html = page(facts(*(summary(number, project=f"project-{number:03}") for number in range(250))))
    assert '<input name="project"' in html
    assert "and 50 more projects" in html
    assert html.count("project=project-") == 400  # by its workflow, and in the list of projects


def test_the_templates_escape_everything():
    """What is marked as safe is the page's own style and script alone."""
    folder = Path(status.__file__).parent / "templates"
    marked = [
        line for file in folder.glob("*.html") for line in file.read_text("utf-8").splitlines() if "|safe" in line
    ]
    assert marked == ["<style>{{ style|safe }}</style>", "<script>{{ script|safe }}</script>"]
    assert not [file for file in folder.glob("*.html") if "autoescape" in file.read_text("utf-8")]
