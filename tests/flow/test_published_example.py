"""The example answer that the vendor publishes, through the whole program."""

import json
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from collector import __version__
from collector.cli.commands import cli
from collector.simulator.answers import PUBLISHED
from tests.flow.collector_process import Page, clean_environment, collector, configuration, eventually, scrape
from tests.flow.service import Service

EXAMPLE = Path(__file__).parent.parent / "data" / "published-executions.json"


def as_published(page: Page) -> None:
    assert page.get("aom_workflow_executions_total", status="success") == 1
    assert page.get("aom_workflow_execution_duration_seconds_count", status="success") == 1
    assert page.get("aom_workflow_execution_duration_seconds_sum", status="success") == 0
    assert page.get("aom_workflow_last_ended_duration_seconds") == 0
    assert page.get("aom_workflow_node_runs_total", node="delete-workload-pod", status="success") == 1
    assert page.get("aom_workflow_node_targets_total", node="delete-workload-pod", outcome="success") == 1
    assert page.total("aom_workflow_node_targets_total") == 1
    assert "aom_workflow_node_run_duration_seconds" not in page.text
    assert page.get("aom_collector_values_invalid_total", field="begin_time") == 1
    assert page.get("aom_collector_values_invalid_total", field="end_time") == 1
    assert page.total("aom_collector_values_invalid_total") == 2


def _counted(page: Page) -> bool:
    """Our own metrics may be a second old."""
    up = page.get("aom_collector_workflow_up") == 1
    return up and page.get("aom_collector_values_invalid_total", field="begin_time") == 1


async def test_the_published_example_counts_one_of_each_and_two_invalid_times(tmp_path: Path):
    async with Service() as service:
        service.answers["wf-1"] = EXAMPLE.read_bytes()
        configuration(tmp_path, service.url, ("wf-1",), history="count")
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            as_published(await eventually(address, _counted))
            await service.looks("wf-1", 3)
            as_published(await scrape(address))
            assert await running.stop() == 0
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            await service.looks("wf-1", 3)
            as_published(await eventually(address, _counted))


async def test_once_prints_it_and_stores_nothing(tmp_path: Path):
    async with Service() as service:
        service.answers["wf-1"] = EXAMPLE.read_bytes()
        configuration(tmp_path, service.url, ("wf-1",), history="count")
        async with collector("once", folder=tmp_path) as running:
            assert await running.process.wait() == 0
            await running.drained()
            as_published(Page("\n".join(running.lines) + "\n"))
        assert not (tmp_path / "state.db").exists()


def test_the_simulator_answers_the_published_example():
    assert json.loads(EXAMPLE.read_text("utf-8")) == list(PUBLISHED)


def test_the_version_is_one_everywhere():
    said = subprocess.run(
        [sys.executable, "-m", "collector", "--version"],
        capture_output=True,
        text=True,
        check=True,
        env=clean_environment(),
    )
    assert said.stdout.strip() == f"aom-collector, version {__version__}"


def test_every_command_tells_the_version_and_helps():
    for command in cli.commands:
        told = CliRunner().invoke(cli, [command, "--version"])
        assert told.output.strip() == f"aom-collector, version {__version__}"
        helped = CliRunner().invoke(cli, [command, "-h"])
        assert helped.exit_code == 0
