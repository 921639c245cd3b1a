"""The status page in a real Chromium, as people see it. All facts are synthetic."""

import re
import subprocess
from dataclasses import replace

import pytest
from playwright.sync_api import expect, sync_playwright

from collector.web.facts import Execution, Health, Node, NodeRun, Trouble
from tests.web.chromium import launched, needs_chromium
from tests.web.served import Handed, served_apart
from tests.web.synthetic import DAY, MINUTE, NOW, detail, facts, many, some, summary

EVERY = 15_000
HOSTILE = (
    '</td></code><script>window.hit=1</script><img src=x onerror=\'window.hit=2\'>" onclick="window.hit=3" {{7*7}}'
)
STEERING = "safe\u202egnp.exe\x1b[31m\r\n\x00\u2066"

pytestmark = needs_chromium

CONTRAST = """() => {
  const light = (channel) => channel <= .04045 ? channel / 12.92 : ((channel + .055) / 1.055) ** 2.4;
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const shine = ([r, g, b]) => .2126 * light(r / 255) + .7152 * light(g / 255) + .0722 * light(b / 255);
  const paper = (each) => { for (; each; each = each.parentElement) {
    const colour = parts(getComputedStyle(each).backgroundColor); if (colour.length < 4 || colour[3]) return colour; }
    return [255, 255, 255]; };
  const poor = [];
  for (const each of document.querySelectorAll("body *")) {
    if (![...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
    if (each.closest("script, style, option, .hidden") || !each.getClientRects().length) continue;
    const [high, low] = [shine(parts(getComputedStyle(each).color)), shine(paper(each))].sort((a, b) => b - a);
    const ratio = (high + .05) / (low + .05);
    if (ratio < 4.5) poor.push([each.outerHTML.slice(0, 80), ratio]);
  }
  return poor;
}"""


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        found = launched(playwright)
        yield found
        found.close()


@pytest.fixture
def handed():
    return Handed(facts=facts(*some()))


@pytest.fixture
def address(handed):
    with served_apart(handed) as address:
        yield address


@pytest.fixture
def look(browser, address):
    """Opens pages; at the end, none may have asked elsewhere, complained, or run what is not its own."""
    contexts, complaints = [], []

    def look(path="/", **more):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}} | more)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("request", lambda sent: sent.url.startswith((address, "data:")) or complaints.append(sent.url))
        page.on("console", lambda said: said.type in {"error", "warning"} and complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.clock.install(time=NOW / 1000)
        page.goto(f"{address}{path}")
        return page

    yield look
    for context in contexts:
        context.close()
    unreachable = "net::ERR_CONNECTION_REFUSED"  # what the browser itself says where a test took the server away
    assert [each for each in complaints if unreachable not in each] == []


def refreshed(page):
    """Let the time pass after which the page asks again, and wait for the answer."""
    with page.expect_response("**/*"):
        page.clock.run_for(EVERY)


def names(page):
    return page.locator(".list .name").all_inner_texts()


def unfold(page):
    page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")


def no_wider(page):
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_needs_a_person_is_at_the_top(look):
    page = look()
    expect(page.locator("h1")).to_have_text("3 of 42 workflows need you")
    assert names(page)[:3] == ["夜间数据库备份", "月度账单核对", "rotate-certificates"]
    assert page.locator(".list > tbody").count() == 42
    wrong = page.locator(".list > tbody").nth(0).locator(".wrong")
    expect(wrong).to_contain_text("in execution exec-000000000020")
    expect(wrong).to_contain_text("导出订单库 dump-orders")
    assert page.title() == "3 of 42 workflows need you · AOM workflows"
    assert page.locator("html").get_attribute("lang") == "en"


def test_one_filters_by_form_and_by_link_and_every_view_is_a_link(look, address):
    page = look()
    page.fill("#q", "BACKUP")
    page.select_option("#project", "billing")
    page.select_option("#sort", "-name")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**/?*")
    assert page.url == f"{address}/?q=BACKUP&project=billing&status=&sort=-name"
    expected = [f"nightly-backup-{number}" for number in (42, 35, 28, 21, 14)]
    assert names(page) == sorted(expected, reverse=True)
    assert page.input_value("#q") == "BACKUP"
    page.locator(".chips .failed").click()
    page.wait_for_url("**health=failed**")
    expect(page.locator(".empty h2")).to_have_text("No workflow is so")
    page.get_by_role("link", name="Show all", exact=True).click()
    page.locator(".chips .failed").click()
    page.wait_for_url("**/?health=failed")
    assert names(page) == ["夜间数据库备份", "月度账单核对"]
    page.locator(".list .name").nth(1).click()
    page.wait_for_url("**workflow=wf-00007")
    expect(page.locator("article h2")).to_contain_text("月度账单核对")


def test_without_scripts_everything_works_as_well(look):
    page = look(java_script_enabled=False)
    page.fill("#q", "rotate")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("article h2")).to_contain_text("rotate-certificates")
    assert '<noscript><meta http-equiv="refresh" content="15"></noscript>' in page.content()


