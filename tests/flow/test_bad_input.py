"""Whatever is wrong, an operator gets one clear sentence and the right exit status, never a traceback."""

import ctypes
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from collector.cli import main
from tests.flow.collector_process import clean_environment, collector, configuration, eventually
from tests.flow.service import Service, record

NOWHERE = "http://127.0.0.1:9"


def ends(*arguments: str, folder: Path, status: int) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "collector", *arguments],
        cwd=folder, env=clean_environment(), capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """The command line in this process: what has nothing to do with processes needs none of its own."""

    def refused(*arguments: str, status: int = 2) -> str:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["aom-collector", *arguments])
        for name in set(os.environ) - set(clean_environment()):
            monkeypatch.delenv(name)
        assert main() == status
        return capsys.readouterr().err

    return refused


def one_sentence(said: str) -> str:
    lines = said.strip().splitlines()
    assert len(lines) == 1, said
    assert lines[0].startswith("aom-collector: ")
    return lines[0]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('region = "cn-north-4"', 'region = "cn-north-4"\nintervall = "1m"', r"project\[0\]\.intervall: .*interval"),
        ('interval = "500ms"', 'interval = "1 minute"', r"collector\.interval: .*1 minute"),
        ('token = "good"', 'token = "${NOT_SET_ANYWHERE}"', r"project\[0\]\.auth\.token: .*NOT_SET_ANYWHERE"),
        ('token = "good"', 'token_file = "missing"', r"project\[0\]\.auth\.token_file: the file that it names"),
        ('state = "sqlite:state.db"', 'state = "postgresql://h/d"', r"collector\.state: .*not built yet"),
    ],
)
def test_a_bad_file_is_refused_with_the_place(refused, tmp_path: Path, old: str, new: str, says: str):
    path = configuration(tmp_path, NOWHERE, ("wf-1",))
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    said, *line_of_the_file = refused("check").splitlines()
    assert re.search(rf"^aom-collector: collector\.toml:[0-9]+: {says}", said), said
    shown, mark = line_of_the_file
    assert re.search(r"^ +[0-9]+ \| ", shown)
    assert re.search(r"^ +\| +\^+$", mark)
    assert one_sentence(refused("once")) == said, "who only wants to go on gets the sentence alone"


@pytest.mark.parametrize("command", ["run", "once"])
def test_every_command_that_reads_the_file_refuses_it(refused, tmp_path: Path, command: str):
    path = configuration(tmp_path, NOWHERE, ("wf-1",))
    path.write_text(path.read_text("utf-8").replace('"500ms"', '"soon"'), "utf-8")
    assert "collector.interval: " in one_sentence(refused(command))


def test_all_faults_are_listed_at_once(refused, tmp_path: Path):
    path = configuration(tmp_path, NOWHERE, ("wf-1",))
    text = path.read_text("utf-8").replace('"500ms"', '"soon"').replace('region = "cn-north-4"\n', "")
    path.write_text(text + 'namee = "x"\n', "utf-8")
    said = refused("check")
    for line, place in ((5, "collector.interval"), (10, "project[0].region"), (23, "project[0].workflow[0].namee")):
        assert f"aom-collector: collector.toml:{line}: {place}: " in said


def test_a_missing_file_is_named(refused):
    assert "nowhere.toml" in one_sentence(refused("run", "--config", "nowhere.toml"))


def test_run_refuses_a_file_without_a_project_and_check_only_warns(refused, tmp_path: Path):
    (tmp_path / "collector.toml").write_text("[collector]\n", "utf-8")
    assert "project" in one_sentence(refused("run"))
    assert "warning" in refused("check", status=0)


def test_a_command_that_is_not_built_yet_is_refused_by_name_and_not_in_the_help(refused):
    shown = subprocess.run([sys.executable, "-m", "collector", "-h"], capture_output=True, text=True, check=True)
    for command in ("backfill",):
        assert f"{command}: " in one_sentence(refused(command))
        assert not re.search(rf"^  {command}\b", shown.stdout, re.MULTILINE)


@pytest.mark.parametrize("command", ["run", "demo"])
@pytest.mark.parametrize(
    ("flag", "value"),
    [("--log.level", "loud"), ("--log.format", "xml"), ("--web.listen-address", "nowhere")],
)
def test_a_flag_with_a_bad_value_is_named(refused, tmp_path: Path, command: str, flag: str, value: str):
    configuration(tmp_path, NOWHERE, ("wf-1",))
    assert f"{flag}: " in one_sentence(refused(command, flag, value))


def test_a_port_in_use_is_said(tmp_path: Path):
    configuration(tmp_path, NOWHERE, ("wf-1",))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        said = one_sentence(ends("run", "--web.listen-address", address, folder=tmp_path, status=1))
    assert address in said
    assert "in use" in said


async def test_a_state_that_another_collector_holds_is_refused_and_once_says_so(tmp_path: Path):
    async with Service() as service:
        configuration(tmp_path, service.url, ("wf-1",))
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            await eventually(address, lambda page: page.get("aom_collector_workflow_up") == 1)
            async with collector("run", folder=tmp_path) as second:
                assert await second.process.wait() == 1
                await second.drained()
                assert "state.db" in one_sentence("\n".join(line for line in second.lines if "aom-collector:" in line))
            async with collector("once", folder=tmp_path) as second:
                assert await second.process.wait() == 0
                await second.drained()
                assert any("starting from nothing" in line for line in second.lines)


