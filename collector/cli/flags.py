"""The flags that several commands take."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from collector.cli.help import words
from collector.config import LOG_FORMATS, LOG_LEVELS


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decorate(command: Any) -> Any:  # noqa: ANN401  click's own types
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def given(flags: Mapping[str, str | bool | None]) -> dict[str, object]:
    """The flags that were given, by the keys that they override."""
    return {key: value for key, value in flags.items() if value is not None}


CONFIG = click.option(
    "--config", "--config.file", "config", type=click.Path(path_type=Path), default=Path("collector.toml"),
    show_default=True, help="The configuration file.",
)  # fmt: skip
FLAGS = _options(
    click.option("--web.listen-address", "listen", metavar="ADDRESS", help="Overrides collector.listen."),
    click.option(
        "--log.level",
        "log_level",
        metavar="LEVEL",
        shell_complete=words(*LOG_LEVELS),
        help="debug, info, warning or error.",
    ),
    click.option(
        "--log.format",
        "log_format",
        metavar="FORMAT",
        shell_complete=words(*LOG_FORMATS),
        help="auto, json, logfmt or console.",
    ),
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
