"""`simulate`: what it prints is what opens it."""

import asyncio
from pathlib import Path

import pytest
from huaweicloudsdkaom.v1 import ListWorkflowExecutionsRequest

from tests.flow.collector_process import collector
from tests.simulator.vendor import OLD_CLOCK, client


@pytest.mark.filterwarnings(OLD_CLOCK)
async def test_the_printed_access_key_opens_the_simulator(tmp_path: Path):
    async with collector("simulate", "--listen", "127.0.0.1:0", folder=tmp_path) as running:
        url = await running.address()
        project = (await running.says(r"^project id  (\S+)$"))[1]
        access_key, secret = (await running.says(r"^access key  (\S+) / (\S+)$")).groups()
        asked = client(url, access_key=access_key, secret=secret, project_id=project)
        flow = (await running.says(r"^workflows   ([^, ]+)"))[1]
        request = ListWorkflowExecutionsRequest(workflow_id=flow)
        found = await asyncio.to_thread(asked.list_workflow_executions, request)
        assert {each.workflow_id for each in found.body} == {flow}
        assert await running.stop() == 0
