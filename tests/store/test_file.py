"""Which files are opened, which are refused, and that nothing that was there is lost."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.errors import StateError, StateLocked, StateNewer
from collector.ledger import Ledger
from collector.ledger.book import FORMAT
from collector.model import Key
from collector.store import Row
from collector.store.table import APPLICATION_ID, SCHEMA
from tests.store.disk import mounted, read_only

KEY = Key("prod", "wf-1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
async def kept(opened, path: Path) -> Path:
    """A state with 200 workflows in it, closed."""
    store = await opened(path)
    rows = [(Key("prod", f"wf-{n}"), Ledger(label=f"workflow {n}", answer=bytes(700))) for n in range(200)]
    await asyncio.gather(*(store.commit(key, ledger, version=0) for key, ledger in rows))
    await store.close()
    return path


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def change(path: Path, *statements: str) -> None:
    """Change a file as another program would, leaving nothing beside it."""
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in ("PRAGMA journal_mode = DELETE", *statements):
        connection.execute(statement)
    connection.close()


async def test_what_was_stored_is_there_when_it_is_opened_again(opened, kept: Path):
    found = await (await opened(kept)).load()

    assert len(found) == 200
    assert found[Key("prod", "wf-7")] == Row(Ledger(label="workflow 7", answer=bytes(700)), 1)


async def test_commits_are_durable_by_the_settings_of_the_connection(opened, path: Path, monkeypatch):
    connections = []
    connect = sqlite3.connect

    def remembered(*args, **more):
        connections.append(connect(*args, **{**more, "check_same_thread": False}))
        return connections[-1]

    monkeypatch.setattr(sqlite3, "connect", remembered)
    await opened(path)
    found = {
        name: connections[-1].execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("synchronous", "journal_mode", "locking_mode", "application_id", "user_version")
    }

    assert found == {
        "synchronous": 2,
        "journal_mode": "wal",
        "locking_mode": "exclusive",
        "application_id": APPLICATION_ID,
        "user_version": SCHEMA,
    }


async def test_a_second_store_on_the_same_state_is_refused(opened, path: Path):
    store = await opened(path)
    with pytest.raises(StateLocked, match=r"state .*state\.db is in use by another process; stop that one"):
        await opened(path)

    assert (await store.commit(KEY, Ledger(), version=0)).version == 1


OPENS = """
import asyncio, sys
from collector.clock import Clock
from collector.store import open_store
try:
    asyncio.run(open_store("sqlite:" + sys.argv[1], clock=Clock(), emit=print))
except Exception as error:
    print(type(error).__name__, error)
