"""The commands, their exit statuses, and one clear sentence for every fault of the user's."""

import errno
import os
import sys
from contextlib import nullcontext
from pathlib import Path

import click
import msgspec
from click.shell_completion import get_completion_class

from collector import __version__, log
from collector.app import App
from collector.app import check as together
from collector.app.doctor import many
from collector.app.recorder import recording
from collector.cli import console, faults, serve, terminal
from collector.cli import demo as demonstration
from collector.cli import doctor as visiting
from collector.cli import once as rounds
from collector.cli import state as holding
from collector.cli.examples import EXAMPLES
from collector.cli.flags import CONFIG, FLAGS, given
from collector.cli.help import NAME, Commands
from collector.cli.notify import Notify, listening
from collector.clock import Clock
from collector.config import Settings, load, parse, state_of
from collector.errors import CollectorError, ConfigError, Fault, StateNewer

NOT_BUILT = {"backfill": "writing the past for Prometheus"}
UNUSABLE, FAULTY = 2, 1
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF}
"""What standard output answers that takes nothing more; every other room makes errors of its own of these."""
COMPLETE = "_AOM_COLLECTOR_COMPLETE"
"""The variable in which a shell asks for completions."""


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    not_built=NOT_BUILT,
    examples=EXAMPLES[""],
)
@click.version_option(__version__, prog_name=NAME)
def cli() -> None:
    """Watch Huawei Cloud AOM workflows and expose every ended execution and node run to Prometheus."""


@cli.command(
    short_help="Poll and serve until told to stop.",
    examples=EXAMPLES["run"],
)
@CONFIG
@FLAGS
def run(config: Path, **flags: str | bool | None) -> None:
    """Poll and serve until told to stop (SIGTERM, SIGINT; twice to stop at once); SIGHUP reloads the file."""

    def read() -> Settings:
        return load(config, os.environ, given(flags), also=watches_something)

    def watches_something(settings: Settings) -> None:
        if not settings.projects:
            says = "no [[project]] is configured, so there is nothing to watch"
            raise ConfigError((Fault(path=str(config), says=says),))
        together(settings)

    def warned(settings: Settings) -> Settings:
        for warning in settings.warnings:
            lines.say("configuration.warning", says=warning)
        return settings

    settings, clock = read(), Clock()
    lines = log.setup(settings.log_level, settings.log_format, sys.stderr)
    notify = Notify(os.environ, clock=clock)
    app = App(
        warned(settings),
        clock=clock,
        lines=lines,
        read=lambda: warned(read()),
        reloading=lambda: notify.reloading(lambda: listening(app)),
    )
    serve.turn(serve.until_told(app, lines, notify))


@cli.command(
    short_help="Find every fault of the file, offline.",
    examples=EXAMPLES["check"],
)
@CONFIG
def check(config: Path) -> None:
    """Validate the configuration file offline: list all its faults, each with its line and the likely mend."""
    try:
        settings = load(config, os.environ, also=together)
    except ConfigError as error:
        faults.show(error.faults)
        raise click.exceptions.Exit(UNUSABLE) from None
    for warning in settings.warnings:
        terminal.tell(f"warning: {warning}", err=True)
    watched = sum(len(project.workflows) for project in settings.projects)
    terminal.tell(f"{config}: fine; {many(len(settings.projects), 'project')}, {many(watched, 'workflow')}")


