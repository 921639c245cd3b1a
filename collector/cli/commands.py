"""The commands, their exit statuses, and one clear sentence for every fault of the user's."""

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click
import msgspec

from collector import __version__, log
from collector.app import App
from collector.app import check as together
from collector.app.doctor import many
from collector.app.recorder import recording
from collector.cli import demo as demonstration
from collector.cli import doctor as visiting
from collector.cli import serve, terminal
from collector.cli import state as holding
from collector.clock import Clock
from collector.config import Settings, load, parse, state_of
from collector.errors import CollectorError, ConfigError, Fault, StateNewer

NOT_BUILT = {"backfill": "writing the past for Prometheus"}
UNUSABLE, FAULTY = 2, 1


class Commands(click.Group):
    """Says of a command that is not built yet that it is not, instead of that it is unknown."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command, as click does."""
        if args and args[0] in NOT_BUILT:
            msg = f"{args[0]}: {NOT_BUILT[args[0]]} is not built yet"
            raise click.UsageError(msg)
        return super().resolve_command(ctx, args)


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decorate(command: Any) -> Any:  # noqa: ANN401  click's own types
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _given(flags: Mapping[str, str | bool | None]) -> dict[str, object]:
    return {key: value for key, value in flags.items() if value is not None}


_CONFIG = click.option(
    "--config", "--config.file", "config", type=click.Path(path_type=Path), default=Path("collector.toml"),
    show_default=True, help="The configuration file.",
)  # fmt: skip
_FLAGS = _options(
    click.option("--web.listen-address", "listen", metavar="ADDRESS", help="Overrides collector.listen."),
    click.option("--log.level", "log_level", metavar="LEVEL", help="debug, info, warning or error."),
    click.option("--log.format", "log_format", metavar="FORMAT", help="auto, json, logfmt or console."),
    click.option(
        "--web.config.file",
        "web_config",
        type=click.Path(resolve_path=True),
        help="TLS and users, as Prometheus' exporter-toolkit has them; overrides collector.web_config.",
    ),
    click.option(
        "--web.enable-lifecycle",
        "lifecycle",
        is_flag=True,
        default=None,
        help="Allow POST /-/reload.",
    ),
)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="aom-collector")
def cli() -> None:
    """Watch Huawei Cloud AOM workflows and expose every ended execution and node run to Prometheus."""


@cli.command()
@_CONFIG
@_FLAGS
def run(config: Path, **flags: str | bool | None) -> None:
    """Poll and serve until told to stop (SIGTERM, SIGINT; twice to stop at once); SIGHUP reloads the file."""

    def read() -> Settings:
        settings = load(config, os.environ, _given(flags))
        if not settings.projects:
            says = "no [[project]] is configured, so there is nothing to watch"
            raise ConfigError((Fault(path=str(config), says=says),))
        return settings

    settings = read()
    lines = log.setup(settings.log_level, settings.log_format, sys.stderr)
    for warning in settings.warnings:
        lines.say("configuration.warning", says=warning)
    serve.turn(serve.until_told(App(settings, clock=Clock(), lines=lines, read=read), lines))


@cli.command()
@_CONFIG
def check(config: Path) -> None:
    """Validate the configuration file offline and list all its faults."""
    settings = load(config, os.environ)
    together(settings)
    for warning in settings.warnings:
        terminal.tell(f"warning: {warning}", err=True)
    watched = sum(len(project.workflows) for project in settings.projects)
    terminal.tell(f"{config}: fine; {many(len(settings.projects), 'project')}, {many(watched, 'workflow')}")


@cli.command()
@_CONFIG
@click.option("--commit", is_flag=True, help="Keep in the state what was found.")
@click.option(
    "--record", type=click.Path(path_type=Path), metavar="FILE",
    help="Also save the service's answers in a new file, redacted so that it can be shown to others.",
)  # fmt: skip
def once(config: Path, record: Path | None, *, commit: bool) -> None:
    """Poll everything once and print the exposition; nothing is stored without --commit."""
    settings = load(config, os.environ)
    lines = log.setup("error", settings.log_format, sys.stderr)
    with recording(record) if record else nullcontext() as recorder:
        page, failed = serve.turn(serve.one_round(settings, lines, recorder.heard if recorder else None, commit=commit))
    terminal.page(page)
    if recorder:
        says = f"{record} holds {many(recorder.answers, 'answer')}; ids of workflows, nodes and executions stand in it"
        terminal.tell(f"aom-collector: {says}", err=True)
    for says in failed:
        terminal.tell(f"aom-collector: {says}", err=True)
    if failed:
        sys.exit(FAULTY)


