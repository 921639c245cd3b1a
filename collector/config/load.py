"""The way in: a file, or text, to settings; or to one error with every fault of the file."""

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

from collector.config import build
from collector.config.excerpt import placed
from collector.config.settings import Settings
from collector.config.walk import Table, Walk
from collector.errors import ConfigError, Fault, Spot

_AT = re.compile(r"(?P<says>.*) \(at (?:line (?P<line>[0-9]+), column (?P<column>[0-9]+)|end of document)\)", re.DOTALL)
_NOTHING: Mapping[str, object] = {}


def load(
    path: Path,
    environ: Mapping[str, str],
    overrides: Mapping[str, object] = _NOTHING,
    *,
    also: Callable[[Settings], None] = lambda _: None,
) -> Settings:
    """Read a configuration file; relative paths in it start from its folder.

    `overrides` are the values of command-line flags by key of `[collector]`; `also` refuses settings for reasons of its
    own. Raises `ConfigError` with all faults, each with its line.
    """
    text = _text(path)
    try:
        settings = parse(text, base=path.absolute().parent, environ=environ, overrides=overrides)
        also(settings)
    except ConfigError as error:
        raise ConfigError(placed(error.faults, text, str(path))) from None
    return settings


def state_of(path: Path, environ: Mapping[str, str]) -> str:
    """Where a configuration keeps its state, whatever else is wrong with it by now. Otherwise as `load`."""
    tree = _tree(_text(path))
    table = tree.get("collector")
    named = {key: table[key] for key in ("state", "state_file") if key in table} if isinstance(table, dict) else {}
    return settle({"collector": named}, base=path.absolute().parent, environ=environ).state


def parse(text: str, *, base: Path, environ: Mapping[str, str], overrides: Mapping[str, object] = _NOTHING) -> Settings:
    """Read a configuration from text; `base` is the folder that relative paths start from. Otherwise as `load`."""
    return settle(_tree(text), base=base, environ=environ, overrides=overrides)


def settle(
    tree: Mapping[str, object],
    *,
    base: Path,
    environ: Mapping[str, str],
    overrides: Mapping[str, object] = _NOTHING,
) -> Settings:
    """Read a configuration from a parsed TOML tree. Otherwise as `load`."""
    walk = Walk(base=base.absolute(), environ=environ)
    file = walk.whole(tree)
    for name, value in overrides.items():
        walk.override(_collector(file), name, value)
    build.check(walk, file, base.absolute())
    if walk.faults:
        raise ConfigError(tuple(walk.faults))
    return build.settings(file, base.absolute(), walk.warnings)


def _collector(file: Table) -> Table:
    return (file.inside["collector"] or [Table("collector")])[0]


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        fix = "name the file with --config" if isinstance(error, FileNotFoundError) else ""
        raise ConfigError((Fault(path=str(path), says=f"cannot be read: {reason}", fix=fix),)) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError((Fault(path=f"line {line}", says="is not UTF-8", fix="save the file as UTF-8"),)) from None


def _tree(text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError((Fault(path="file", says="is nested too deeply"),)) from None
    except ValueError as error:
        found = _AT.fullmatch(str(error))
        line = int((found["line"] if found else None) or text.rstrip().count("\n") + 1)
        column = int((found["column"] if found else None) or 0)
        says = f"is not TOML: {found['says'] if found else 'a value cannot be read'}"
        spot = Spot(line=line, start=max(column - 1, 0), end=column)
        raise ConfigError((Fault(path=f"line {line}", says=says, spot=spot),)) from None
