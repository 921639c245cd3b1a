"""From a parsed TOML tree to checked tables, by the rows of the schema alone. Collects every fault on its way."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from collector.config.kinds import Wrong
from collector.config.schema import SCHEMA, SECTIONS, Key, Section, keys_of, sections_in
from collector.config.secret import Secret
from collector.config.wording import kind_of, nearest, quoted, shown, step
from collector.errors import ConfigError, Fault

_REFERENCE = re.compile(r"\$(?:\$|\{([^{}]*)\}|(?=\{))")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(slots=True)
class Table:
    """One table as read: `values` by key, without those at fault; `given` names what stands in the file.

    A secret's value is a `Secret`, or None where there is none; `inside` holds the tables within, by section name.
    """

    path: str
    values: dict[str, object] = field(default_factory=dict)
    given: frozenset[str] = frozenset()
    inside: dict[str, list["Table"]] = field(default_factory=dict)


class Walk:
    """One pass over one file: `faults` and `warnings` grow as it goes.

    `base` is the folder that relative paths start from.
    """

    def __init__(self, *, base: Path, environ: Mapping[str, str]) -> None:
        self.faults: list[Fault] = []
        self.warnings: list[str] = []
        self.environ = environ
        self._base = base

    def fault(self, path: str, says: str, fix: str = "") -> None:
        """Note a fault and go on."""
        self.faults.append(Fault(path=path, says=says, fix=fix))

    def whole(self, tree: Mapping[str, object]) -> Table:
        """Read the whole file."""
        return self._table("", "", tree)

    def override(self, table: Table, name: str, value: object) -> None:
        """Let a command-line flag hold instead of the key of this name in this table; a fault names the flag."""
        key = keys_of(table.path)[name]
        try:
            table.values[name] = self._built(key, key.kind(value))
        except Wrong as wrong:
            self._wrong(key, key.flag or step(table.path, name), wrong)

    def _table(self, section: str, path: str, raw: Mapping[str, object]) -> Table:
        keys, sections = keys_of(section), sections_in(section)
        siblings = {f"{key.name}_file": key for key in keys.values() if key.secret}
        table = Table(path, given=frozenset(raw))
        for name in raw:
            if name not in keys and name not in sections and name not in siblings:
                self._unknown(section, path, name, [*keys, *siblings, *sections])
        for key in keys.values():
            self._key(table, key, raw)
        for name, inner in sections.items():
            table.inside[name] = self._section(inner, step(path, name), raw.get(name))
        return table

    def _section(self, section: Section, path: str, raw: object) -> list[Table]:
        """The tables of one section: as many as stand there, or one with nothing in it where absence means defaults."""
        if raw is None:
            return [] if section.many or section.optional else [self._table(section.path, path, {})]
        if section.unbuilt:
            self.fault(path, section.unbuilt.says, section.unbuilt.fix)
        if section.many:
            if not isinstance(raw, list):
                self.fault(path, f"must be an array of tables, not {kind_of(raw)}", f"write {section.header}")
                return []
            return [self._part(section, f"{path}[{place}]", part) for place, part in enumerate(raw)]
        if isinstance(raw, list) and raw and isinstance(raw[0], dict):
            self.fault(path, "must be one table, not an array of tables", f"write {section.header}, once")
            return []
        return [self._part(section, path, raw)]

    def _part(self, section: Section, path: str, raw: object) -> Table:
        if isinstance(raw, dict):
            return self._table(section.path, path, raw)
        self.fault(path, f"must be a table, not {kind_of(raw)}", f"write it under {section.header}")
        return Table(path)

    def _unknown(self, section: str, path: str, name: str, known: list[str]) -> None:
        near = nearest(name, known)
        homes = [home for home in SECTIONS if name in {*keys_of(home.path), *_siblings(home.path)}]
        homes += [home for home in SECTIONS if home.path.rpartition(".")[2] == name]
        hints = []
        if near:
            hints.append(f"did you mean {near}?")
        if homes:
            hints.append(f"{quoted(name)} is valid {_places(name, homes)}")
        what = "is not a known key" if section else "is not a known section or key"
        self.fault(step(path, name), what, " ".join(hints) or _all(known))

    def _key(self, table: Table, key: Key, raw: Mapping[str, object]) -> None:
        path = step(table.path, key.name)
        sibling = raw.get(f"{key.name}_file", "") if key.secret else ""
        if sibling != "":
            if raw.get(key.name, "") != "":
                self.fault(path, f"must not be given together with {key.name}_file", "keep one of the two")
            self._sibling(table, key, f"{path}_file", sibling)
            return
        if key.name not in raw and key.required:
            self.fault(path, "is required", f"add {key.name} = {shown(key.default)} with your own value")
            return
        try:
            value = self._built(key, self._read(key, raw.get(key.name, key.default)))
        except Wrong as wrong:
            self._wrong(key, path, wrong)
            return
        table.values[key.name] = Secret(str(value)) if key.secret and value is not None else value

    def _sibling(self, table: Table, key: Key, path: str, raw: object) -> None:
        """A secret kept in a file of its own: it is read now, so that `check` finds what `run` would."""
        try:
            if key.unbuilt and not key.unbuilt.save:
                raise Wrong(says=key.unbuilt.says, fix=key.unbuilt.fix)  # noqa: TRY301  one place turns it into a fault
            given = self._expanded(raw)
            if not isinstance(given, str):
                raise Wrong(says=f"must be a string, not {kind_of(raw)}")  # noqa: TRY301  likewise
            # Who takes a secret for the name of its file writes it in the environment, where it must stay.
            called = f"that {shown(raw)} names" if given != raw else ""
            secret = Secret.of_file(self._base / given, key=path, called=called)
            self._built(key, key.kind(secret.reveal()))
        except Wrong as wrong:
            self._wrong(key, path, wrong)
        except ConfigError as error:
            self.faults.extend(error.faults)
        else:
            table.values[key.name] = secret

    def _wrong(self, key: Key, path: str, wrong: Wrong) -> None:
        quote = f", not {wrong.got}" if wrong.got and not key.secret else ""
        self.fault(f"{path}{wrong.at}", f"{wrong.says}{quote}", wrong.fix)

    def _read(self, key: Key, raw: object) -> object:
        expanded = self._expanded(raw)
        try:
            return key.kind(expanded)
        except Wrong as wrong:
            if expanded != raw:
                # What the environment holds may be anything: the fault quotes the file, never the value.
                got = f"what {shown(raw)} holds" if isinstance(raw, str) else ""
                raise Wrong(says=wrong.says, fix=wrong.fix, got=got, at=wrong.at) from None
            raise

    def _built(self, key: Key, value: object) -> object:
        """The value again, or `Wrong` where its feature is not there yet."""
        if key.unbuilt is None:
            return value
        works = key.unbuilt.save(value) if key.unbuilt.save else value == key.kind(key.default)
        if not works:
            raise Wrong(says=key.unbuilt.says, fix=key.unbuilt.fix)
        return value

    def _expanded(self, raw: object) -> object:
        if isinstance(raw, list):
            return [self._element(place, element) for place, element in enumerate(raw)]
        return _REFERENCE.sub(self._variable, raw) if isinstance(raw, str) and "$" in raw else raw

    def _element(self, place: int, raw: object) -> object:
        try:
            return self._expanded(raw)
        except Wrong as wrong:
            raise Wrong(says=wrong.says, fix=wrong.fix, got=wrong.got, at=f"[{place}]{wrong.at}") from None

    def _variable(self, found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        name = found[1]
        if name is None or not _VARIABLE.fullmatch(name):
            raise Wrong(
                says="holds ${ without the name of a variable and }", fix="write ${NAME}, or $${ for the characters"
            )
        if name not in self.environ:
            raise Wrong(
                says=f"names the environment variable {name}, which is not set", fix="set it, or write $$ for a dollar"
            )
        value = self.environ[name]
        if not value.isprintable() and any("\ud800" <= c <= "\udfff" for c in value):
            raise Wrong(says=f"names the environment variable {name}, which is not UTF-8 text")
        return value


def _siblings(section: str) -> set[str]:
    return {f"{key.name}_file" for key in SCHEMA if key.section == section and key.secret}


def _places(name: str, homes: list[Section]) -> str:
    headers = [home.header for home in homes if home.path.rpartition(".")[2] != name]
    inside = [f"as {home.header}" for home in homes if home.path.rpartition(".")[2] == name]
    return " or ".join([*(["under " + " or ".join(headers)] if headers else []), *inside])


def _all(known: list[str]) -> str:
    return f"known here: {', '.join(known)}" if known else ""
