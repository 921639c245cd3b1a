"""The composed demonstration: linted, of one piece, and its files run with the real programs."""

import asyncio
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from collector.config import load
from tests.flow.collector_process import collector, eventually

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
SERVICES = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
YAML = sorted(
    path for pattern in ("*.yaml", "*.yml") for path in DEPLOY.rglob(pattern) if "node_modules" not in path.parts
)
RULES = (
    "{extends: default, rules: {line-length: disable, document-start: disable, comments: {min-spaces-from-content: 1}}}"
)


def ran(*command: str | Path) -> str | None:
    """What a linter holds against something; None: nothing."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else None


def test_the_compose_file_meets_its_specification():
    tool = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    assert ran(*tool, COMPOSE) is None


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="hadolint comes for Linux on x86-64 alone"
)
@pytest.mark.optional_part
def test_the_image_is_built_as_images_should_be():
    assert ran(Path(sys.executable).with_name("hadolint"), DEPLOY / "Dockerfile") is None


@pytest.mark.parametrize("path", YAML, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_every_file_is_tidy_yaml(path: Path):
    assert ran(sys.executable, "-m", "yamllint", "--strict", "-d", RULES, path) is None


def test_whatever_is_mounted_is_there():
    mounted = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())]
    files = [each for each in mounted if each.startswith(".")]
    assert len(files) >= 6
    assert [each for each in files if not (DEPLOY / each).exists()] == []


def test_whatever_asks_another_asks_where_that_listens():
    """All share one network namespace, so that an address is a port."""
    assert {service.get("network_mode") for name, service in SERVICES.items() if name != "collector"} == {
        "service:collector"
    }
    published = {port.split(":")[1] for port in SERVICES["collector"]["ports"]}
    assert published == {"11513", "9090", "9093", "3000"}
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["collector"]["ports"])
    asked = {
        "prometheus/prometheus.yml": {"11513", "9093"},
        "grafana/provisioning/datasources/prometheus.yaml": {"9090", "11513"},
        "compose/collector.toml": {"18080"},
    }
    for name, ports in asked.items():
        assert set(re.findall(r"localhost:(\d+)", (DEPLOY / name).read_text(encoding="utf-8"))) == ports
    assert "127.0.0.1:18080" in SERVICES["simulator"]["command"]
    assert 'listen = "0.0.0.0:11513"' in (DEPLOY / "compose" / "collector.toml").read_text(encoding="utf-8")


def test_the_state_is_kept_on_a_volume_that_the_user_of_the_image_owns():
    """The root is read-only, and a relative path begins at the configuration's folder, which is mounted so too."""
    image = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    owner, owned = re.search(r"install -d -o (\d+) -g \d+ (\S+)", image).groups()
    assert f"USER {owner}:" in image
    assert f"state:{owned}" in SERVICES["collector"]["volumes"]
    state = load(DEPLOY / "compose" / "collector.toml", {}).state
    assert Path(state.removeprefix("sqlite:")).parent == Path(owned)


def test_what_the_image_is_built_of_and_nothing_else_goes_to_the_engine():
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copies = [line for line in lines if line.startswith("COPY ") and "--from" not in line]
    copied = {name for line in copies for name in line.split()[1:-1]}
    ignored = (DEPLOY.parent / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in ignored if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == copied
    assert [name for name in copied if not (DEPLOY.parent / name).exists()] == []


async def checked(folder: Path) -> int:
    """What the health check of the composed collector ends with, beside a file in a folder."""
    _, program, *arguments = SERVICES["collector"]["healthcheck"]["test"]
    assert program.endswith("/aom-collector")
    assert arguments[-1] == SERVICES["collector"]["command"][-1]
    async with collector(*arguments[:-1], "collector.toml", folder=folder) as asking:
        return await asyncio.wait_for(asking.process.wait(), 60)


async def test_the_collector_sees_every_workflow_of_the_simulator_with_the_shipped_file(tmp_path: Path):
    async with collector("simulate", "--listen", "127.0.0.1:0", folder=tmp_path) as simulator:
        url = await simulator.address()
        text = (DEPLOY / "compose" / "collector.toml").read_text(encoding="utf-8")
        here = {"http://localhost:18080": url, "0.0.0.0:11513": "127.0.0.1:0", "/var/lib/aom-collector/": ""}
        for name, other in here.items():
            assert name in text
            text = text.replace(name, other)
        (tmp_path / "collector.toml").write_text(text, encoding="utf-8")
        async with collector("run", "--config", "collector.toml", folder=tmp_path) as running:
            workflows = text.count("[[project.workflow]]")
            address = await running.address()
            page = await eventually(address, lambda page: page.total("aom_collector_workflow_up") == workflows)
            assert page.get("aom_collector_workflows", project="demo") == workflows == 10
            assert await checked(tmp_path) == 0
            await running.kill()
        assert await checked(tmp_path) == 1
