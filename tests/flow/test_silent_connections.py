"""Who connects and asks for nothing takes no descriptors away from scrapes, looks and the state."""

import asyncio
import socket
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.flow.collector_process import configuration, eventually, scrape, started
from tests.flow.service import Service, record

HELD = 500
LIMIT = 160
UP = "aom_collector_workflow_up"
TOTAL = "aom_workflow_executions_total"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the descriptors of another process")
async def test_while_500_silent_connections_are_held_scrapes_and_looks_go_on(tmp_path: Path):
    few = ("sh", "-c", f'ulimit -n {LIMIT}; exec "$0" -m collector run', sys.executable)
    async with Service() as service:
        configuration(tmp_path, service.url, ("wf-1",), history="count")
        async with started(*few, folder=tmp_path) as running:
            address = await running.address()
            await eventually(address, lambda page: page.get(UP) == 1)
            host, _, port = address.removeprefix("http://").rpartition(":")
            with ExitStack() as held:
                for n in range(HELD):
                    # Some begin a request, and never end it.
                    sock = held.enter_context(socket.create_connection((host, int(port)), timeout=10))
                    if n % 2:
                        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
                    if n % 50 == 0:
                        await scrape(address)
                        assert len(list(Path(f"/proc/{running.process.pid}/fd").iterdir())) < LIMIT * 3 // 4
                service.answers["wf-1"] = [record("e1", "fail", 1_700_000_000, 1_700_000_001)]
                page = await eventually(address, lambda page: page.get(TOTAL, status="fail") == 1)
                assert page.get(UP) == 1
                async with asyncio.timeout(10):
                    await service.looks("wf-1", 2)
            assert await running.stop() == 0
        assert not [line for line in running.lines if "Traceback" in line or "collector.bug" in line]
