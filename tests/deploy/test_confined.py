"""As unit and image run it: process 1, a user who is nobody, umask 077, and all but the place of the state read-only.

systemd itself is not run by these tests, so what its filters of system calls leave is not shown here.
"""

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import sysconfig
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.flow.collector_process import Running, collector, eventually, fetch, started

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "deploy" / "systemd" / "collector.toml"
IMAGE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
USER = int(re.search(r"^USER (\d+):\d+$", IMAGE, flags=re.MULTILINE)[1])
KEYS = {"access_key": "SYNTHETICACCESSKEY00", "secret_key": "synthetic-secret-key-of-the-simulator"}

ALONE = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
# Whatever is needed is shown again below /srv, where any user can come to it; then all but one place is made read-only.
# Each program is replaced by the next, so that the last is process 1.
CONFINED = """
set -eu
mount -t tmpfs -o mode=755 confined /srv
cd /srv
mkdir -p python packages project/collector credentials state
mount --bind "$PREFIX" python
mount --bind "$PACKAGES" packages
mount --bind "$PROJECT/collector" project/collector
mount --bind "$FOLDER/credentials" credentials
mount --bind "$FOLDER/state" state
cp "$FOLDER/collector.toml" collector.toml
cd /
mount -t proc proc /proc
while read -r _ place _; do
    test "$place" = /srv/state || mount -o remount,bind,ro "$place"
done </proc/self/mounts
umask 077
export CREDENTIALS_DIRECTORY=/srv/credentials PYTHONPATH=/srv/project:/srv/packages LD_LIBRARY_PATH=/srv/python/lib
exec setpriv --reuid "$ID" --regid "$ID" --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
    --pdeathsig KILL "/srv/python/bin/$PYTHON" -m collector run --config /srv/collector.toml
"""


def why_not() -> str | None:
    if sys.platform != "linux" or any(shutil.which(tool) is None for tool in ("unshare", "setpriv", "mount")):
        return "this needs Linux, unshare, setpriv and mount"
    if os.geteuid() != 0:
        return "only root may make the namespaces and then be another user"
    done = subprocess.run([*ALONE, "mount", "-t", "tmpfs", "none", "/srv"], capture_output=True, text=True, check=False)
    return f"namespaces are not permitted here: {done.stderr.strip()}" if done.returncode else None


WHY_NOT = why_not()
pytestmark = [pytest.mark.optional_part, pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))]


@asynccontextmanager
async def confined(folder: Path, endpoint: str, *, owner: int = USER):
    """The shipped configuration, run as the unit does it as far as this can be had without systemd.

    `owner`: of the place where the state is kept.
    """
    text = SHIPPED.read_text(encoding="utf-8")
    here = {
        "127.0.0.1:11513": "127.0.0.1:0",
        "/var/lib/aom-collector/": "/srv/state/",
        "region =": f'endpoint = "{endpoint}"\niam_endpoint = "{endpoint}"\nregion =',
        "wf-0001": "wf-backup-nightly",
    }
    for name, other in here.items():
        assert text.count(name) == 1
        text = text.replace(name, other)
    (folder / "collector.toml").write_text(text, encoding="utf-8")
    (folder / "collector.toml").chmod(0o644)
    for name in ("state", "credentials"):
        (folder / name).mkdir(mode=0o700)
    for name, secret in KEYS.items():
        (folder / "credentials" / name).write_text(secret, encoding="utf-8")
    for path in (folder / "credentials", *(folder / "credentials").iterdir()):
        os.chown(path, USER, USER)
    os.chown(folder / "state", owner, owner)
    environment = {
        "ID": str(USER),
        "FOLDER": str(folder),
        "PROJECT": str(ROOT),
        "PREFIX": sys.base_prefix,
        "PYTHON": f"python{sys.version_info.major}.{sys.version_info.minor}",
        "PACKAGES": sysconfig.get_path("purelib"),
    }
    async with started(*ALONE, "sh", "-c", CONFINED, folder=folder, **environment) as running:
        yield running


def first_process(running: Running) -> int:
    """As it is called outside its namespace."""
    pid = running.process.pid
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text())


def facts(pid: int) -> dict[str, list[str]]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.split() for name, _, value in (line.partition(":") for line in lines)}


def writable(pid: int) -> set[str]:
    """The places where something is mounted that may be written to."""
    mounts = [line.split() for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines()]
    last = {each[4]: each[5].split(",") for each in mounts}  # what was mounted there last covers the rest
    return {place for place, options in last.items() if "ro" not in options}


async def test_it_runs_as_the_first_process_and_as_nobody_and_writes_its_state_alone(tmp_path: Path):
    async with (
        collector("simulate", "--listen", "127.0.0.1:0", folder=tmp_path) as simulator,
        confined(tmp_path, await simulator.address()) as running,
    ):
        address = await running.address()
        await eventually(address, lambda page: page.get("aom_collector_workflow_up") == 1)
        assert await fetch(f"{address}/-/ready") == "Ready.\n"
        pid = first_process(running)
        status = facts(pid)
        assert status["NSpid"][-1] == "1"
        assert set(status["Uid"]) == set(status["Gid"]) == {str(USER)}
        assert (status["Umask"], status["NoNewPrivs"]) == (["0077"], ["1"])
        assert {int(status[name][0], 16) for name in ("CapPrm", "CapEff", "CapBnd")} == {0}
        assert writable(pid) == {"/srv/state"}
        os.kill(pid, signal.SIGTERM)
        assert await running.process.wait() == 0
    kept = {path.name: path.stat() for path in (tmp_path / "state").iterdir()}
    assert "aom-collector.db" in kept
    assert {(stat.S_IMODE(each.st_mode), each.st_uid) for each in kept.values()} == {(0o600, USER)}
    assert not [line for line in running.lines if "Traceback" in line]


async def test_where_it_may_not_write_it_says_so_and_ends(tmp_path: Path):
    """The teeth of the above: it is not root in disguise."""
    async with confined(tmp_path, "http://127.0.0.1:1", owner=0) as running:
        assert await running.process.wait() == 1
    assert len(running.lines) == 1
    assert "/srv/state/aom-collector.db" in running.lines[0]
    assert list((tmp_path / "state").iterdir()) == []
