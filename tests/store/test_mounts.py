"""A network file system is refused, as far as the system tells of it."""

from pathlib import Path

import pytest

from collector.errors import StateError
from collector.store import mounts

# As Linux writes it; synthetic.
TABLE = r"""
21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 21 0:26 / /mnt/share rw shared:2 - nfs4 server:/export rw,vers=4.2
31 30 254:1 / /mnt/share/local rw - xfs /dev/vdb rw
32 21 0:27 / /mnt/with\040space rw - cifs //server/share rw
33 21 0:28 / /mnt/二 rw - fuse.sshfs user@host: rw
34 21 0:29 / /mnt/twice rw - ext4 /dev/vdc rw
35 21 0:30 / /mnt/twice rw - nfs server:/x rw
"""


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "mountinfo"
    path.write_text(TABLE.lstrip(), "utf-8")
    monkeypatch.setattr(mounts, "MOUNTS", path)
    return path


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/state.db", None),
        ("/mnt/share/state.db", "nfs4"),
        ("/mnt/shared/state.db", None),
        ("/mnt/share/local/state.db", None),
        ("/mnt/with space/deep/state.db", "cifs"),
        ("/mnt/二/state.db", "fuse.sshfs"),
        ("/mnt/twice/state.db", "nfs"),
    ],
)
@pytest.mark.usefixtures("table")
def test_the_innermost_mount_tells(path: str, kind: str | None):
    assert mounts.network(Path(path)) == kind


def test_where_nothing_is_told_nothing_is_refused(table: Path):
    table.unlink()
    assert mounts.network(Path("/mnt/share/state.db")) is None


async def test_a_state_there_is_refused_before_anything_is_made(opened, table: Path, tmp_path: Path):
    table.write_text(f"1 0 0:1 / {tmp_path.resolve()} rw - nfs4 server:/x rw\n", "utf-8")
    with pytest.raises(StateError) as refused:
        await opened(tmp_path / "state.db")
    assert str(refused.value) == (
        f"state {tmp_path}/state.db lies on a network file system (nfs4), where no lock can be relied on; "
        "name a place on a disk of this machine"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["mountinfo"]
