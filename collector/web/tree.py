"""A tree of YAML nodes: what is asked of it either is there as it should be, or a fault names its line."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

import yaml

from collector.errors import Fault

T = TypeVar("T")
_NOTHING = "tag:yaml.org,2002:null"


class Tree:
    """One file being read: every fault is noted, and reading goes on. A node that is None is not there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._faults: list[tuple[int, Fault]] = []

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What is wrong so far, from the first line to the last."""
        return tuple(fault for _, fault in sorted(self._faults, key=lambda each: each[0]))

    def fault(self, node: yaml.Node, place: str, says: str, fix: str = "") -> None:
        """Note what is wrong with a node."""
        line = node.start_mark.line + 1
        self._faults.append((line, Fault(path=f"{self._path}:{line}: {place}", says=says, fix=fix)))

    def table(self, node: yaml.Node | None, place: str, known: tuple[str, ...]) -> dict[str, yaml.Node]:
        """The keys of a table that have a value."""
        found = {}
        for key, value in self.pairs(node, place):
            if key not in known:
                near = get_close_matches(key, known, 1)
                fix = f"did you mean {near[0]}?" if near else f"these are known: {', '.join(known)}"
                self.fault(value, f"{place}.{key}".lstrip("."), "is not known here", fix)
            elif value.tag != _NOTHING:
                found[key] = value
        return found

    def pairs(self, node: yaml.Node | None, place: str) -> Iterator[tuple[str, yaml.Node]]:
        """The keys and values of a table."""
        if node is None or node.tag == _NOTHING:
            return
        if not isinstance(node, yaml.MappingNode):
            self.fault(node, place or "the file", "must be a table of keys")
            return
        seen = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                self.fault(key, f"{place}.{name}".lstrip("."), "stands there twice")
            seen.add(name)
            yield name, value

    def texts(self, node: yaml.Node | None, place: str) -> list[str]:
        """A list of texts."""
        return [self.text(each, place) for each in self._list(node, place)]

    def words(self, node: yaml.Node | None, place: str, known: Mapping[str, T]) -> list[T]:
        """A list of known words, by what they mean."""
        found = (self.word(each, place, known) for each in self._list(node, place))
        return [each for each in found if each is not None]

    def word(self, node: yaml.Node | None, place: str, known: Mapping[str, T]) -> T | None:
        """What a known word means."""
        text = self.text(node, place)
        if node is not None and text not in known:
            self.fault(node, place, f"must be one of {', '.join(known)}")
        return known.get(text)

    def text(self, node: yaml.Node | None, place: str) -> str:
        """A text, "" where there is none."""
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        if node is not None:
            self.fault(node, place, "must be text")
        return ""

    def matches(self, node: yaml.Node, place: str, pattern: str, says: str, fix: str = "") -> None:
        """Refuse a text that is not as it should be, without quoting it."""
        if isinstance(node, yaml.ScalarNode) and not re.fullmatch(pattern, str(node.value)):
            self.fault(node, place, says, fix)

    def flag(self, node: yaml.Node | None, place: str) -> None:
        """Refuse what is neither true nor false."""
        if node is not None and self.text(node, place).lower() not in ("true", "false"):
            self.fault(node, place, "must be true or false")

    def file(self, node: yaml.Node | None, place: str) -> Path | None:
        """The path of a file, relative to the folder of this one."""
        text = self.text(node, place)
        return self._path.parent / text if text else None

    def _list(self, node: yaml.Node | None, place: str) -> list[yaml.Node]:
        if node is None or isinstance(node, yaml.SequenceNode):
            return list(node.value) if node else []
        self.fault(node, place, "must be a list")
        return []
