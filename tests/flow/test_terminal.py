"""A name is shown on a terminal, never obeyed by it."""

import asyncio
import json
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

from tests.flow.collector_process import clean_environment, configuration
from tests.flow.service import Service, record

NAME = "夜间\x1b]0;owned\x07\x9b31m\nforged\u2028 \x7f"
SPELLED = "夜间\\u001b]0;owned\\u0007\\u009b31m\\u000aforged\\u2028 \\u007f"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")


async def says(folder: Path, *arguments: str, terminal: bool = False) -> str:
    """What a command says on a pipe, or on a terminal, there without our own colours and ends of lines."""

    def run() -> bytes:
        command = [sys.executable, "-m", "collector", *arguments]
        environment = clean_environment() | {"COLUMNS": "200", "TERM": "xterm"}
        if not terminal:
            done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, check=False)
            return done.stdout
        ours, theirs = pty.openpty()
        with (
            subprocess.Popen(command, cwd=folder, env=environment, stdout=theirs) as process,
            os.fdopen(ours, "rb") as end,
        ):
            os.close(theirs)
            told = b""
            try:
                while part := os.read(end.fileno(), 1 << 16):
                    told += part
            except OSError:
                pass  # the end of a terminal
            process.wait()
        return COLOURS.sub("", told.decode()).replace("\r\n", "\n").encode()

    return (await asyncio.to_thread(run)).decode()


async def test_names_are_spelled_out_in_tables_in_json_and_where_a_page_goes_to_a_terminal(tmp_path: Path):
    async with Service() as service:
        service.listed = [{"id": "wf-1", "name": NAME, "type": "cron", "nodes": []}]
        service.answers["wf-1"] = [record("e1", "fail", time.time(), time.time() + 1)]
        configuration(tmp_path, service.url, ("wf-1",), history="count")
        page = await says(tmp_path, "once", "--commit")
        shown = await says(tmp_path, "once", terminal=True)
        tables = [await says(tmp_path, *command, terminal=True) for command in (("state",), ("doctor",))]
        documents = [await says(tmp_path, command, "--json") for command in ("state", "doctor")]
    assert f'workflow="{NAME}"'.replace("\n", "\\n") in page, "who scrapes a page gets what the service says"
    for told in (shown, *tables, *documents):
        assert OBEYED.findall(told) == []
    assert SPELLED.replace("\\u000a", "\\n") in shown
    assert all(SPELLED in told for told in tables)
    assert NAME in {row["name"] for row in json.loads(documents[0])["workflows"]}
    assert NAME in {row["name"] for row in json.loads(documents[1])["projects"][0]["workflows"]}
