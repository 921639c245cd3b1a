"""The demonstration: the built-in simulator and a collector on it, in one process. All of it is synthetic."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import click

from collector.app import App
from collector.app.doctor import many
from collector.cli import live, terminal
from collector.cli.serve import told_to_stop
from collector.cli.wording import span
from collector.clock import Clock
from collector.config import Settings, parse
from collector.errors import ListenError
from collector.log import Lines
from collector.model import FAILED
from collector.simulator import Key, Malformed, Replay, Simulator, World, demo_world, read, world

LISTEN = "127.0.0.1:11513"
SIMULATOR = "127.0.0.1:18080"
PROJECT_ID = "0123456789abcdef0123456789abcdef"
TOKEN = "synthetic-token-of-the-simulator"  # noqa: S105  it opens nothing but the simulator beside it
ACCESS_KEY = "SYNTHETICACCESSKEY00"
SECRET_KEY = "synthetic-secret-key-of-the-simulator"  # noqa: S105  likewise

# Looked at every two seconds, and with a short first zero, so that something is to be seen within a minute.
CONFIGURATION = """
[collector]
state = "sqlite:{state}"
interval = "2s"
first_zero = "5s"

[[project]]
name = "demo"
region = "cn-north-4"
project_id = "{project_id}"
endpoint = "{endpoint}"
max_requests_per_second = 50

[project.auth]
access_key = "{access_key}"
secret_key = "{secret_key}"
"""


async def show(flags: Mapping[str, object], lines: Lines, *, lively: bool = False) -> None:
    """Run the demonstration until told to stop; `flags` by the keys that they override.

    `lively`: draw on the terminal how everything stands, instead of telling only the addresses.
    """
    stop = told_to_stop()
    clock = Clock()
    simulator = _simulator(demo_world(clock.now()), clock)
    await _start(simulator, SIMULATOR, fallback=True)
    with tempfile.TemporaryDirectory(prefix="aom-collector-demo-") as folder:
        try:
            app = await _collector(flags, simulator, Path(folder), lines)
            try:
                links = _links(app, simulator)
                if lively:
                    await live.show(app.facts, links, stop)
                    _sum_up(app, links)
                else:
                    _introduce(links)
                    await stop.wait()
            finally:
                await app.stop()
        finally:
            await simulator.close()


async def simulate(listen: str, workflows: int | None, seed: int) -> None:
    """Serve the simulator until told to stop."""
    stop = told_to_stop()
    clock = Clock()
    now = clock.now()
    made = demo_world(now, seed=seed) if workflows is None else world(seed, workflows=workflows, start=now)
    simulator = _simulator(made, clock)
    await _start(simulator, listen, fallback=False)
    click.echo(f"simulator   {simulator.url}")
    click.echo(f"project id  {PROJECT_ID}")
    click.echo(f"token       {TOKEN}")
    click.echo(f"access key  {ACCESS_KEY} / {SECRET_KEY}")
    click.echo(f"workflows   {_first(list(made.flows))}")
    await stop.wait()
    await simulator.close()


async def replay(listen: str, path: Path) -> None:
    """Serve a recording until told to stop."""
    stop = told_to_stop()
    try:
        service = Replay(read(path))
    except Malformed as error:
        raise click.UsageError(str(error)) from None
    await _start(service, listen, fallback=False)
    click.echo(f"replay      {service.url}, for any project and credential")
    terminal.tell(f"workflows   {_first(service.workflows)}")
    await stop.wait()
    await service.close()


def _first(workflows: list[str]) -> str:
    return f"{', '.join(workflows[:10])}{' …' if len(workflows) > 10 else ''}"  # noqa: PLR2004  a line of them


def _simulator(made: World, clock: Clock) -> Simulator:
    return Simulator(made, clock=clock.now, token=TOKEN, project_id=PROJECT_ID, keys={ACCESS_KEY: Key(SECRET_KEY)})


async def _start(simulator: Simulator | Replay, listen: str, *, fallback: bool) -> None:
    host, _, port = listen.rpartition(":")
    try:
        await simulator.start(host.strip("[]") or "127.0.0.1", int(port))
    except (OSError, ValueError, OverflowError):
        if not fallback:
            says = f"cannot listen on {listen}: the address is not free, or not one of this machine"
            raise ListenError(says) from None
        await simulator.start()


async def _collector(flags: Mapping[str, object], simulator: Simulator, folder: Path, lines: Lines) -> App:
    """A running collector; on a free port where the usual one is busy and no other was asked for."""
    clock = Clock()
    app = App(_settings({"listen": LISTEN, **flags}, simulator, folder), clock=clock, lines=lines)
    try:
        await app.start()
    except ListenError:
        await app.stop()
        if "listen" in flags:
            raise
        app = App(_settings({"listen": "127.0.0.1:0", **flags}, simulator, folder), clock=clock, lines=lines)
        await app.start()
    return app


def _settings(flags: Mapping[str, object], simulator: Simulator, folder: Path) -> Settings:
    text = CONFIGURATION.format(
        state=folder / "state.db",
        project_id=PROJECT_ID,
        endpoint=simulator.url,
        access_key=ACCESS_KEY,
        secret_key=SECRET_KEY,
    )
    for flow in simulator.world.flows.values():
        text += f'\n[[project.workflow]]\nid = "{flow.id}"\nexpect_every = "20m"\n'
    return parse(text, base=folder, environ={}, overrides=flags)


def _links(app: App, simulator: Simulator) -> dict[str, str]:
    """What can be opened, by what it is called."""
    address = app.addresses[0]
    return {"metrics": f"{address}/metrics", "status": f"{address}/", "simulator": simulator.url}


def _introduce(links: Mapping[str, str]) -> None:
    click.echo("A synthetic AOM and a collector that watches it. Ctrl-C ends both.")
    for name, link in links.items():
        click.echo(f"  {name:9}  {link}")
    click.echo(f"  watch      curl -s {links['metrics']} | grep node_runs_total")


def _sum_up(app: App, links: Mapping[str, str]) -> None:
    """What is left on the terminal after the picture is gone."""
    facts = app.facts()
    ended = [facts.detail(each).ended for each in facts.summaries()]
    failed = sum(count for counts in ended for status, count in counts.items() if status in FAILED)
    total, lasted = sum(sum(counts.values()) for counts in ended), span(facts.at - facts.started_at)
    click.echo(f"A collector watched a synthetic AOM for {lasted}, at {links['status']}")
    click.echo(f"{many(total, 'execution')} ended, {failed} of them failed. Nothing is kept.")
