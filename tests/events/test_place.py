"""Where lines go: whole, in order, whatever happens to the file meanwhile."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from collector.events.place import File

ROOT = Path(__file__).parents[2]
ONE, TWO, THREE = b'{"id":"one"}', b'{"id":"two"}', b'{"id":"three"}'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


@pytest.fixture
def file(path: Path):
    made = File(path)
    yield made
    made.close()


def test_lines_are_appended_to_what_is_there(file: File, path: Path):
    path.write_bytes(b"earlier\n")
    file.write([ONE, TWO])
    file.write([THREE])
    assert path.read_bytes() == b"earlier\n" + ONE + b"\n" + TWO + b"\n" + THREE + b"\n"


def test_a_new_file_is_readable_for_its_group_and_writable_for_nobody_else(file: File, path: Path):
    before = os.umask(0)
    try:
        file.write([ONE])
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_they_are_on_the_disk_before_it_returns(file: File, monkeypatch):
    done = []
    write, fsync = os.write, os.fsync
    monkeypatch.setattr(os, "write", lambda *given: done.append("write") or write(*given))
    monkeypatch.setattr(os, "fsync", lambda given: done.append("fsync") or fsync(given))
    file.write([ONE, TWO])
    assert done == ["fsync", "write", "fsync"], "first the name of a new file, then what is in it"
    file.write([THREE])
    assert done[3:] == ["write", "fsync"]


@pytest.mark.parametrize("created", [True, False], ids=["and another made", "and none is there"])
def test_a_file_that_was_renamed_is_left_alone_from_then_on(file: File, path: Path, created):
    file.write([ONE])
    path.rename(path.with_suffix(".1"))
    if created:
        path.touch(0o600)
    file.write([TWO])
    assert path.with_suffix(".1").read_bytes() == ONE + b"\n"
    assert path.read_bytes() == TWO + b"\n"


def test_a_file_that_was_copied_and_emptied_goes_on_from_its_beginning(file: File, path: Path):
    file.write([ONE])
    os.truncate(path, 0)
    file.write([TWO])
    assert path.read_bytes() == TWO + b"\n"


def test_a_file_that_is_deleted_while_it_is_written_is_written_again(file: File, path: Path, monkeypatch):
    file.write([ONE])
    write = os.write

    def deleting(*given) -> int:
        monkeypatch.setattr(os, "write", write)
        path.unlink()
        return write(*given)

    monkeypatch.setattr(os, "write", deleting)
    file.write([TWO])
    assert path.read_bytes() == TWO + b"\n"


def test_a_name_that_leads_elsewhere_by_now_is_followed(file: File, path: Path):
    path.symlink_to("first")
    file.write([ONE])
    path.unlink()
    path.symlink_to("second")
    file.write([TWO])
    assert [path.with_name(name).read_bytes() for name in ("first", "second")] == [ONE + b"\n", TWO + b"\n"]


@pytest.mark.parametrize("kept", range(1, len(ONE) + 1))
def test_a_line_that_a_crash_cut_off_is_completed(path: Path, kept: int):
    path.write_bytes(TWO + b"\n" + ONE[:kept])
    file = File(path)
    file.write([ONE, TWO, THREE])
    file.close()
    lines = path.read_bytes().split(b"\n")
    assert lines == [TWO, ONE, ONE, TWO, THREE, b""]


def test_what_was_cut_off_and_waits_no_more_gets_its_line_end(path: Path, file: File):
    path.write_bytes(b'{"strange')
    file.write([ONE])
    assert path.read_bytes() == b'{"strange\n' + ONE + b"\n"


def test_a_long_file_without_any_line_end_is_no_trouble(path: Path, file: File):
    path.write_bytes(b"x" * 1_000_000)
    file.write([ONE])
    assert path.read_bytes().endswith(b"x\n" + ONE + b"\n")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["a pipe", "a folder"])
def test_what_is_no_file_is_refused_without_waiting(path: Path, file: File, make):
    make(path)
    with pytest.raises(OSError, match=r"it is no file|Is a directory"):
        file.write([ONE])


def test_a_disk_that_fills_up_cuts_a_line_and_the_next_attempt_completes_it(path: Path):
    """A limit on the file's size stands for the disk: the write stops in the middle of a line, then fails."""
    script = f"""
import resource, signal
from pathlib import Path
from collector.events.place import File
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
file, lines = File(Path({str(path)!r})), [{ONE!r}, {TWO!r}, {THREE!r}]
resource.setrlimit(resource.RLIMIT_FSIZE, (22, resource.RLIM_INFINITY))
try:
    file.write(lines)
except OSError as error:
    print(error)
print(Path({str(path)!r}).stat().st_size)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
file.write(lines)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[1] == "22", done.stdout
    assert path.read_bytes().split(b"\n") == [ONE, TWO, ONE, TWO, THREE, b""]


STANDARD = """
import os, signal, sys
from collector.events.place import Standard
place = Standard()
for order in sys.stdin:
    try:
        place.write([line.encode() for line in order.split()])
        print("written", file=sys.stderr, flush=True)
    except OSError as error:
        print(type(error).__name__, error, file=sys.stderr, flush=True)
"""


def standard(output: int) -> "subprocess.Popen[bytes]":
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", STANDARD], cwd=ROOT, stdin=pipe, stderr=pipe, stdout=output)


def orders(process: "subprocess.Popen[bytes]", *lines: bytes) -> bytes:
    assert process.stdin
    assert process.stderr
    process.stdin.write(b" ".join(lines) + b"\n")
    process.stdin.flush()
    return process.stderr.readline()


def test_standard_output_waits_for_a_slow_reader_but_not_for_one_who_never_reads():
    reading, writing = os.pipe()
    long = b"x" * 50_000
    with standard(writing) as process:
        os.close(writing)
        assert orders(process, long) == b"written\n"
        assert b"TimeoutError [Errno 110] nobody reads it" in orders(process, long, ONE)
        seen = bytearray()
        os.set_blocking(reading, False)
        try:
            while piece := os.read(reading, 65536):
                seen += piece
        except BlockingIOError:
            os.set_blocking(reading, True)
        assert orders(process, TWO) == b"written\n", "the line that was cut off, and then the next"
        process.stdin.close()
        while piece := os.read(reading, 65536):
            seen += piece
    os.close(reading)
    assert bytes(seen).split(b"\n") == [long, long, TWO, b""]


def test_standard_output_that_nobody_has_is_a_fault_and_no_end():
    reading, writing = os.pipe()
    os.close(reading)
    with standard(writing) as process:
        os.close(writing)
        assert orders(process, ONE).startswith(b"BrokenPipeError")
        process.stdin.close()
    assert process.returncode == 0


def test_a_closed_standard_output_is_never_written_to(tmp_path: Path):
    """Whatever file came to have its number."""
    shell = f'exec "$0" -c "$1" >&- 2>{tmp_path}/said <<<one'
    subprocess.run(["bash", "-c", shell, sys.executable, STANDARD], cwd=ROOT, check=True)
    assert "it is closed" in (tmp_path / "said").read_text()