@cli.command(
    short_help="Look at everything once, and print the metrics.",
    examples=EXAMPLES["once"],
)
@CONFIG
@click.option("--commit", is_flag=True, help="Keep in the state what was found.")
@click.option("--table", "as_table", is_flag=True, help="Print a table for people instead of the exposition.")
@click.option("--json", "as_json", is_flag=True, help="Print the same as the table for machines.")
@click.option(
    "--record", type=click.Path(path_type=Path), metavar="FILE",
    help="Also save the service's answers in a new file, redacted so that it can be shown to others.",
)  # fmt: skip
def once(config: Path, record: Path | None, *, commit: bool, as_table: bool, as_json: bool) -> None:
    """Poll everything once and print the exposition; nothing is stored without --commit."""
    if as_table and as_json:
        msg = "--table and --json cannot both be printed; leave one of them away"
        raise click.UsageError(msg)
    settings = load(config, os.environ, also=together)
    lines = log.setup("error", settings.log_format, sys.stderr)
    with recording(record) if record else nullcontext() as recorder:
        heard = recorder.heard if recorder else None
        outcome = serve.turn(serve.one_round(settings, lines, heard, commit=commit))
    if as_table:
        rounds.show(rounds.found(outcome.facts))
    elif as_json:
        terminal.lines(rounds.as_json(rounds.found(outcome.facts)))
    else:
        terminal.page(outcome.page)
    if recorder:
        says = f"{record} holds {many(recorder.answers, 'answer')}; ids of workflows, nodes and executions stand in it"
        terminal.tell(f"{NAME}: {says}", err=True)
    for says in outcome.failures:
        terminal.tell(f"{NAME}: {says}", err=True)
    if outcome.failures:
        raise click.exceptions.Exit(FAULTY)


@cli.command(
    short_help="Ask the service what works.",
    examples=EXAMPLES["doctor"],
)
@CONFIG
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
        raise click.exceptions.Exit(FAULTY)


@cli.command(
    short_help="Show or copy what the state holds.",
    examples=EXAMPLES["state"],
)
@CONFIG
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


@cli.command(
    short_help="Ask the local collector whether it is healthy.",
    examples=EXAMPLES["health"],
)
@CONFIG
def health(config: Path) -> None:
    """Ask the collector of this configuration whether it is healthy; for images and units."""
    well, says = holding.healthy(holding.path_of(state_of(config, os.environ)))
    terminal.tell(says, err=not well)
    if not well:
        raise click.exceptions.Exit(FAULTY)


@cli.command(
    short_help="Show it at work on a synthetic AOM.",
    examples=EXAMPLES["demo"],
)
@FLAGS
def demo(**flags: str | bool | None) -> None:
    """Start a built-in AOM simulator and a collector that watches it; needs no account and no other service.

    On a terminal it shows how every workflow stands, what just ended and what failed; with --log.level or --log.format,
    and elsewhere, its addresses and the log.
    """
    asked = given(flags)
    settings = parse("", base=Path(), environ={}, overrides=asked)
    lively = console.lively(sys.stdout) and not {"log_level", "log_format"} & asked.keys()
    with console.held_back(sys.stderr) if lively else nullcontext(sys.stderr) as stream:
        level = settings.log_level if stream is sys.stderr else "warning"  # the picture tells the rest
        lines = log.setup(level, settings.log_format, stream)
        serve.turn(demonstration.show(asked, lines, lively=lively))


@cli.command(
    short_help="Serve the AOM simulator alone.",
    examples=EXAMPLES["simulate"],
)
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


@cli.command(
    short_help="Print a script for completion in your shell.",
    examples=EXAMPLES["completion"],
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script with which a shell completes commands, flags, their values and files."""
    made = get_completion_class(shell)
    if made:
        click.echo(made(cli, {}, NAME, COMPLETE).source())


for _command in cli.commands.values():
    click.version_option(__version__, prog_name=NAME)(_command)


def main() -> int:
    """Run the command line; returns the exit status."""
    try:
        return int(cli.main(standalone_mode=False, prog_name=NAME, complete_var=COMPLETE) or 0)
    except click.Abort:
        return FAULTY
    except click.ClickException as error:
        return _said(" ".join(error.format_message().split()), UNUSABLE)
    except (ConfigError, StateNewer) as error:
        return _said(str(error), UNUSABLE)
    except CollectorError as error:
        return _said(str(error), FAULTY)
    except OSError as error:
        if error.errno not in FULL:
            raise
        # What is left of it would be tried once more at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _said(f"standard output cannot be written: {error.strerror}", FAULTY)


def _said(sentences: str, status: int) -> int:
    for sentence in sentences.splitlines():
        terminal.tell(f"{NAME}: {sentence}", err=True)
    return status
