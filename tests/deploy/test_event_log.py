"""The event log's page says what the code does, and its examples read and rotate what the code writes."""

import json
import re
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from collector.events.delivery import MOST
from collector.events.line import lines
from collector.events.place import MODE, File
from collector.ledger import Ledger, Step
from collector.model import Ended, Key, Status, Targets, Workflow
from deploy import schemas

EVENTS = Path(schemas.__file__).parent / "events"
PAGE = (schemas.DOCS / "event-log.md").read_text(encoding="utf-8")
SCHEMA = json.loads((schemas.DOCS / "event-log.schema.json").read_text(encoding="utf-8"))
FIELDS = set(SCHEMA["$defs"]["NodeEnded"]["properties"])
WORKFLOW = Workflow(key=Key("prod", "wf-0001"), project_id="0123456789abcdef0123456789abcdef", name=None, interval=60)
EXECUTION = Ended(
    execution="e1", node=None, status=Status.FAIL, begin=1_700_000_000_000, end=1_700_000_001_500, held=True,
    first_sight=False,
)  # fmt: skip
NODE = replace(EXECUTION, node="backup", run="r1", targets=Targets(success=2, fail=1))
FOUND = 1_700_000_061_007


def made(*ended: Ended) -> list[bytes]:
    ledger = Ledger(name="夜间备份", definition={"backup": "第一步"})
    return list(lines(WORKFLOW, Step(ledger=ledger, changed=True, ended=ended), FOUND))


def program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{name} is not on this machine")
    return found


def test_the_lines_it_shows_are_those_that_the_code_writes():
    (shown,) = re.findall(r"```json\n(.*?)```", PAGE, flags=re.DOTALL)
    assert shown.encode().splitlines() == made(EXECUTION, NODE)
    for line in shown.splitlines():
        jsonschema.validate(json.loads(line), SCHEMA)


def test_it_names_every_field_and_none_that_is_not_there():
    rows = re.findall(r"^\| (`.*?`) \|", PAGE, flags=re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == FIELDS


def test_the_numbers_it_names_are_the_codes():
    assert "half a million" in PAGE
    assert MOST == 500_000
    assert f"mode {MODE:04o}" in PAGE
    assert "some 250 MB" in PAGE
    assert 200 < len(b"\n".join(made(EXECUTION, NODE))) * MOST / 2 / 2**20 < 300


def test_alloy_reads_fields_that_there_are_and_makes_labels_of_few_values_alone():
    text = (EVENTS / "config.alloy").read_text(encoding="utf-8")

    def names(stage: str) -> set[str]:
        (block,) = re.findall(rf"stage\.{stage} {{\n(.*?)\n  }}", text, flags=re.DOTALL)
        return set(re.findall(r"^      (\w+) +=", block, flags=re.MULTILINE))

    read = re.findall(r'^      (\w+) += "(\w+)",$', text, flags=re.MULTILINE)
    assert {name for name, _ in read} == names("json")
    assert all(name == field and field in FIELDS for name, field in read)
    assert names("labels") == {"event", "status", "project"}
    assert names("structured_metadata") == names("json") - names("labels") - {"time"}
    never = re.search(r"\*\*Never\*\* make labels of (.*?)Those", PAGE, flags=re.DOTALL)[1]
    assert names("labels").isdisjoint(re.findall(r"`(\w+)`", never))
    assert names("structured_metadata") <= set(re.findall(r"`(\w+)`", never))
    assert text.count("{") == text.count("}")


def test_logrotate_takes_no_line_away_and_adds_none(tmp_path: Path):
    logrotate, log = program("logrotate"), tmp_path / "events.jsonl"
    text = (EVENTS / "logrotate.conf").read_text(encoding="utf-8")
    assert text.count("/var/log/aom-collector/events.jsonl") == 1
    config = tmp_path / "logrotate.conf"
    config.write_text(text.replace("/var/log/aom-collector/events.jsonl", str(log)), encoding="utf-8")
    tmp_path.chmod(0o750)
    file, written = File(log), []
    for number in range(4):
        (line,) = made(replace(EXECUTION, execution=f"e{number}"))
        file.write([line])
        written.append(line)
        if number < 3:
            rotating = [logrotate, "--force", "--state", tmp_path / "status", config]
            done = subprocess.run(rotating, capture_output=True, text=True, check=False)
            assert (done.returncode, done.stderr) == (0, "")
    file.close()
    assert sorted(path.name for path in tmp_path.glob("events*")) == [
        "events.jsonl", "events.jsonl.1", "events.jsonl.2.gz", "events.jsonl.3.gz",
    ]  # fmt: skip
    for path in tmp_path.glob("*.gz"):
        subprocess.run(["gzip", "-d", path], check=True)
    kept = [path.read_bytes() for path in sorted(tmp_path.glob("events*"), reverse=True)]
    assert kept == [line + b"\n" for line in written]


def test_rsyslog_follows_the_file_through_a_rotation_and_passes_the_failures_on(tmp_path: Path):
    rsyslogd, log, passed = program("rsyslogd"), tmp_path / "events.jsonl", tmp_path / "failures.jsonl"
    text = (EVENTS / "rsyslog.conf").read_text(encoding="utf-8")
    here = {"/var/log/aom-collector/events.jsonl": log, "/var/log/aom-collector-failures.jsonl": passed}
    for name, other in here.items():
        assert text.count(name) == 1
        text = text.replace(name, str(other))
    config = tmp_path / "rsyslog.conf"
    config.write_text(f'global(workDirectory="{tmp_path}")\n{text}', encoding="utf-8")
    failed = made(EXECUTION, NODE, replace(EXECUTION, execution='二 "\x1b\n\u2028'))
    fine = made(replace(EXECUTION, status=Status.SUCCESS))
    file = File(log)
    file.write([*fine, *failed[:2]])
    command = [rsyslogd, "-n", "-f", config, "-i", tmp_path / "rsyslog.pid"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            until(lambda: passed.exists() and passed.read_bytes().count(b"\n") == 2)
            log.rename(tmp_path / "events.jsonl.1")
            file.write([failed[2], *fine])
            until(lambda: passed.read_bytes().count(b"\n") == 3)
        finally:
            process.terminate()
        assert process.communicate(timeout=10)[0] == ""
    file.close()
    assert passed.read_bytes().splitlines() == failed


def until(wanted, within: float = 15.0) -> None:
    end = time.monotonic() + within
    while not wanted():
        assert time.monotonic() < end
        time.sleep(0.05)  # a file tells nobody
