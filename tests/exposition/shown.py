"""Pages for tests: workflows of synthetic stories, on a clock that moves by hand."""

from collector.exposition import Exposition, Own
from collector.ledger import Ledger
from collector.model import (
    Committed,
    Ended,
    Format,
    Key,
    Listed,
    Polled,
    Reloaded,
    Renewed,
    Requested,
    Status,
    Targets,
    Workflow,
)
from tests.ledger.story import T0, Watch, node, run

SECOND = 1000


class Clock:
    """A clock that stands until it is moved; `at` in seconds."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> int:
        return T0 + round(self.at * SECOND)

    def monotonic(self) -> float:
        return self.at


def exposition(
    *,
    stale_after: float = 600,
    first_zero: float = 120,
    disable: frozenset[str] = frozenset(),
    max_series: int = 10_000,
    own: Own | None = None,
) -> Exposition:
    return Exposition(
        stale_after=stale_after,
        first_zero=first_zero,
        disable=disable,
        max_series=max_series,
        own=own or Own(clock=Clock()),
    )


def workflow(
    id: str = "wf-1",  # noqa: A002  the service's own word
    *,
    project: str = "prod",
    name: str | None = "nightly",
    interval: float = 60,
    expect_every: float | None = None,
) -> Workflow:
    return Workflow(key=Key(project, id), project_id="p", name=name, interval=interval, expect_every=expect_every)


def domain(page: bytes) -> str:
    """The part of a page that is about workflows."""
    text = page.decode()
    return text.partition("# HELP aom_collector_build_info ")[0]


def whole(form: Format) -> bytes:
    """A page in one of the formats: workflows of every kind, and every family of our own."""
    clock = Clock()
    own = Own(clock=clock)
    shown = exposition(own=own)
    for at, ledger in enumerate((None, calm(), troubled())):
        watched = workflow(f"wf-{at}", expect_every=60)
        shown.watch(watched, ledger, restored=False)
        good(shown, watched)
        shown.polled(watched.key, ok=False, at=T0, reason="server")
    key, ended = (
        Key("prod", "wf-1"),
        Ended(execution="e", node="n", status=Status.FAIL, begin=None, end=T0, held=False, first_sight=False),
    )
    own.watching("prod", 3)
    own.dropped("prod", 1)
    for fact in (
        Polled(
            key=key, name="", outcome="changed", at=T0, seconds=1, ended=(ended,), rejected={"id": 1}, invalid={"x": 1}
        ),
        Requested(project="prod", operation="list_executions", code="400", seconds=1, error_code="X.1", skew=0.5),
        Committed(outcome="ok", at=0, rows=1, seconds=1),
        Renewed(project="prod", expires_at=T0),
        Listed(project="prod", at=T0, ok=True),
        Reloaded(at=T0, ok=True),
    ):
        own.observe(fact)
    return shown.page(form)


def series(page: bytes | str) -> dict[str, float]:
    """Every sample line of a page, split naively: what stands before the last space, and the value."""
    text = page if isinstance(page, str) else domain(page)
    lines = [line for line in text.split("\n") if line and not line.startswith("#")]
    found = {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}
    assert len(found) == len(lines), "a series stands there twice"
    return found


def good(shown: Exposition, watched: Workflow, at: float = 0) -> None:
    """A good look, so many seconds after the beginning."""
    shown.polled(watched.key, ok=True, at=T0 + round(at * SECOND), reason=None)


def calm() -> Ledger:
    """Two nodes that always worked."""
    watch = Watch().begins(
        run("success", -100, -80, id="past", nodes=(node("success", -100, -90), node("success", -90, -80, node="m")))
    )
    watch.sees(
        run("success", 10, 15.5, id="a", nodes=(node("success", 10, 12), node("success", 12, 15.5, node="m"))), now=30
    )
    watch.releases(1000)
    watch.sees(
        run("success", 1010, 1012.25, id="b", nodes=(node("success", 1010, 1012, targets=Targets(success=3)),)),
        now=1030,
    )
    watch.releases(2000)
    return watch.ledger


def troubled() -> Ledger:
    """Failures, a reopened run, a gap, words nobody knows, runs under way, a node that is gone, a series on hold."""
    watch = Watch().begins(run("success", -100, -80, id="past", nodes=(node("success", -100, -90, node="gone"),)))
    watch.releases(120)
    for i in range(3):
        watch.sees(run("success", 130 + i, 131 + i, id=f"s{i}", nodes=(node("success", 130 + i, 131 + i),)))
    watch.sees(run("fail", 400, 470, id="f1", nodes=(node("fail", 400, 470, targets=Targets(success=1, fail=2)),)))
    watch.sees(run("executing", 400, id="f1", nodes=(node("executing", 471),)))
    watch.sees(
        run("timeout", 400, 480, id="f1"),
        run("executing", 500, id="x1", nodes=(node("executing", 501), node("unknown", node="odd", run="r"))),
        run("waitApproval", 490.125, id="x2"),
        run("unknown", None, id="x3"),
    )
    watch.releases(2000)
    watch.sees(run("approvalFailed", 1990, 1995, id="late"))
    watch.ledger.nodes["n"].name = 'the "first"\nnode'
    return watch.ledger


__all__ = ["Clock", "calm", "domain", "exposition", "good", "series", "troubled", "whole", "workflow"]


def of(shown, family):
    """The samples of one family: what distinguishes them, and the value."""
    found = {}
    for name, value in series(shown.page()).items():
        if name.startswith(f"{family}{{"):
            found[name.removeprefix(f"{family}{{").removesuffix("}").partition('workflow="nightly"')[2][1:]] = value
    return found


def families(shown):
    return {name.partition("{")[0] for name in series(shown.page())}


def watching(ledger, *, restored=False, **more):
    shown = exposition(**more)
    shown.watch(workflow(), ledger, restored=restored)
    return shown


def begun(*records):
    """A workflow with everything released."""
    watch = Watch().begins(*records)
    watch.releases(120)
    return watch


def ended(watch, times=1):
    for _ in range(times):
        end = watch.now + 30
        watch.sees(run("success", end - 5, end, id=f"e{end}"), now=end + 30)
    return watch.ledger
