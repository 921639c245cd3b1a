"""Every way in which a look can fail has its reason on the page, and costs the other workflows nothing."""

import asyncio
from pathlib import Path

from aiohttp import web

from collector.errors import Reason
from tests.flow.collector_process import collector, configuration, eventually
from tests.flow.service import Service


async def hang(_: web.Request) -> web.Response:
    await asyncio.sleep(30)
    return web.Response()


async def leave(request: web.Request) -> web.Response:
    request.transport.abort()
    return web.Response()


def status(number: int, **headers: str):
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=number, headers=headers)

    return answer


ANSWERS = {
    Reason.AUTH: status(401),
    Reason.FORBIDDEN: status(403),
    Reason.NOT_FOUND: status(404),
    Reason.THROTTLED: status(429, **{"Retry-After": "0"}),
    Reason.TIMEOUT: hang,
    Reason.NETWORK: leave,
    Reason.ANSWER: b"<html>",
    Reason.OVERSIZE: b" " * 5000,
    Reason.SERVER: status(502),
}


async def test_every_reason_is_counted_for_its_workflow_alone(tmp_path: Path):
    assert set(ANSWERS) == set(Reason)
    async with Service() as service:
        service.answers.update({f"wf-{reason}": answer for reason, answer in ANSWERS.items()})
        path = configuration(tmp_path, service.url, ("wf-good", *service.answers))
        text = path.read_text("utf-8").replace(
            "\n[project.auth]",
            'timeout = "2s"\npoll_deadline = "3s"\nmax_response_bytes = 4096\nconcurrency = 16\n[project.auth]',
        )
        path.write_text(text, "utf-8")
        async with collector("run", folder=tmp_path) as running:
            failures = "aom_collector_workflow_poll_failures_total"
            page = await eventually(
                await running.address(),
                lambda page: (
                    all(page.get(failures, workflow_id=f"wf-{reason}", reason=reason) for reason in Reason)
                    and page.get("aom_collector_workflow_up", workflow_id="wf-good") == 1
                ),
            )
            assert page.total("aom_collector_workflow_up") == 1
            shown = {dict(pairs)["reason"] for name, pairs in page.samples if name == failures}
            assert shown == set(Reason)
            assert all(
                page.get(failures, workflow_id=f"wf-{one}", reason=other) is None
                for one in Reason
                for other in Reason
                if one is not other
            )
            assert await running.stop() == 0
        assert service.posted == 0