def test_one_sorts_and_pages_through_very_many(look, handed):
    handed.facts = facts(*many(10_000))
    page = look()
    expect(page.locator("h1")).to_have_text("400 of 10,000 workflows need you")
    assert page.locator(".list > tbody").count() == 200
    page.get_by_role("link", name="next →").click()
    page.wait_for_url("**/?page=2")
    expect(page.locator(".pages")).to_contain_text("page 2 of 50")
    page.locator("thead").get_by_role("link", name="workflow").click()
    page.wait_for_url("**/?sort=name")
    assert names(page)[:2] == ["nightly-backup-0", "nightly-backup-1"]
    assert page.locator("th[aria-sort=ascending]").inner_text().strip().startswith("workflow")
    page.locator("thead").get_by_role("link", name="workflow").click()
    page.wait_for_url("**/?sort=-name")
    assert names(page)[0] == "nightly-backup-9999"


def test_an_id_is_selected_whole_by_a_click(look):
    page = look()
    page.locator(".wrong code.id").first.click(position={"x": 20, "y": 5})
    assert page.evaluate("getSelection().toString().trim()") == "exec-000000000020"


def told_in(word, *summaries):
    """Facts whose every text about what goes on in a workflow is this one, of such workflows."""
    run = NodeRun(node=word, name=word, status=word, begin=NOW - DAY, end=NOW, failed=True)
    execution = Execution(
        execution_id=word, status=word, begin=NOW - DAY, end=NOW, active=False, failed=True, nodes=(run,)
    )
    node = Node(
        node=word,
        name=word,
        status=word,
        begin=NOW,
        end=NOW,
        duration=1.0,
        failures=3,
        active=1,
        execution_id=word + "2",
    )

    def details(of):
        looks = tuple(replace(each, says=word, reason=word, outcome=word) for each in detail(of).looks)
        return replace(detail(of), nodes=(node,), executions=(execution,), looks=looks, ended={word: 3})

    trouble = Trouble(of=word, since=NOW, says=word)
    return facts(*summaries, details=details, troubles=(trouble,), version=word)


def named(number, health, word):
    """A workflow whose every text is this one."""
    texts = ("project", "workflow_id", "name", "type", "status", "reason", "says")
    return summary(number, health, **dict.fromkeys(texts, word))


def hostile():
    """Facts whose every text is an attack."""
    link = named(3, Health.UNSEEN, "javascript:window.hit=4")
    return told_in(HOSTILE, named(1, Health.FAILED, HOSTILE), named(2, Health.UNSEEN, STEERING), link)


def test_attacks_in_every_text_stay_text(look, handed):
    handed.facts, handed.not_ready = hostile(), HOSTILE
    page = look()
    for click in (None, "tbody .name >> nth=0"):
        if click:
            page.locator(click).click()
            page.wait_for_url("**workflow=**")
            expect(page.locator("article")).to_have_count(1)
        unfold(page)
        assert page.evaluate("window.hit") is None
        assert page.locator("main script, main img, main [onclick], main [style]").count() == 0
        assert page.locator("main").inner_text().count("<script>window.hit=1</script>") > 10
        assert "{{7*7}}" in page.locator("main").inner_text()
        assert page.evaluate("[...document.links].every((each) => each.origin === location.origin)")
        assert page.locator(".list .name").count() in {0, 3}
        refreshed(page)
        assert page.evaluate("window.hit") is None


def test_what_steers_is_written_out_and_what_is_said_is_isolated(look, handed):
    handed.facts = hostile()
    page = look("/?q=safe")
    expect(page.locator("article h2 bdi")).to_have_text("safe\\u202egnp.exe\\x1b[31m\\x0d\\x0a\\x00\\u2066")
    isolated = "each => getComputedStyle(each).unicodeBidi"
    kinds = {each.evaluate(isolated) for each in page.locator("main bdi, main code").all()}
    assert kinds == {"isolate"}


