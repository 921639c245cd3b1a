"""Whole files: bad ones carry the faults they must produce, good ones must come through."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from collector.config import load
from collector.errors import ConfigError

HERE = Path(__file__).parent
CANARY = "canary-5d1f"


@pytest.mark.parametrize("file", sorted((HERE / "bad").glob("*.toml")), ids=lambda file: file.stem)
def test_a_bad_file_produces_exactly_the_faults_it_carries(file: Path) -> None:
    lines = file.read_text("utf-8").splitlines()
    expected = [
        line.removeprefix("# fault: ").replace("{base}", str(file.parent))
        for line in lines
        if line.startswith("# fault: ")
    ]
    with pytest.raises(ConfigError) as caught:
        load(file, {"CANARY": CANARY})
    faults = caught.value.faults
    assert [str(replace(fault, spot=None)) for fault in faults] == expected
    assert "canary" not in repr(faults)
    for fault in faults:
        assert fault.spot
        assert str(fault) == f"{file}:{fault.spot.line}: {replace(fault, spot=None)}"
        line, key = lines[fault.spot.line - 1], re.sub(r"\[\d+\]$", "", fault.path).rpartition(".")[2]
        # What is not there stands, as far as anybody can say, where its section begins.
        assert key.removesuffix("_file") in line or line.startswith("[") or key.startswith("line ")


@pytest.mark.parametrize("file", sorted((HERE / "good").glob("*.toml")), ids=lambda file: file.stem)
def test_a_good_file_is_accepted_and_shows_no_secret(file: Path) -> None:
    assert CANARY not in repr(load(file, {"CANARY": CANARY}))


def test_every_value_of_a_full_file_arrives() -> None:
    settings = load(HERE / "good" / "everything_built.toml", {"CANARY": CANARY})
    (project,) = settings.projects
    assert settings.state == f"sqlite:{HERE}/good/state/aom.db"
    assert (settings.listen, settings.history, settings.log_level, settings.log_format) == (
        "[::1]:0",
        "count",
        "warning",
        "logfmt",
    )
    assert (settings.first_zero, settings.stale_after, settings.forget_after, settings.retain_state) == (
        0,
        3600,
        172800,
        0,
    )
    assert (settings.execution_buckets, settings.node_buckets) == ((0.5, 1.0), (7.0,))
    assert (settings.max_series, settings.max_nodes_per_workflow) == (500_000, 1)
    assert settings.disable == {"aom_workflow_info"}
    assert (project.endpoint, project.iam_endpoint) == ("https://aom.example:8443", "https://[2001:db8::1]")
    assert (project.enterprise_project_id, project.max_requests_per_second, project.concurrency) == ("0", 0.5, 64)
    assert (project.timeout, project.poll_deadline, project.max_response_bytes) == (1, 10, 1024)
    assert project.proxy is not None
    assert project.proxy.reveal() == f"http://user:{CANARY}@proxy.example:3128"
    assert project.auth.token is not None
    assert project.auth.token.reveal() == "a$b"
    assert [(w.key.project, w.key.workflow_id, w.interval) for w in project.workflows] == [
        ("one", "wf:1_a.b~c-d", 300),
        ("one", "流程", 120),
    ]


def test_a_file_that_is_not_there_is_a_fault_that_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"none\.toml: cannot be read: No such file or directory; name the file with --config"
    ):
        load(tmp_path / "none.toml", {})


def test_a_folder_instead_of_a_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Is a directory"):
        load(tmp_path, {})


def test_a_file_that_is_not_utf8_is_a_fault_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "latin.toml"
    file.write_bytes(b"[collector]\n# \xe9\n")
    with pytest.raises(ConfigError, match=r"^line 2: is not UTF-8; save the file as UTF-8$"):
        load(file, {})


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    file = tmp_path / "bom.toml"
    file.write_bytes(b'\xef\xbb\xbf[collector]\nlisten = ":1"\n')
    assert load(file, {}).listen == ":1"