"""


async def test_a_second_process_on_the_same_state_is_refused(opened, path: Path):
    store = await opened(path)
    with pytest.raises(StateLocked):  # looking at the file from this process again must not give the lock away
        await opened(path)
    ran = subprocess.run([sys.executable, "-c", OPENS, path], capture_output=True, text=True, check=True)

    assert ran.stdout.startswith(f"StateLocked state {path} is in use")
    await store.close()
    ran = subprocess.run([sys.executable, "-c", OPENS, path], capture_output=True, text=True, check=True)
    assert ran.stdout == ""


@pytest.mark.parametrize("name", ["a%20b.db", "what?mode=memory", "a#b", "生产 😀.db", "file:x", "-wal", "a'b\"c"])
async def test_a_path_may_hold_any_character(opened, tmp_path: Path, name: str):
    store = await opened(tmp_path / name)
    await store.commit(KEY, Ledger(), version=0)
    assert {found.name for found in tmp_path.iterdir()} == {name, f"{name}-wal"}
    await store.close()

    assert KEY in await (await opened(tmp_path / name)).load()


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o777])
@pytest.mark.usefixtures("umask")
async def test_only_the_owner_may_read_the_state(opened, path: Path, mask: int):
    os.umask(mask)
    store = await opened(path)
    await store.commit(KEY, Ledger(), version=0)

    modes = {found.name: stat.S_IMODE(found.stat().st_mode) for found in path.parent.iterdir()}
    assert modes == {"state.db": 0o600, "state.db-wal": 0o600}


async def refused(opened, path: Path, kind: type[StateError] = StateError) -> str:
    """Why a file is refused; the file and its folder are as they were."""
    before = {found: found.read_bytes() for found in path.parent.iterdir() if found.is_file()}
    with pytest.raises(StateError) as caught:
        await opened(path)
    assert type(caught.value) is kind
    assert {found: found.read_bytes() for found in path.parent.iterdir() if found.is_file()} == before
    says = str(caught.value)
    assert str(path) in says
    assert "\n" not in says
    return says


async def test_a_missing_folder_is_refused(opened, tmp_path: Path):
    with pytest.raises(StateError, match=r"the folder .*/nowhere does not exist; create it"):
        await opened(tmp_path / "nowhere" / "state.db")
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_in_the_place_of_the_file_is_refused(opened, path: Path):
    path.mkdir()
    assert "is not a file; name another place" in await refused(opened, path)


async def test_a_pipe_in_the_place_of_the_file_is_refused_and_nobody_waits_for_it(opened, path: Path):
    os.mkfifo(path)
    assert "is not a file; name another place" in await refused(opened, path)


@pytest.mark.parametrize("target", ["state.db", "other.db", "nowhere/state.db"])
async def test_a_link_that_leads_to_no_file_is_refused_and_kept(opened, path: Path, target: str):
    path.symlink_to(target)
    with pytest.raises(StateError, match=r"state\.db is a link that leads to no file; mend the link, or remove it"):
        await opened(path)
    assert [path.readlink().as_posix() for path in path.parent.iterdir()] == [target]


async def test_a_link_to_a_state_leads_to_it(opened, kept: Path):
    (kept.parent / "link.db").symlink_to(kept)
    assert len(await (await opened(kept.parent / "link.db")).load()) == 200


async def test_a_file_in_the_place_of_the_folder_is_refused(opened, path: Path):
    path.write_text("a file")
    with pytest.raises(StateError, match="is not a folder"):
        await opened(path / "state.db")


async def test_an_empty_file_is_refused_and_kept(opened, path: Path):
    path.touch()
    assert "is empty, as a full disk or a lost file leaves it" in await refused(opened, path)


@pytest.mark.parametrize("content", [b"x", b"[collector]\n" * 500, b"SQLite format 3\x00"])
async def test_a_file_that_is_no_database_is_refused_and_kept(opened, path: Path, content: bytes):
    path.write_bytes(content)
    assert "is not a state file of this program" in await refused(opened, path)


async def test_another_programs_database_is_refused_and_kept(opened, path: Path):
    change(path, "CREATE TABLE notes (text)", "INSERT INTO notes VALUES ('keep me')")
    assert "is another program's database; name another file" in await refused(opened, path)


async def test_a_newer_versions_state_is_refused_and_kept_byte_for_byte(opened, kept: Path):
    change(kept, f"PRAGMA user_version = {SCHEMA + 1}")
    assert "was written by a newer version of this program" in await refused(opened, kept, StateNewer)


async def test_a_newer_versions_row_is_refused_and_kept_byte_for_byte(opened, kept: Path):
    change(kept, f"UPDATE workflow SET format = {FORMAT + 1} WHERE workflow_id = 'wf-77'")
    says = await refused(opened, kept, StateNewer)
    assert "the row of workflow 'wf-77' in project 'prod' was written by a newer version" in says


@pytest.mark.parametrize(
    "statement", [f"PRAGMA user_version = {SCHEMA + 1}", f"UPDATE workflow SET format = {FORMAT + 1}"]
)
async def test_a_newer_version_that_stands_only_in_the_log_is_refused(opened, kept: Path, statement: str):
    script = (
        "import os, sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "connection.execute('PRAGMA journal_mode = WAL')\n"
        "connection.execute(sys.argv[2])\n"
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", script, kept, statement], check=True)
    assert kept.with_name("state.db-wal").stat().st_size
    with pytest.raises(StateNewer):
        await opened(kept)

    connection = sqlite3.connect(kept)
    assert connection.execute("SELECT count(*) FROM workflow").fetchone() == (200,)
    connection.close()


async def test_a_process_killed_amid_a_checkpoint_leaves_a_state_that_opens(opened, path: Path, tmp_path: Path):
    """The file's first page says already how large the file will be; the pages themselves stand in the log alone."""
    store = await opened(path)
    rows = [(Key("prod", f"wf-{n}"), Ledger(label=f"workflow {n}", answer=bytes(700))) for n in range(200)]
    await asyncio.gather(*(store.commit(key, ledger, version=0) for key, ledger in rows))
    before, log = path.read_bytes(), path.with_name("state.db-wal").read_bytes()
    await store.close()
    after = path.read_bytes()
    assert len(before) < len(after)
    killed = tmp_path / "killed.db"
    killed.write_bytes(after[:4096] + before[4096:])
    killed.with_name("killed.db-wal").write_bytes(log)

    found = await (await opened(killed)).load()

    assert {key: row.ledger for key, row in found.items()} == dict(rows)


