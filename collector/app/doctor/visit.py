"""One project's visit: its name, its list, and each of its workflows' histories."""

import asyncio
import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from collector.aom import Aom, Budget, Exchange, listing, traits
from collector.aom.endpoints import LIST_EXECUTIONS, LIST_WORKFLOWS
from collector.app.desk import NAMES_EVERY
from collector.app.doctor import advice
from collector.app.doctor.checks import SIGNS_IN_WITH, Evidence
from collector.app.doctor.findings import Check, Outcome, ProjectFindings, Seen, many
from collector.app.doctor.forecast import Forecast
from collector.clock import Clock
from collector.config import Project
from collector.errors import Reason, SourceError
from collector.model import Definition, Fact, History, Listing, Requested, Workflow


class Visit:
    """One project's visit; `place` is the project's in the file."""

    def __init__(
        self,
        project: Project,
        *,
        place: int,
        budget: Budget,
        forecast: Forecast,
        clock: Clock,
        done: Callable[[], None],
    ) -> None:
        self._project = project
        self._rate = budget.rate
        self._forecast = forecast
        self._done = done
        self._aom = Aom(project, budget=budget, clock=clock, emit=self._take, heard=self._hear)
        self._evidence = Evidence(project=project, path=f"project[{place}]")
        self._times: dict[str, tuple[str, ...]] = {}
        self._twins: dict[str, str] = {}

    async def findings(self) -> ProjectFindings:
        """All that this project's checks and workflows show."""
        project, evidence = self._project, self._evidence
        listed: Listing | SourceError | None = None
        try:
            resolve = await self._resolve()
            if resolve.outcome is Outcome.FAILED:
                workflows = [_skipped(workflow) for workflow in project.workflows]
            else:
                listed = await self._listed()
                workflows = await self._workflows(listed)
        finally:
            await self._aom.close()
        own = evidence.list(listed, watched=len(workflows))
        return ProjectFindings(
            name=project.name,
            region=project.region,
            endpoint=project.endpoint,
            signs_in_with=SIGNS_IN_WITH[project.auth.method],
            checks=(resolve, evidence.connect(), evidence.sign(), evidence.clock(), own),
            workflows=tuple(workflows),
            listed=listed.listed if isinstance(listed, Listing) else None,
            requests_per_minute=self._cost(listed, len(workflows)),
            budget_per_minute=60 * self._rate,
            shared_with=(),
        )

    def _take(self, fact: Fact) -> None:
        if isinstance(fact, Requested):
            self._evidence.requested.append(fact)

    def _hear(self, exchange: Exchange) -> None:
        raw, encoding, limit = exchange.raw, exchange.encoding, self._project.max_response_bytes
        if exchange.request.operation is LIST_EXECUTIONS:
            self._times[exchange.request.ids["workflow_id"]] = traits.time_forms(raw, encoding, limit=limit)
        elif exchange.request.operation is LIST_WORKFLOWS:
            self._twins |= traits.twins(raw, encoding, limit=limit)

    async def _resolve(self) -> Check:
        try:
            host, port = self._aom.peer()
        except SourceError as error:
            step = f"put right {self._evidence.path}.proxy"
            return Check(name="resolve", outcome=Outcome.FAILED, says=str(error), next=step)
        try:
            async with asyncio.timeout(self._project.timeout):
                found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError, TimeoutError):
            step = f"check region, endpoint and proxy of {self._evidence.path}, and this machine's name servers"
            return Check(name="resolve", outcome=Outcome.FAILED, says=f"{host} cannot be resolved", next=step)
        addresses = dict.fromkeys(str(address[0]) for *_, address in found)
        says = ", ".join(addresses)
        return Check(name="resolve", outcome=Outcome.OK, says=says if says == host else f"{host}: {says}")

    async def _listed(self) -> Listing | SourceError:
        try:
            return await self._aom.listed()
        except SourceError as error:
            self._evidence.errors.append(error)
            return error

    async def _workflows(self, listed: Listing | SourceError) -> list[Seen]:
        definitions = listed.definitions if isinstance(listed, Listing) else ()
        watched, discover = {workflow.key: workflow for workflow in self._project.workflows}, self._project.discover
        for each in definitions if discover else ():
            if discover and discover.wants(each.name, each.type):
                found = self._project.found(each.workflow_id)
                watched.setdefault(found.key, found)
        if self._evidence.refused:
            # Another refusal would tell nothing new, and too many of them lock a credential.
            return [_skipped(workflow) for workflow in watched.values()]
        known = {each.workflow_id: each for each in definitions}
        return await asyncio.gather(*(self._workflow(each, known) for each in watched.values()))

    async def _workflow(self, workflow: Workflow, listed: Mapping[str, Definition]) -> Seen:
        own = workflow.key.workflow_id
        name = workflow.label(listed[own].name if own in listed else "")
        try:
            answer = await self._aom.history(own, known=b"")
        except SourceError as error:
            self._evidence.errors.append(error)
            says, step = self._evidence.brief(error), self._step(error, own, listed)
            return Seen(id=own, name=name, outcome=Outcome.FAILED, says=says, next=step)
        finally:
            self._done()
        seen = self._seen(workflow, name, answer, listed.get(own))
        if answer.records or own in listed or not listed:
            return seen
        # The service may answer with an empty history where it does not know the workflow.
        step = advice.unknown(own, listed.values(), self._twins)
        return replace(seen, outcome=Outcome.WARNING, says=f"{seen.says}, and the list does not have it", next=step)

    def _step(self, error: SourceError, workflow_id: str, listed: Mapping[str, Definition]) -> str:
        # Where the list does not know it either, its id is to blame.
        if error.reason is Reason.NOT_FOUND and listed and workflow_id not in listed:
            return advice.unknown(workflow_id, listed.values(), self._twins)
        return advice.step(error, path=self._evidence.path, asking="executions")

    def _seen(self, workflow: Workflow, name: str, answer: History, definition: Definition | None) -> Seen:
        begins = [record.begin for record in answer.records if record.begin is not None]
        oldest = datetime.fromtimestamp(min(begins) / 1000, UTC) if begins else None
        says = many(len(answer.records), "execution") if answer.records else "no execution yet"
        says += f" since {oldest:%Y-%m-%d %H:%M} UTC" if oldest else ""
        says += f"; {many(len(answer.flaws), 'value')} that cannot be read" if answer.flaws else ""
        now, most = self._forecast.of(workflow, answer, definition)
        return Seen(
            id=workflow.key.workflow_id,
            name=name,
            outcome=Outcome.WARNING if answer.flaws else Outcome.OK,
            says=says,
            next="show what `once --record` saves to those who make this program" if answer.flaws else "",
            executions=len(answer.records),
            oldest_begin=oldest.isoformat(timespec="seconds") if oldest else None,
            times=self._times.get(workflow.key.workflow_id, ()),
            series=now,
            series_at_most=most,
        )

    def _cost(self, listed: Listing | SourceError | None, watched: int) -> float:
        """Requests a minute: a look at each workflow an interval, and the list page by page."""
        project, named = self._project, self._project.workflows
        looks = sum(60 / workflow.interval for workflow in named) + (watched - len(named)) * 60 / project.interval
        pages = -(-listed.listed // listing.SIZE) if isinstance(listed, Listing) else 1
        every = project.discover.interval if project.discover else NAMES_EVERY
        return looks + max(pages, 1) * 60 / every


def _skipped(workflow: Workflow) -> Seen:
    own = workflow.key.workflow_id
    return Seen(id=own, name=workflow.label(""), outcome=Outcome.SKIPPED, says="not asked for")
