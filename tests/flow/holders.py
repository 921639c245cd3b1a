"""The real objects of a collector that asked for everything once: what each of them shows of itself."""

import functools
import io
import os
import types
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collector import log
from collector.aom.transport import Transport
from collector.app import App
from collector.clock import Clock
from collector.config import load
from collector.store import Memory
from collector.web import read_toolkit
from collector.web.users import Users

HOLDERS = {
    "AccessKey", "Answer", "Aom", "App", "Auth", "Borrowed", "Budget", "Client", "Exchange", "Instance", "Kept", "Keys",
    "Lent", "Metadata", "Password", "Project", "ProjectId", "ReadyToken", "Refused", "Request", "Scrub", "Secret",
    "Settings", "Standing", "Ticket", "Token", "Toolkit", "Transport", "Users",
}  # fmt: skip
"""What certainly holds a secret, or did once."""


async def reprs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """All that objects of each class show, after one look at everything that the configuration in a folder names."""
    kept: list[object] = []
    exchange = Transport.exchange

    async def watched(self, request, ticket, turn):
        kept.append((self, request, ticket, turn))
        try:
            answer = await exchange(self, request, ticket, turn)
        except Exception as error:
            kept.append(error)
            raise
        kept.append(answer)
        return answer

    monkeypatch.setattr(Transport, "exchange", watched)
    settings = load(folder / "collector.toml", os.environ)
    toolkit = read_toolkit(folder / "web.yml")
    lines = log.setup("debug", "json", io.StringIO())
    app = App(settings, clock=Clock(), lines=lines, store=Memory(), heard=kept.append)
    await app.once()
    told: dict[str, list[str]] = defaultdict(list)
    for each in held([app, settings, toolkit, Users(toolkit.users), kept]):
        told[type(each).__name__] += [repr(each), str(each), f"{each}"]
    return {name: "\n".join(dict.fromkeys(texts)) for name, texts in told.items()}


def held(roots: Iterable[object]) -> Iterator[object]:
    """Every object of the collector's, and every error, that can be come to from some objects."""
    waiting, seen = [*roots], {}
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen[id(each)] = each
        if _is_ours(each) or isinstance(each, BaseException):
            yield each
        waiting += _inside(each)


def _is_ours(each: object) -> bool:
    return type(each).__module__.startswith("collector.")


def _inside(each: object) -> list[object]:
    for kind, inside in WAYS.items():
        if isinstance(each, kind):
            return inside(each)
    return _parts(each) if _is_ours(each) else []


def _parts(each: object) -> list[object]:
    slots = [name for kind in type(each).__mro__ for name in getattr(kind, "__slots__", ())]
    return [getattr(each, "__dict__", {}), *(getattr(each, name, None) for name in slots)]


WAYS: dict[type | tuple[type, ...], Callable[[Any], list[object]]] = {
    dict: lambda each: [*each.keys(), *each.values()],
    (list, tuple, set, frozenset, deque): list,
    functools.partial: lambda each: [each.func, each.args, each.keywords],
    types.MethodType: lambda each: [each.__self__],
    types.FunctionType: lambda each: [
        cell.cell_contents for cell in each.__closure__ or () if cell != types.CellType()
    ],
    BaseException: lambda each: [each.args, each.__cause__, each.__context__, vars(each)],
}
