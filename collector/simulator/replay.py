"""Serves a recording of the real service's answers: each again in its order, and the last one from then on."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from collector.simulator import iam, refusal
from collector.simulator.listening import Listening

FORMAT = "aom-collector recording"
NUMBER = 1
PROJECT_ID = "0123456789abcdef0123456789abcdef"
FOREVER = 4_102_444_800_000
Asked = tuple[str, str | int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One answer of the service's."""

    status: int
    headers: Mapping[str, str]
    body: str = field(repr=False)


class Malformed(Exception):
    """A file that is no recording; the text is one sentence that names the line, where it is one line's fault."""

    def __init__(self, path: Path, says: str, line: int | None = None) -> None:
        super().__init__(f"{path}{'' if line is None else f':{line}'}: {says}")


def read(path: Path) -> dict[Asked, list[Recorded]]:
    """A recording's answers by what was asked: an operation, and the workflow or the page. Raises `Malformed`."""
    answers: dict[Asked, list[Recorded]] = {}
    for number, line in _lines(path):
        if number == 1:
            if line.get("format") != FORMAT or line.get("number") != NUMBER:
                raise Malformed(path, "it is no recording of a kind that is known here", 1)
            continue
        operation, status, body = line.get("operation"), line.get("status"), line.get("body")
        headers = line.get("headers", {})
        if not (isinstance(operation, str) and isinstance(status, int) and isinstance(body, str)):
            raise Malformed(path, "an answer needs operation, status and body", number)
        if not isinstance(headers, dict) or not 200 <= status <= 599:  # noqa: PLR2004  what can be answered with
            raise Malformed(path, "its headers or its status are none", number)
        place = line.get("page") if operation == "list_workflows" else line.get("workflow_id")
        answer = Recorded(status=status, headers={str(k): str(v) for k, v in headers.items()}, body=body)
        answers.setdefault((operation, place), []).append(answer)
    if not answers:
        raise Malformed(path, "it holds no answer")
    return answers


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    found = json.loads(line)
                except (ValueError, RecursionError):
                    found = None
                if not isinstance(found, dict):
                    raise Malformed(path, "it is no JSON object", number)
                yield number, found
    except OSError as error:
        raise Malformed(path, f"it cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Malformed(path, "it is no text") from None


class Replay:
    """The service of a recording, for whoever signs in. Dates are as recorded, so that times keep their meaning."""

    def __init__(self, answers: Mapping[Asked, list[Recorded]]) -> None:
        self._left = {asked: list(recorded) for asked, recorded in answers.items()}
        self._listening = Listening()

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._listening.url

    @property
    def workflows(self) -> list[str]:
        """The workflows whose histories it has."""
        return [str(place) for operation, place in self._left if operation == "list_executions"]

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; raises `OSError` where the address cannot be had."""
        app = web.Application()
        app.router.add_get("/v1/{project_id}/cms/workflow/{workflow_id}/executions", self._executions)
        app.router.add_post("/v1/{project_id}/cms/workflow-list", self._list)
        app.router.add_post("/v3/auth/tokens", self._token)
        app.router.add_get("/v3/projects", self._projects)
        await self._listening.start(app, host, port)

    async def close(self) -> None:
        """Stop listening."""
        await self._listening.close()

    async def _executions(self, request: web.Request) -> web.Response:
        return self._answer(("list_executions", request.match_info["workflow_id"]))

    async def _list(self, request: web.Request) -> web.Response:
        try:
            asked = json.loads(await request.read())
        except ValueError:
            asked = None
        page = asked.get("page") if isinstance(asked, dict) else None
        return self._answer(("list_workflows", page if isinstance(page, int) else None))

    def _answer(self, asked: Asked) -> web.Response:
        left = self._left.get(asked)
        if left is None:
            refused = refusal.service(404, "AOM.30005001", "the recording does not have it.")
            return web.json_response(refused.body, status=refused.status)
        recorded = left.pop(0) if len(left) > 1 else left[0]
        return web.Response(body=recorded.body.encode(), status=recorded.status, headers=recorded.headers)

    async def _token(self, request: web.Request) -> web.Response:
        """A token for whoever asks: there is nothing to guard here."""
        try:
            found = json.loads(await request.read())
        except ValueError:
            found = None
        asked = iam.sign_in(found if isinstance(found, dict) else {})
        project = iam.Project(id=str(asked.scope.get("id", PROJECT_ID)), name=str(asked.scope.get("name", "")))
        body = iam.issued(asked, project, now=0, expiry=FOREVER, catalog=None)
        return web.json_response(body, status=201, headers={"X-Subject-Token": "synthetic-token-of-the-replay"})

    async def _projects(self, request: web.Request) -> web.Response:
        name = request.query.get("name", "")
        return web.json_response(iam.projects(iam.Project(id=PROJECT_ID, name=name), name))
