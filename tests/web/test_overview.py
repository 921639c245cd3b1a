import base64
import hashlib
import re
from html.parser import HTMLParser

import aiohttp

from collector.web import Overview, WorkflowRow
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