def test_chinese_has_glyphs(look):
    if not subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=False).stdout:
        pytest.skip("needs a font with Chinese, such as fonts-noto-cjk")
    page = look("/?q=夜间")
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    node = session.send("DOM.querySelector", {"nodeId": root, "selector": "article h2 bdi"})["nodeId"]
    fonts = session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    assert page.locator("article h2 bdi").inner_text() == "夜间数据库备份"
    assert sum(font["glyphCount"] for font in fonts) == 7
    assert all(re.search("CJK|Hei|Song|Ming|Han|WenQuan|Droid", font["familyName"]) for font in fonts), fonts


@pytest.mark.parametrize(
    "path", ["/", "/?project=prod&workflow=wf-00002", "/?workflow=none", f"/?helth=1&execution={'x' * 300}"]
)
def test_on_a_phone_nothing_is_wider_than_the_screen(look, handed, path):
    page = look(path, viewport={"width": 390, "height": 844}, has_touch=True)
    unfold(page)
    assert no_wider(page)
    for word in (HOSTILE, "x" * 300):
        handed.facts = told_in(word, named(1, Health.FAILED, word), named(2, Health.UNSEEN, word))
        page.goto(page.url)
        unfold(page)
        assert no_wider(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(look, handed, scheme):
    trouble = Trouble(of="the state", since=NOW, says="full")
    handed.facts = facts(*some(), summary(99, Health.NEW), summary(98, status="cancel"), troubles=(trouble,))
    for path in ("/?x=1", "/?execution=exec-000000000023", "/?workflow=none"):
        page = look(path, color_scheme=scheme)
        unfold(page)
        assert page.evaluate(CONTRAST) == []
    papers = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (papers == "rgb(18, 21, 26)") is (scheme == "dark")


def test_a_refresh_does_not_jump(look, handed):
    page = look()
    fold = page.locator("details > summary").nth(3)
    fold.click()
    link = page.locator(".list .name").nth(6)
    link.scroll_into_view_if_needed()
    link.focus()
    page.evaluate("scrollBy(0, 200)")
    before, name = link.bounding_box()["y"], link.inner_text()
    worse = summary(30, Health.FAILED, name="one-more")
    handed.facts = facts(*(each for each in some() if each.workflow_id != "wf-00030"), worse, at=NOW + 15_000)
    refreshed(page)
    expect(page.locator("h1")).to_have_text("4 of 42 workflows need you")
    again = page.locator(".list .name", has_text=re.compile(f"^{name}$"))
    assert again.bounding_box()["y"] == pytest.approx(before, abs=1)
    assert page.locator(".list details[open]").count() == 1
    assert again.evaluate("each => each === document.activeElement")
    assert page.title().startswith("4 of 42")
    assert not page.locator("#news").is_visible()


def test_who_selects_or_types_is_not_disturbed_and_is_told_so(look, handed):
    page = look()
    page.locator(".wrong code.id").first.click()
    handed.facts = facts(summary(1), at=NOW + 15_000)
    refreshed(page)
    expect(page.locator("#news")).to_have_text(
        "Waiting while you type or select: this is from 2026-11-28 12:19:33 UTC."
    )
    expect(page.locator("h1")).to_have_text("3 of 42 workflows need you")
    assert page.evaluate("getSelection().toString().trim()") == "exec-000000000020"
    page.evaluate("getSelection().removeAllRanges()")
    page.locator("#q").press_sequentially("ab")
    refreshed(page)
    assert page.input_value("#q") == "ab"
    page.locator("#q").blur()
    refreshed(page)
    expect(page.locator("h1")).to_have_text("The only workflow is fine")
    assert page.input_value("#q") == "ab"
    expect(page.locator("#news")).to_be_hidden()


def test_a_page_that_nobody_answers_any_more_says_so(look):
    page = look()
    page.route("**/*", lambda route: route.abort("connectionrefused"))
    page.clock.run_for(EVERY)
    lost = re.compile(
        r"^Not up to date: the collector does not answer, since 12:19:\d\d UTC\. "
        r"What you see is from 2026-11-28 12:19:33 UTC\.$"
    )
    expect(page.locator("#news")).to_have_text(lost)
    said = page.locator("#news").inner_text()
    page.clock.run_for(4 * MINUTE)
    assert page.locator("#news").inner_text() == said
    page.unroute("**/*")
    refreshed(page)
    expect(page.locator("#news")).to_be_hidden()


def test_nothing_watched_is_no_empty_table(look, handed):
    handed.facts = facts()
    page = look()
    expect(page.locator("h1")).to_have_text("No workflow is watched")
    assert page.locator("table, form").count() == 0
    expect(page.locator(".empty")).to_contain_text("aom-collector check")
