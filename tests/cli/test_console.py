"""What waits until a picture is gone, and what is asked of a collector that breaks off."""

import contextlib
import io
import socket
import threading
from pathlib import Path

import pytest

from collector.cli import state
from collector.cli.console import held_back
from collector.errors import StateError


class Typed(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_is_logged_while_a_picture_stands_is_shown_below_it():
    stream = Typed()
    with contextlib.suppress(KeyError), held_back(stream) as log:
        log.write("a warning\n")
        assert stream.getvalue() == "", "it would tear the picture"
        raise KeyError
    assert stream.getvalue() == "a warning\n"


def test_a_log_that_goes_into_a_file_is_not_held_back():
    stream = io.StringIO()
    with held_back(stream) as log:
        assert log is stream


@pytest.mark.parametrize("sent", [0, 10, 99])
def test_a_copy_that_breaks_off_is_no_copy(tmp_path: Path, sent: int):
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(f"{tmp_path}/state.db.sock")
        door.listen()

        def answer() -> None:
            visitor, _ = door.accept()
            with visitor:
                visitor.recv(4096)
                visitor.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * sent)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(StateError, match="does not exist"):  # so it is read from the file, which is not there
            state.back_up(tmp_path / "state.db", tmp_path / "copy.db")
        thread.join()
    assert [path.name for path in tmp_path.iterdir()] == ["state.db.sock"]
