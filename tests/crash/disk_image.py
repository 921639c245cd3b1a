"""An ext4 disk in a file, and the same disk as a power cut would leave it."""

import ctypes
import os
import stat
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

SIZE = 32 * 1024 * 1024
CHUNK = 256 * 1024
PAGE = 4096
TRIES = 50
WRITES, IN_FLIGHT = 4, 8
"""Columns of a block device's `stat`."""
INCOMPATIBLE, NEEDS_RECOVERY = 1024 + 0x60, 0x4
"""Where ext4 keeps its feature flags, and the one that says: mounted, and not unmounted since."""
WAIT_BEFORE, WRITE, WAIT_AFTER = 1, 2, 4


class NoDiskError(Exception):
    """This machine or this user cannot make, mount or unmount such a disk; says what was refused."""


def make(image: Path) -> None:
    """An empty disk; its set-up is complete, so that the kernel has nothing of its own left to write there."""
    with image.open("wb") as file:
        file.truncate(SIZE)
    _run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(image))


@contextmanager
def mounted(image: Path, folder: Path, *options: str) -> Iterator[Path]:
    """The disk at `folder`; unmounted and its loop device free again afterwards, whatever happened."""
    folder.mkdir()
    try:
        _run("mount", "-t", "ext4", "-o", ",".join(("loop", *options)), str(image), str(folder))
        try:
            yield folder
        finally:
            try:
                _run("umount", str(folder))
            except NoDiskError:
                _run("umount", "-l", str(folder))  # something still looks; the loop device goes with the last one
    finally:
        folder.rmdir()


def cut(image: Path, folder: Path, copy: Path) -> int:
    """Copy the disk mounted at `folder` as it stands: what is only in the kernel's memory does not exist there.

    A copy during which the kernel wrote to the disk mixes two moments, which no cut does: it is made again. Returns how
    often that was needed.
    """
    for torn in range(TRIES):
        before = _written(folder)
        _copy(image, copy)
        if before == _written(folder) and not before[1]:
            _refuse_unmounted(copy)
            return torn
    raise NoDiskError(f"the kernel never stops writing to {folder}")


def break_down(folder: Path) -> None:
    """Have the file system mounted at `folder` meet an error; with `errors=remount-ro` it is read-only from then on."""
    device = folder.stat().st_dev
    name = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve().name
    try:
        Path(f"/sys/fs/ext4/{name}/trigger_fs_error").write_text("a test", "utf-8")
    except OSError as error:
        raise NoDiskError(f"no error can be had: {error}") from None


def write_back_some(folder: Path, random: Random) -> None:
    """Have the kernel write some pages of each file, in no order, as it may at any time without being asked."""
    libc = ctypes.CDLL(None, use_errno=True)
    for path in sorted(folder.iterdir()):
        if not stat.S_ISREG(path.stat().st_mode):
            continue
        descriptor = os.open(path, os.O_RDONLY)
        try:
            pages = os.fstat(descriptor).st_size // PAGE + 1
            for _ in range(random.randrange(4)):
                start = random.randrange(pages)
                length = random.randint(1, pages - start)
                libc.sync_file_range(
                    ctypes.c_int(descriptor),
                    ctypes.c_int64(start * PAGE),
                    ctypes.c_int64(length * PAGE),
                    ctypes.c_uint(WAIT_BEFORE | WRITE | WAIT_AFTER),
                )
        finally:
            os.close(descriptor)


def _refuse_unmounted(copy: Path) -> None:
    with copy.open("rb") as file:
        file.seek(INCOMPATIBLE)
        (flags,) = struct.unpack("<I", file.read(4))
    if not flags & NEEDS_RECOVERY:
        raise AssertionError(f"{copy} was unmounted in peace: that was no power cut")


def _copy(image: Path, copy: Path) -> None:
    nothing = bytes(CHUNK)
    with image.open("rb", buffering=0) as source, copy.open("wb", buffering=0) as target:
        target.truncate(SIZE)
        for at in range(0, SIZE, CHUNK):
            found = source.read(CHUNK)
            if found != nothing:  # empty stretches take no space
                target.seek(at)
                target.write(found)


def _written(folder: Path) -> tuple[int, int]:
    """Writes that the block device below `folder` has done, and requests it has at hand."""
    device = folder.stat().st_dev
    columns = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat").read_text().split()
    return int(columns[WRITES]), int(columns[IN_FLIGHT])


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise NoDiskError(f"{command[0]}: {error}") from None
    if done.returncode:
        raise NoDiskError(f"{command[0]}: {' '.join(done.stderr.split())}")
