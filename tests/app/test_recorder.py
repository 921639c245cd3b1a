"""A recording is there whole or not at all, is for its owner alone, and takes no other file's place."""

import errno
import json
import stat
from pathlib import Path

import pytest

from collector.aom import Exchange
from collector.aom.endpoints import LIST_EXECUTIONS, Request
from collector.app.recorder import recording
from collector.errors import RecordingError
from collector.simulator import Malformed, read

REQUEST = Request(operation=LIST_EXECUTIONS, ids={"workflow_id": "wf-1"})
HEARD = Exchange(request=REQUEST, status=200, headers={}, raw=b'[{"execution_id":"e"}]', encoding="")


def test_what_was_heard_is_saved_a_line_each_for_the_owner_alone(tmp_path: Path):
    path = tmp_path / "记录.jsonl"
    with recording(path) as recorder:
        recorder.heard(HEARD)
        recorder.heard(HEARD)
        assert not path.exists(), "not before it is whole"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path], "and nothing stands beside it"
    header, *entries = map(json.loads, path.read_text("utf-8").splitlines())
    assert (header["format"], header["redacted"], recorder.answers) == ("aom-collector recording", True, 2)
    assert [entry["body"] for entry in entries] == ['[{"execution_id":"e"}]'] * 2
    assert list(read(path)) == [("list_executions", "wf-1")], "and it can be replayed"


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path):
    path = tmp_path / "there"
    path.write_text("mine")
    with pytest.raises(RecordingError, match="there already"), recording(path):
        pytest.fail("it must refuse before anything is asked")
    assert path.read_text() == "mine"


def test_one_that_came_meanwhile_is_not_either(tmp_path: Path):
    path = tmp_path / "there"
    with pytest.raises(RecordingError, match="there already"), recording(path):
        path.write_text("mine")
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_left_where_something_else_goes_wrong(tmp_path: Path):
    def interrupted() -> None:
        with recording(tmp_path / "there") as recorder:
            recorder.heard(HEARD)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path):
    with (
        pytest.raises(RecordingError, match="no/where cannot be written: No such file"),
        recording(tmp_path / "no" / "where"),
    ):
        pytest.fail("it must refuse before anything is asked")


def test_a_full_disk_fails_no_look_and_is_said_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full() -> None:
        with recording(tmp_path / "there") as recorder:
            monkeypatch.setattr(recorder, "_file", Full())
            recorder.heard(HEARD)

    class Full:
        def write(self, _: str) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(RecordingError, match="No space left on device"):
        full()
    assert list(tmp_path.iterdir()) == []


HEADER = '{"format": "aom-collector recording", "number": 1}\n'
GOOD = '{"operation": "list_executions", "workflow_id": "w", "status": 200, "body": "[]"}\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", ": it holds no answer"),
        (HEADER, ": it holds no answer"),
        ("{}\n", ":1: it is no recording of a kind that is known here"),
        (HEADER.replace("1", "2") + GOOD, ":1: it is no recording"),
        ("<html>\n", ":1: it is no JSON object"),
        (HEADER + GOOD + GOOD[:20] + "\n", ":3: it is no JSON object"),
        (HEADER + "[]\n", ":2: it is no JSON object"),
        (HEADER + GOOD.replace("200", '"200"'), ":2: an answer needs operation, status and body"),
        (HEADER + GOOD.replace("200", "99"), ":2: its headers or its status are none"),
        (HEADER + GOOD.replace("}", ', "headers": []}'), ":2: its headers or its status are none"),
    ],
)
def test_what_is_no_recording_is_refused_with_the_line(tmp_path: Path, text: str, says: str):
    path = tmp_path / "some.jsonl"
    path.write_text(text)
    with pytest.raises(Malformed) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}{says}")


@pytest.mark.parametrize(("content", "says"), [(None, "cannot be read: No such file"), (b"\xff", "is no text")])
def test_what_cannot_be_read_at_all_is_refused_as_well(tmp_path: Path, content: bytes | None, says: str):
    path = tmp_path / "some.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Malformed, match=says):
        read(path)
