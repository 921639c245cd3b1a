import base64
import hashlib
import re
from html.parser import HTMLParser

import aiohttp

from collector.web import FailedNode, Overview, WorkflowRow
from collector.web.overview import page
from tests.web.served import Handed, serving

HOSTILE = "</td><script>alert(1)</script><img src=x onerror=alert(2)>\"'&"


class Seen(HTMLParser):
    """Which elements and attributes a page has, and its text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


def row(**more):
    return WorkflowRow(**{"project": "prod", "workflow_id": "wf-1", "name": "nightly"} | more)


def shown(*rows):
    return Seen(page(Overview(version="1.2.3", rows=rows)))


def test_names_from_outside_stay_text():
    hostile = row(
        project=HOSTILE,
        workflow_id=HOSTILE,
        name=HOSTILE,
        up=False,
        looked_at=1_700_000_000_000,
        status=HOSTILE,
        says=HOSTILE,
    )
    seen = Seen(page(Overview(version=HOSTILE, rows=(hostile,))))
    assert not {"script", "img"} & set(seen.tags)
    assert not [name for name, _ in seen.attributes if name.startswith("on") or name == "style"]
    assert seen.text.count(HOSTILE) == 6


def test_failures_come_first():
    rows = row(name="aa", up=True), row(name="bb", up=True, failures=2), row(name="cc", up=False, says="no answer")
    text = shown(*rows).text
    assert text.index("cc") < text.index("bb") < text.index("aa")


def test_a_workflow_says_how_its_last_look_went():
    assert "not yet" in shown(row()).text
    assert "2023-11-14 22:13:20 UTC" in shown(row(up=True, looked_at=1_700_000_000_000)).text
    assert "the token is refused" in shown(row(up=False, looked_at=1, says="the token is refused")).text
    assert "approvalFailed" in shown(row(status="approvalFailed")).text


def test_a_long_list_is_cut_and_says_so():
    rows = [row(workflow_id=f"wf-{i}", up=True) for i in range(250)]
    seen = shown(*rows)
    assert seen.tags.count("tr") == 201
    assert "250 workflows" in seen.text
    assert "and 50 more" in seen.text


async def test_the_page_needs_nothing_from_elsewhere_and_its_style_is_allowed_by_its_hash():
    handed = Handed(overview=Overview(version="1.2.3", rows=(row(up=True), row(name="lone \ud800"))))
    async with serving(handed) as web, aiohttp.ClientSession() as session, session.get(web.addresses[0]) as answer:
        html = await answer.text()
        policy = answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'"
    links = [value for name, value in Seen(html).attributes if name in {"href", "src"}]
    assert links == ["/metrics", "/-/healthy", "/-/ready"]
    assert "version 1.2.3" in html


def test_a_filtered_page_shows_what_was_asked_for_says_so_and_leads_to_the_whole():
    rows = (row(), row(workflow_id="wf-2", name="夜间备份"), row(project="test", workflow_id="wf-2"))
    html = page(Overview(version="1.2.3", rows=rows), {"project": "prod", "workflow": "wf-2", "sort": "name"})
    assert "夜间备份" in html
    assert html.count("<tr><td>") == 1
    assert "Only project prod, workflow wf-2: 1 of 3." in html
    assert '<a href="/">Show all</a>' in html
    assert "Only " not in page(Overview(version="1.2.3", rows=rows), {"sort": "name"})


def test_a_filter_that_nothing_meets_leaves_an_empty_page_and_what_it_quotes_stays_text():
    html = page(Overview(version="1.2.3", rows=(row(),)), {"workflow": HOSTILE})
    seen = Seen(html)
    assert "script" not in seen.tags
    assert "img" not in seen.tags
    assert "0 of 1." in seen.text
    assert html.count("<tr><td>") == 0


def test_nodes_that_failed_are_named_with_how_and_when_and_stay_text():
    nodes = (
        FailedNode(node="dump-orders", status="timeout", at=1_700_000_000_000),
        FailedNode(node=HOSTILE, status="fail"),
    )
    seen = shown(row(failed=nodes))
    assert "dump-orders timeout 2023-11-14 22:13:20 UTC" in seen.text
    assert HOSTILE in seen.text
    assert "script" not in seen.tags


async def test_the_query_of_a_request_is_the_filter():
    handed = Handed(overview=Overview(version="1.2.3", rows=(row(), row(workflow_id="wf-2"))))
    async with serving(handed) as web, aiohttp.ClientSession() as session:
        async with session.get(f"{web.addresses[0]}/?workflow=wf-2&workflow=ignored") as answer:
            text = await answer.text()
        assert "1 of 2." in text
