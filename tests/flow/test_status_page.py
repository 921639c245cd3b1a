"""The status page of the demonstration: real executions of the synthetic service, as people and programs see them."""

import asyncio
import json
from urllib.parse import quote

from tests.flow.collector_process import collector, fetch


async def test_page_and_json_tell_of_the_same_failure(tmp_path):
    async with collector("demo", "--web.listen-address", "127.0.0.1:0", folder=tmp_path) as running:
        address = await running.address()
        async with asyncio.timeout(60):
            while True:
                told = json.loads(await fetch(f"{address}/api/v1/workflows?health=failed"))
                found = [each for each in told["workflows"] if any(run["failed"] for run in each["executions"])]
                if found:
                    break
                await asyncio.sleep(0.5)  # the page can only be asked, it does not tell
        assert told["watched"] >= 8
        assert "need" in await fetch(f"{address}/")
        failed = found[0]
        alone = await fetch(f"{address}/?project={quote(failed['project'])}&workflow={quote(failed['workflow_id'])}")
        assert f"<bdi>{failed['name']}</bdi>" in alone
        assert "1 of " in alone
        (execution, *_) = (run["execution_id"] for run in failed["executions"] if run["failed"])
        page = await fetch(f"{address}/?execution={quote(execution)}")
        assert failed["workflow_id"] in page
        assert "asked for" in page
        assert await running.stop() == 0
