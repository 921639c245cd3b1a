"""The page before the eyes of those who read it: the client library's parser, promtool, and Prometheus itself."""

import json
import os
import shutil
import subprocess
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families

from collector.model import Format
from tests.exposition.shown import calm, domain, exposition, good, series, troubled, workflow
from tests.ledger.story import Targets, Watch, node, run

HOSTILE = {
    "quote": 'a"b',
    "newline": "a\nb",
    "carriage return": "a\r\nb",
    "backslash": "a\\nb\\",
    "forged": 'x"} 1\naom_workflow_info{project="forged',
    "chinese": "夜间备份·第一步",
    "nul": "a\0b",
    "long": "x" * 100_000,
    "comment": "# HELP x y",
    "empty": "",
    "space": " a ",
    "last": "\uffff\U0010ffff",
}


def part(variable, name):
    """A program that not every machine has, from the environment or the path."""
    found = os.environ.get(variable) or shutil.which(name)
    if not found:
        pytest.skip(f"{name} is neither in {variable} nor on the path")
    return found


def hostile(execution="e"):
    """Everything at once, with every hostile text as a node, and as a workflow's name."""
    shown = exposition()
    nodes = [
        (node("success", 10, 12, node=name, run="r", targets=Targets(success=1)), node("executing", 11, node=name))
        for name in HOSTILE.values()
    ]
    watch = Watch().begins()
    watch.sees(run("success", 10, 15, id=execution, nodes=tuple(each for pair in nodes for each in pair)), now=30)
    watch.releases(1000)
    for name in HOSTILE.values():
        watch.ledger.nodes[name].name = name
    shown.watch(workflow(name=HOSTILE["forged"]), watch.ledger, restored=False)
    shown.watch(workflow("wf-2", expect_every=0.5), troubled(), restored=False)
    shown.watch(workflow("wf-3", name="\ud800 surrogate"), calm(), restored=False)
    for id_ in ("wf-1", "wf-2", "wf-3"):
        good(shown, workflow(id_))
        shown.polled(workflow(id_).key, ok=False, at=0, reason="timeout")
    return shown


@pytest.fixture(scope="module")
def page():
    return hostile().page()


def test_the_parser_reads_back_every_hostile_name(page):
    found = {
        sample.labels["node"]: sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
        if sample.name == "aom_workflow_node_runs_total"
        and sample.labels["workflow_id"] == "wf-1"
        and sample.labels["status"] == "success"
    }
    assert found == dict.fromkeys(HOSTILE.values(), 1.0)


def test_the_strict_parser_of_openmetrics_finds_the_same():
    shown = hostile()
    text, openmetrics = domain(shown.page()), f"{domain(shown.page(Format.OPENMETRICS))}# EOF\n"
    found = [
        [(sample.name, sorted(sample.labels.items()), sample.value) for family in families for sample in family.samples]
        for families in (text_string_to_metric_families(text), openmetrics_families(openmetrics))
    ]
    assert found[0] == found[1]


def test_the_parser_finds_as_many_samples_as_there_are_lines_and_none_twice(page):
    text = domain(page)
    parsed = [
        (sample.name, frozenset(sample.labels.items()))
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    ]
    assert len(parsed) == len(set(parsed)) == len(series(text))


def test_promtool_finds_nothing_to_say(page):
    for extended in ([], ["--extended"]):
        checked = subprocess.run(
            [part("PROMTOOL", "promtool"), "check", "metrics", *extended], input=page, capture_output=True, check=False
        )
        assert (checked.returncode, checked.stderr) == (0, b"")
        assert extended or not checked.stdout


class Page(BaseHTTPRequestHandler):
    """Serves one page, and notes when it was asked a second time."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", f"{self.server.form}; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.server.page)
        if self.server.scrapes:
            self.server.again.set()
        self.server.scrapes += 1

    def log_message(self, *_):
        pass


def serving(form, page):
    """A target that serves one page in one format."""
    target = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    target.page, target.form, target.scrapes, target.again = page, form, 0, Event()
    Thread(target=target.serve_forever, daemon=True).start()
    return target


@pytest.mark.optional_part
def test_prometheus_stores_every_series_of_both_formats(tmp_path):
    exposition = hostile(odd := 'a"b\\c\n·')
    prometheus = part("PROMETHEUS", "prometheus")
    served = {form.name: serving(form, exposition.page(form)) for form in (Format.TEXT, Format.OPENMETRICS)}
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as probe:
        port = probe.server_address[1]
    jobs = [
        {
            "job_name": name,
            "scrape_interval": "1s",
            "scrape_timeout": "1s",
            "static_configs": [{"targets": [f"127.0.0.1:{target.server_address[1]}"]}],
        }
        for name, target in served.items()
    ]
    (tmp_path / "prometheus.yml").write_text(json.dumps({"scrape_configs": jobs}))

    def read(what, **query):
        url = f"http://127.0.0.1:{port}/api/v1/{what}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)["data"]

    def ask(query):
        return read("query", query=query)["result"]

    arguments = (f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data")
    with subprocess.Popen(
        [prometheus, *arguments, "--enable-feature=exemplar-storage", f"--web.listen-address=127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as running:
        try:
            for name, target in served.items():
                assert target.again.wait(40), "a second scrape, so that the first is stored"
                assert [sample["value"][1] for sample in ask(f'up{{job="{name}"}}')] == ["1"]
                stored = ask(f'count({{__name__=~"aom_.*",job="{name}"}})')
                lines = [line for line in target.page.decode().split("\n") if line.startswith("aom_")]
                assert int(stored[0]["value"][1]) == len(lines)
                found = ask(f'aom_workflow_node_runs_total{{workflow_id="wf-1",status="success",job="{name}"}}')
                assert {sample["metric"].get("node", "") for sample in found} == set(HOSTILE.values())
                kept = read("query_exemplars", query=f'{{__name__=~"aom_.*",job="{name}"}}', start=0, end=2**32)
                ids = {exemplar["labels"]["execution_id"] for series in kept for exemplar in series["exemplars"]}
                # Prometheus 2 keeps what it reads in an exemplar as it was written.
                written = odd.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
                plain = {"f1", "late", "s2", "a", "b"}
                assert ids in ((plain | {odd}, plain | {written}) if name == "OPENMETRICS" else (set(),))
        finally:
            running.terminate()
            for target in served.values():
                target.shutdown()
                target.server_close()
