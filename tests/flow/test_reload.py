"""A reload, on the real process: everything is checked first, every ledger is kept, and a bad file changes nothing."""

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from aiohttp import web

from tests.flow.collector_process import Running, collector, configuration, eventually, scrape
from tests.flow.service import Service, record

TOTAL = "aom_workflow_executions_total"
UP = "aom_collector_workflow_up"
RELOADED = "aom_collector_config_last_reload_successful"


def edit(path: Path, change: Callable[[str], str]) -> None:
    path.write_text(change(path.read_text("utf-8")), "utf-8")


async def reload(running: Running, says: str) -> None:
    running.lines.clear()
    running.process.send_signal(signal.SIGHUP)
    await running.says(says)


def posted(address: str, method: str = "POST") -> tuple[int, str]:
    try:
        with urlopen(Request(f"{address}/-/reload", method=method), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


async def test_workflows_come_and_go_with_their_totals(tmp_path: Path):
    async with Service() as service:
        now = time.time()
        service.answers = {name: [record(f"e-{name}", "fail", now - 9, now - 5)] for name in ("wf-1", "wf-2")}
        path = configuration(tmp_path, service.url, ("wf-1", "wf-2"), history="count")
        both = path.read_text("utf-8")
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            await eventually(address, lambda page: page.total(TOTAL, status="fail") == 2)
            configuration(tmp_path, service.url, ("wf-1", "wf-3"), history="count")
            await reload(running, "config.reloaded.*added workflow wf-3 of prod; removed workflow wf-2 of prod")
            page = await eventually(address, lambda page: page.get(UP, workflow_id="wf-3") == 1)
            assert page.get(TOTAL, workflow_id="wf-2", status="fail") is None
            assert page.get(TOTAL, workflow_id="wf-1", status="fail") == 1
            assert page.get("aom_collector_workflows", project="prod") == 2
            service.answers["wf-2"].append(record("e-new", "fail", now - 4, now - 3))
            path.write_text(both, "utf-8")
            await reload(running, "config.reloaded.*added workflow wf-2 of prod; removed workflow wf-3 of prod")
            await eventually(address, lambda page: page.get(TOTAL, workflow_id="wf-2", status="fail") == 2)
            assert page.get(RELOADED) == 1
            assert await running.stop() == 0


async def test_a_bad_file_changes_nothing_and_is_said_in_the_answer_the_log_and_the_metric(tmp_path: Path):
    async with Service() as service:
        more = "\n[collector.buckets]\nnode = [1, 2]\n"
        path = configuration(tmp_path, service.url, ("wf-1",), more=more)
        edit(path, lambda text: text.replace("[collector]", "[collector]\nlifecycle = true", 1))
        good = path.read_text("utf-8")
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            page = await eventually(address, lambda page: page.get(UP) == 1)
            at = page.get("aom_collector_config_last_reload_success_timestamp_seconds")
            for old, new, says in (
                ('interval = "500ms"', 'interval = "soon"', "collector.interval: "),
                ("[[project]]", "[[", "is not TOML"),
                ("127.0.0.1:0", "127.0.0.1:1", "collector.listen: is not what this collector was started with"),
                ("lifecycle = true", 'web_config = "absent.yml"', "absent.yml: cannot be read"),
                ("[collector.buckets]\nnode = [1, 2]", "[collector.series]\ndisable = ['aom_x']", "aom_x is no family"),
                ("0123456789abcdef" * 2, "f" * 32, "the state of 'prod' belongs to"),
                (good[good.index("[[project]]") :], "", "no [[project]] is configured"),
            ):
                bad = good.replace(old, new)
                path.write_text(bad, "utf-8")
                running.lines.clear()
                status, told = await asyncio.to_thread(posted, address)
                assert (status, says in told) == (400, True), told
                await running.says("config.refused")
                assert says in "".join(running.lines)
                page = await eventually(address, lambda page: page.get(RELOADED) == 0)
            assert page.get("aom_collector_config_last_reload_success_timestamp_seconds") == at
            await service.looks("wf-1")
            path.write_text(good, "utf-8")
            assert await asyncio.to_thread(posted, address, "PUT") == (200, "Reloaded: nothing changed.\n")
            await eventually(address, lambda page: page.get(RELOADED) == 1)
            edit(path, lambda text: text.replace("lifecycle = true", "lifecycle = false"))
            assert (await asyncio.to_thread(posted, address))[0] == 200
            assert (await asyncio.to_thread(posted, address))[0] == 403
            assert running.process.returncode is None


async def test_what_a_new_file_is_warned_of_is_logged_as_at_the_start(tmp_path: Path):
    configuration(tmp_path, "http://127.0.0.1:9", ("wf-1",))
    path = tmp_path / "collector.toml"
    slow = ("max_requests_per_second = 200", "max_requests_per_second = 0.1")
    async with collector("run", folder=tmp_path) as running:
        await running.address()
        assert not [line for line in running.lines if "configuration.warning" in line]
        edit(path, lambda text: text.replace(*slow))
        await reload(running, "configuration.warning.*looks will be late")
        edit(path, lambda text: text.replace(*reversed(slow)))
        await reload(running, "config.reloaded")
        assert not [line for line in running.lines if "configuration.warning" in line]
        assert await running.stop() == 0


async def test_a_removed_workflow_publishes_nothing_though_its_answer_was_on_its_way(tmp_path: Path):
    async with Service() as service:
        asked, answer = asyncio.Event(), asyncio.Event()

        async def slowly(_: web.Request) -> web.Response:
            asked.set()
            await answer.wait()
            return web.json_response([record("e1", "fail", time.time(), time.time())])

        service.answers["wf-2"] = slowly
        path = configuration(tmp_path, service.url, ("wf-1", "wf-2"))
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            await asyncio.wait_for(asked.wait(), 60)
            edit(path, lambda text: text.replace('\n[[project.workflow]]\nid = "wf-2"\n', ""))
            await reload(running, "config.reloaded.*removed workflow wf-2 of prod")
            answer.set()
            await service.looks("wf-1", 3)
            page = await scrape(address)
            assert page.get(UP, workflow_id="wf-1") == 1
            assert not any(dict(labels).get("workflow_id") == "wf-2" for _, labels in page.samples)
            assert await running.stop() == 0


async def test_rules_buckets_and_names_change_and_no_total_is_lost(tmp_path: Path):
    async with Service() as service:
        now = time.time()
        service.answers["wf-1"] = [record(f"e{i}", "success", now - 50, now - 50 + i) for i in range(1, 5)]
        more = "\n[collector.buckets]\nexecution = [1, 2, 4]\n"
        path = configuration(tmp_path, service.url, ("wf-1",), history="count", more=more)
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            count, bucket = (
                "aom_workflow_execution_duration_seconds_count",
                "aom_workflow_execution_duration_seconds_bucket",
            )
            await eventually(address, lambda page: page.get(count, status="success") == 4)
            edit(
                path,
                lambda text: text.replace("[1, 2, 4]", "[2, 9]").replace(
                    '"wf-1"', '"wf-1"\nname = "新名"\ninterval = "1s"'
                ),
            )
            said = r"changed collector\.buckets\.execution, workflow wf-1 of prod \(name, interval\)"
            await reload(running, f"config.reloaded.*{said}")
            page = await eventually(address, lambda page: page.get(count, status="success", workflow="新名") == 4)
            assert page.total(count, status="success") == 4, "under its new name alone"
            assert [page.get(bucket, status="success", le=le) for le in ("2.0", "9.0", "+Inf")] == [2, 4, 4]
            assert page.get("aom_collector_workflow_interval_seconds") == 1
            family = "aom_workflow_executions_total"
            edit(path, lambda text: f"{text}\n[collector.series]\ndisable = ['{family}']\n")
            await reload(running, "changed collector.series.disable")
            await eventually(address, lambda page: page.get(family, status="success") is None)
            edit(path, lambda text: text.replace(f"'{family}'", ""))
            await reload(running, "changed collector.series.disable")
            await eventually(address, lambda page: page.get(family, status="success") == 4)
            edit(path, lambda text: text.replace("[collector]", '[collector]\nlog_level = "debug"', 1))
            await reload(running, "changed collector.log_level")
            await running.says("poll.finished")
            assert await running.stop() == 0


async def test_while_it_reloads_again_and_again_no_scrape_fails_and_every_look_comes(tmp_path: Path):
    """Faster than the interval: looks that began anew with each reload would never be made."""
    names = tuple(f"wf-{i}" for i in range(20))
    async with Service() as service:
        path = configuration(tmp_path, service.url, names)
        edit(path, lambda text: text.replace('interval = "500ms"', 'interval = "2s"'))
        other = "\n[[project]]\n" + path.read_text("utf-8").partition("[[project]]\n")[2].replace('"prod"', '"lab"')
        texts = [
            path.read_text("utf-8").replace("max_requests_per_second = 200", f"max_requests_per_second = {rate}") + more
            for rate, more in ((200, ""), (300, ""), (300, other.replace("second = 200", "second = 300")))
        ]
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            await eventually(address, lambda page: page.total(UP) == 20)
            service.list_waits = asyncio.Event()  # names would be waited for, and looks are not
            scrapes: list[int] = []

            async def scraping() -> None:
                while True:
                    page = await scrape(address)
                    assert page.total(UP, project="prod") == 20
                    scrapes.append(1)

            task = asyncio.create_task(scraping())
            looked = asyncio.gather(*(service.looks(name, 2) for name in names))
            turn = 0
            while turn < len(texts) * 2 or not looked.done():
                path.write_text(texts[turn % len(texts)], "utf-8")
                began = time.monotonic()
                await reload(running, "config.reloaded")
                # Three ticks of a schedule, which does not tell of them; more where everything takes longer.
                await asyncio.sleep(max(0.3, 3 * (time.monotonic() - began)))
                turn += 1
            await looked
            assert not task.done(), task
            task.cancel()
            assert len(scrapes) > 10
            assert await running.stop() == 0
        assert not [line for line in running.lines if "collector.bug" in line]