def test_a_folder_that_may_not_be_written_is_said(tmp_path: Path):
    folder = tmp_path / "closed"
    folder.mkdir()
    configuration(folder, NOWHERE, ("wf-1",))
    folder.chmod(0o555)
    tmp_path.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-m", "collector", "run"],
        cwd=folder, env=clean_environment(), capture_output=True, text=True, timeout=30, check=False,
        preexec_fn=_drop_the_right_to_write_anywhere,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "state.db" in one_sentence(done.stderr)


def _drop_the_right_to_write_anywhere() -> None:
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)()
    libc.capget(header, data)
    for i in (0, 1, 2):
        data[i] &= ~0b110
    libc.capset(header, data)


def test_a_file_that_is_no_state_is_refused_and_left_alone(tmp_path: Path):
    configuration(tmp_path, NOWHERE, ("wf-1",))
    (tmp_path / "state.db").write_bytes(b"precious" * 100)
    assert "state.db" in one_sentence(ends("run", folder=tmp_path, status=1))
    assert (tmp_path / "state.db").read_bytes() == b"precious" * 100


def test_a_state_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path):
    configuration(tmp_path, NOWHERE, ("wf-1",))
    with subprocess.Popen(
        [sys.executable, "-m", "collector", "run"],
        cwd=tmp_path, env=clean_environment(), stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        while "collector.started" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
    assert process.returncode == 0
    with sqlite3.connect(tmp_path / "state.db") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    before = (tmp_path / "state.db").read_bytes()
    assert "newer" in one_sentence(ends("run", folder=tmp_path, status=2))
    assert (tmp_path / "state.db").read_bytes() == before


async def test_run_goes_on_when_the_endpoint_cannot_be_reached(tmp_path: Path):
    path = configuration(tmp_path, NOWHERE, ("wf-1",))
    hasty = path.read_text("utf-8").replace("\n[project.auth]", 'poll_deadline = "300ms"\n[project.auth]')
    path.write_text(hasty, "utf-8")
    async with collector("run", folder=tmp_path) as running:
        address = await running.address()
        page = await eventually(address, lambda page: page.get("aom_collector_workflow_up") == 0)
        assert page.get("aom_collector_workflow_poll_failures_total", reason="network") >= 1
        assert "aom_workflow_executions_total" not in page.text
        await running.says("event=poll.failing .*127.0.0.1:9")
        await eventually(
            address, lambda page: page.get("aom_collector_workflow_poll_failures_total", reason="network") >= 3
        )
        assert len([line for line in running.lines if "poll.failing" in line]) == 1
        assert await running.stop() == 0


async def test_run_goes_on_when_the_token_is_refused_and_takes_a_new_one_from_its_file(tmp_path: Path):
    async with Service() as service:
        path = configuration(tmp_path, service.url, ("wf-1",))
        (tmp_path / "token").write_text("stale\n", "utf-8")
        path.write_text(path.read_text("utf-8").replace('token = "good"', 'token_file = "token"'), "utf-8")
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            page = await eventually(address, lambda page: page.get("aom_collector_workflow_up") == 0)
            assert page.get("aom_collector_workflow_poll_failures_total", reason="auth") >= 1
            await running.says("event=poll.failing .*AOM.31009004")
            (tmp_path / "token").write_text("good\n", "utf-8")
            await eventually(address, lambda page: page.get("aom_collector_workflow_up") == 1)
            await running.says("event=poll.recovered")
            assert not [line for line in running.lines if "stale" in line or "Traceback" in line]


async def test_once_ends_with_one_where_a_workflow_failed_and_still_prints_the_others(tmp_path: Path):
    async with Service() as service:
        service.answers = {"wf-1": [record("e", "success", 1.7e9, 1.7e9 + 5)], "wf-2": b"<html>login</html>"}
        configuration(tmp_path, service.url, ("wf-1", "wf-2"), history="count")
        async with collector("once", folder=tmp_path) as running:
            assert await running.process.wait() == 1
            await running.drained()
            assert any('status="success"} 1' in line for line in running.lines)
            assert [line for line in running.lines if line.startswith("aom-collector:") and "wf-2" in line]


async def test_a_second_interrupt_ends_at_once_and_a_hang_up_ends_nothing(tmp_path: Path):
    async with Service() as service:
        configuration(tmp_path, service.url, ("wf-1",))
        async with collector("run", folder=tmp_path) as running:
            address = await running.address()
            running.process.send_signal(signal.SIGHUP)
            await running.says("config.reloaded.*nothing changed")
            await eventually(address, lambda page: page.get("aom_collector_workflow_up") == 1)
            assert await running.stop(signal.SIGINT) == 0


@pytest.mark.parametrize("command", [["check"], ["--help"], ["once", "--table"], ["completion", "bash"]])
def test_a_standard_output_that_takes_nothing_is_said_in_one_sentence(tmp_path: Path, command: list[str]):
    (tmp_path / "collector.toml").write_text('[collector]\nstate = "memory:"\n', "utf-8")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "collector", *command],
            stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == ("aom-collector: standard output cannot be written: No space left on device")
    assert "Traceback" not in done.stderr
