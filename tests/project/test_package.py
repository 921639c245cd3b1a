"""What is built is what people get: it installs away from the checkout, and its demonstration runs there."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path
from urllib.request import urlopen

import pytest

import collector

ROOT = Path(__file__).parents[2]
CONSTRAINTS = ROOT / "deploy" / "python" / "constraints.txt"
RUNS = re.compile(r"^aom_workflow_node_runs_total\{.*\} (\d+)", re.MULTILINE)


def clean_environment():
    """No credential, proxy or Python setting of whoever runs the tests; pip's own settings stay."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE")
    return {name: value for name, value in os.environ.items() if name in kept or name.startswith("PIP_")}


def tool(*command, cwd):
    done = subprocess.run(command, cwd=cwd, env=clean_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The wheel and the source archive, built as the environment of the tests can."""
    folder = tmp_path_factory.mktemp("built")
    tool(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT), cwd=folder)
    (wheel,) = folder.glob("*.whl")
    (source,) = folder.glob("*.tar.gz")
    return wheel, source


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """The folder of programs of an empty environment that holds the wheel and what it needs."""
    place = tmp_path_factory.mktemp("installed")
    venv.create(place / "venv")
    programs = place / "venv" / "bin"
    pip = [sys.executable, "-m", "pip", "--python", programs / "python"]
    tool(*pip, "install", "-q", "--no-compile", "--no-warn-script-location", "-c", CONSTRAINTS, built[0], cwd=place)
    return programs


def test_the_source_archive_holds_the_project_and_no_rubbish(built):
    with tarfile.open(built[1]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"collector/poll.py", "tests/conftest.py", "collector.toml", "LICENSE", "README.md"} <= names
    assert {"CHANGELOG.md", "SECURITY.md", "deploy/python/constraints.txt", "pyproject.toml"} <= names
    rubbish = ("__pycache__", "_cache", ".hypothesis", ".venv", ".db", ".git/")
    kept = "tests/data/"  # states of earlier formats, for the tests that open them
    assert [name for name in names if any(word in name for word in rubbish) and not name.startswith(kept)] == []


def test_the_wheel_holds_the_package_alone(built):
    with zipfile.ZipFile(built[0]) as archive:
        names = archive.namelist()
    info = f"aom_collector-{collector.__version__}.dist-info"
    assert {name.partition("/")[0] for name in names} == {"collector", info}
    assert f"{info}/licenses/LICENSE" in names
    templates = "collector/web/status/templates"
    wanted = {f"{templates}/{path.name}" for path in (ROOT / templates).iterdir()}
    assert {name for name in names if name.startswith(templates)} == wanted != set()
    assert [name for name in names if "__pycache__" in name] == []


@pytest.mark.timeout(300)
async def test_the_installed_program_knows_its_version_and_its_demonstration_runs_anywhere_and_ends_at_once(
    installed, tmp_path
):
    """In one test, as each worker that needs the environment makes its own."""
    said = tool(installed / "aom-collector", "--version", cwd=tmp_path)
    assert said.split()[-1] == collector.__version__
    assert tool(installed / "python", "-m", "collector", "--version", cwd=tmp_path) == said
    process = await asyncio.create_subprocess_exec(
        installed / "aom-collector",
        "demo",
        "--web.listen-address",
        "127.0.0.1:0",
        cwd=tmp_path,
        env=clean_environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(20):
            while not (address := re.search(rb"http://127\.0\.0\.1:\d+/metrics", await process.stdout.readline())):
                assert not process.stdout.at_eof(), "the demonstration ended without an address"
        first = await node_runs(address[0].decode(), above=-1)
        assert await node_runs(address[0].decode(), above=first) > first
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 5) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert list(tmp_path.iterdir()) == []


async def node_runs(address, *, above):
    """All node runs that a scrape shows as ended, once there are more than so many."""
    async with asyncio.timeout(90):
        while True:
            page = await asyncio.to_thread(lambda: urlopen(address, timeout=10).read().decode())
            shown = sum(int(runs) for runs in RUNS.findall(page))
            if RUNS.search(page) and shown > above:
                return shown
            await asyncio.sleep(0.5)  # the page can only be asked, it does not tell