@cli.command()
@_CONFIG
@click.option("--json", "as_json", is_flag=True, help="Print the findings for machines.")
def doctor(config: Path, *, as_json: bool) -> None:
    """Ask the service what works, and tell the next step where something does not; nothing is stored."""
    settings = load(config, os.environ)
    log.setup("error", settings.log_format, sys.stderr)
    findings = serve.turn(visiting.visit(settings))
    if as_json:
        terminal.lines(visiting.as_json(findings))
    else:
        visiting.show(findings)
    if not findings.ok:
        sys.exit(FAULTY)


@cli.command()
@_CONFIG
@click.option("--json", "as_json", is_flag=True, help="Print it for machines.")
@click.option(
    "--backup", type=click.Path(path_type=Path), metavar="FILE",
    help="Write a consistent copy into a new file instead; also while a collector runs.",
)  # fmt: skip
def state(config: Path, backup: Path | None, *, as_json: bool) -> None:
    """Show what the state holds, or copy it; beside a running collector it asks that one."""
    path = holding.path_of(state_of(config, os.environ))
    if backup:
        size = holding.back_up(path, backup)
        terminal.tell(f"{backup} holds a copy of {path}, {size:,} bytes")
        return
    held = holding.held(path)
    if as_json:
        terminal.lines(msgspec.json.format(msgspec.json.encode(held), indent=2).decode())
    else:
        holding.show(path, held)


@cli.command()
@_CONFIG
def health(config: Path) -> None:
    """Ask the collector of this configuration whether it is healthy; for images and units."""
    well, says = holding.healthy(holding.path_of(state_of(config, os.environ)))
    terminal.tell(says, err=not well)
    if not well:
        sys.exit(FAULTY)


@cli.command()
@_FLAGS
def demo(**flags: str | bool | None) -> None:
    """Start a built-in AOM simulator and a collector that watches it; needs no account and no other service."""
    settings = parse("", base=Path(), environ={}, overrides=_given(flags))
    lines = log.setup(settings.log_level, settings.log_format, sys.stderr)
    serve.turn(demonstration.show(_given(flags), lines))


@cli.command()
@click.option("--listen", default="127.0.0.1:18080", show_default=True, metavar="ADDRESS", help="Where to listen.")
@click.option("--workflows", type=click.IntRange(1), help="So many made-up workflows; left out: the demonstration's.")
@click.option("--seed", type=int, show_default="7", help="Another seed is another story.")
@click.option(
    "--replay", type=click.Path(path_type=Path), metavar="FILE", help="Serve what `once --record` saved, instead."
)
def simulate(listen: str, workflows: int | None, seed: int | None, replay: Path | None) -> None:
    """Serve the AOM simulator alone."""
    if replay is None:
        serve.turn(demonstration.simulate(listen, workflows, 7 if seed is None else seed))
    elif workflows is not None or seed is not None:
        msg = "--replay serves a recording; --workflows and --seed make no sense with it"
        raise click.UsageError(msg)
    else:
        serve.turn(demonstration.replay(listen, replay))


for _command in cli.commands.values():
    click.version_option(__version__, prog_name="aom-collector")(_command)


def main() -> int:
    """Run the command line; returns the exit status."""
    try:
        cli.main(standalone_mode=False, prog_name="aom-collector")
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.Abort:
        return FAULTY
    except click.ClickException as error:
        return _said(error.format_message(), UNUSABLE)
    except (ConfigError, StateNewer) as error:
        return _said(str(error), UNUSABLE)
    except CollectorError as error:
        return _said(str(error), FAULTY)
    return 0


def _said(sentences: str, status: int) -> int:
    for sentence in sentences.splitlines():
        terminal.tell(f"aom-collector: {sentence}", err=True)
    return status
