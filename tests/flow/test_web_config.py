"""The web configuration on the real process: checked before the start, and followed while it runs."""

import asyncio
import subprocess
import sys
from pathlib import Path

import aiohttp
import bcrypt

from tests.flow.collector_process import collector, configuration
from tests.web.certificates import Authority
from tests.web.test_users import basic

NOWHERE = "http://127.0.0.1:9"
HASH = bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()
USERS = f"basic_auth_users:\n  alice: {HASH}\n"
TLS = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n"


async def test_it_serves_as_the_file_says_and_follows_its_changes(tmp_path: Path):
    configuration(tmp_path, NOWHERE, ("wf-1",))
    file = tmp_path / "web.yml"
    file.write_text(TLS + USERS, "utf-8")
    authority = Authority(tmp_path)
    authority.sign("server", "IP:127.0.0.1")
    async with collector("run", "--web.config.file", "web.yml", folder=tmp_path) as running:
        address = (await running.says(r"(https://127\.0\.0\.1:\d+)"))[1]
        async with aiohttp.ClientSession() as session:
            for headers, status in (({}, 401), ({"Authorization": basic("alice", "right")}, 200)):
                async with session.get(f"{address}/metrics", headers=headers, ssl=authority.client()) as answer:
                    assert answer.status == status
        file.write_text("basic_auth_users: {alice: canary}\n", "utf-8")
        said = await running.says(r"web_config\.refused.*")
        assert "web.yml:1: basic_auth_users.alice: must be a bcrypt hash" in said[0]
        file.write_text("", "utf-8")
        await running.says(r"web_config\.loaded.*http://127\.0\.0\.1")
        async with aiohttp.ClientSession() as session, session.get(f"{address.replace('https', 'http')}/") as answer:
            assert answer.status == 200
        assert await running.stop() == 0
    assert "canary" not in "".join(running.lines)


async def test_check_and_run_refuse_a_bad_one_with_its_lines(tmp_path: Path):
    path = configuration(tmp_path, NOWHERE, ("wf-1",))
    path.write_text(path.read_text("utf-8").replace("[collector]", '[collector]\nweb_config = "网络.yml"'), "utf-8")
    (tmp_path / "网络.yml").write_text("basic_auth_users:\n  a: canary\n  b: canary\n", "utf-8")
    for command in ("check", "run"):
        done = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-m", "collector", command], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 2
        assert [line.partition(": basic")[0] for line in done.stderr.splitlines()] == [
            f"aom-collector: {tmp_path}/网络.yml:{line}" for line in (2, 3)
        ]
        assert "canary" not in done.stderr
