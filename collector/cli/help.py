"""How the command line helps: examples at the end of each help, and the likely word for a misspelt one."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import click
from click.shell_completion import CompletionItem

from collector.config import nearest

NAME = "aom-collector"
Examples = Mapping[str, str]
"""What to type, and what that does."""


class Command(click.Command):
    """A command whose help ends with examples, and which knows which other command a flag belongs to."""

    def __init__(self, *args: Any, examples: Examples = {}, **kwargs: Any) -> None:  # noqa: ANN401, B006  click's own types; nobody writes to it
        super().__init__(*args, **kwargs)
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's own
        """Write the examples."""
        _write(self.examples, formatter)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments, as click does."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            others = ctx.parent.command if ctx.parent else None
            having = others.having(error.option_name) if isinstance(others, Commands) else []
            raise click.UsageError(_no_flag(error.option_name, self, having)) from None


class Commands(click.Group):
    """All commands. Of one that is `not_built` yet it says so, and of a misspelt one which is meant."""

    command_class: ClassVar[type[Command]] = Command  # type: ignore[misc]  # click's own way to say it

    def __init__(self, *args: Any, examples: Examples, not_built: Mapping[str, str], **kwargs: Any) -> None:  # noqa: ANN401  click's own types
        super().__init__(*args, **kwargs)
        self.examples, self.not_built = examples, not_built

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's own
        """Write the examples."""
        _write(self.examples, formatter)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command, as click does."""
        name = args[0]
        if name not in self.commands and not ctx.resilient_parsing:
            raise click.UsageError(self._no_command(name))
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments before the command, as click does; without any, show the help."""
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help(), err=True)
            ctx.exit(2)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise click.UsageError(_no_flag(error.option_name, self, self.having(error.option_name))) from None

    def having(self, flag: str) -> list[str]:
        """The commands that take a flag."""
        return [name for name, command in self.commands.items() if flag in flags(command)]

    def _no_command(self, name: str) -> str:
        if name in self.not_built:
            return f"{name}: {self.not_built[name]} is not built yet"
        near = nearest(name, self.commands)
        return f"there is no command {name!r}; {_meant(near, self.commands)}"


def flags(command: click.Command) -> list[str]:
    """The flags that a command takes, in all their spellings, `-h` among them."""
    params = (param for param in command.params if isinstance(param, click.Option))
    return [flag for param in params for flag in param.opts] + ["-h", "--help"]


def words(*choices: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """A completion of one of these words."""

    def complete(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
        return [CompletionItem(word) for word in choices if word.startswith(begun)]

    return complete


def _no_flag(flag: str, command: click.Command, having: list[str]) -> str:
    if having and isinstance(command, Commands):
        return f"{flag} stands behind a command, as in {NAME} {having[0]} {flag}"
    if having:
        return f"{command.name} has no {flag}, but {' and '.join(having)} {'have' if having[1:] else 'has'}"
    known = flags(command)
    who = NAME if isinstance(command, Commands) else command.name
    return f"{who} has no {flag}; {_meant(nearest(flag, known), (each for each in known if each.startswith('--')))}"


def _meant(near: str | None, known: Iterable[str]) -> str:
    return f"did you mean {near}?" if near else f"there are {', '.join(known)}"


def _write(examples: Examples, formatter: click.HelpFormatter) -> None:
    if examples:
        with formatter.section("Examples"):
            formatter.write_dl([(f"{NAME} {line}".rstrip(), says) for line, says in examples.items()])