async def test_damaged_pages_are_refused_or_harmless(opened, kept: Path):
    whole = kept.read_bytes()
    expected = await (store := await opened(kept)).load()
    await store.close()
    size = 4096
    verdicts = []
    for page in range(0, len(whole) // size, 5):
        broken = bytearray(whole)
        broken[page * size : page * size + 200] = b"\xff" * 200
        kept.write_bytes(broken)
        try:
            store = await opened(kept)
        except StateError as error:
            assert str(kept) in str(error)  # noqa: PT017  both outcomes are looked at
            assert kept.read_bytes() == bytes(broken)
            verdicts.append("refused")
        else:
            assert await store.load() == expected
            await store.close()
            verdicts.append("harmless")

    assert len(verdicts) > 8
    assert "refused" in verdicts


async def test_a_damaged_index_is_refused_though_every_row_can_be_read(opened, kept: Path):
    connection = sqlite3.connect(kept)
    (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE type = 'index'").fetchone()
    connection.close()
    broken = bytearray(kept.read_bytes())
    broken[(root - 1) * 4096 + 3 : (root - 1) * 4096 + 5] = b"\x00\x01"  # the number of its entries
    kept.write_bytes(broken)

    assert "is damaged" in await refused(opened, kept)


async def test_a_cut_off_file_is_refused(opened, kept: Path):
    kept.write_bytes(kept.read_bytes()[: 3 * 4096])
    assert "damaged" in await refused(opened, kept)


@pytest.mark.parametrize("packed", ["x'c1'", "x''", "'text'", "x'93010203'"])
async def test_a_row_that_cannot_be_read_is_named(opened, kept: Path, packed: str):
    change(kept, f"UPDATE workflow SET ledger = {packed} WHERE workflow_id = 'wf-5'")
    store = await opened(kept)

    with pytest.raises(StateError, match="the row of workflow 'wf-5' in project 'prod' is damaged; restore a copy"):
        await store.load()
    assert await store.fetch(Key("prod", "wf-6"))


async def test_creating_never_replaces_a_file_that_came_up_meanwhile(opened, path: Path, monkeypatch):
    hardlink = Path.hardlink_to

    def late(draft: Path, target: Path) -> None:
        path.write_bytes(b"somebody else's file")
        hardlink(draft, target)

    monkeypatch.setattr(Path, "hardlink_to", late)
    with pytest.raises(StateError, match="is not a state file of this program"):
        await opened(path)

    assert {found.name: found.read_bytes() for found in path.parent.iterdir()} == {"state.db": b"somebody else's file"}


async def test_a_disk_without_hard_links_will_do(opened, path: Path, monkeypatch):
    def unable(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", unable)
    store = await opened(path)

    assert (await store.commit(KEY, Ledger(), version=0)).version == 1
    assert {found.name for found in path.parent.iterdir()} == {"state.db", "state.db-wal"}


@pytest.mark.optional_part
async def test_a_read_only_folder_is_refused(opened, tmp_path: Path):
    with mounted(tmp_path / "disk", size="1m") as folder:
        await (await opened(folder / "old.db")).close()
        read_only(folder)
        for name in ("new.db", "old.db"):
            says = await refused(opened, folder / name)
            assert "cannot be written; check the permissions of the file and its folder" in says
