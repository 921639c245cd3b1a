"""No secret is shown anywhere, whatever goes wrong, by whomever it is quoted, and in whatever form."""

import os
from functools import partial
from pathlib import Path

import pytest

from collector.aom import Budget
from collector.aom.instance import Instance
from collector.clock import Clock
from collector.config import Secret
from collector.simulator import Agency, Machine
from tests.flow.echoing import SHAPES
from tests.flow.evidence import gathered, service, world
from tests.flow.holders import HOLDERS, reprs
from tests.flow.marked import Marked
from tests.flow.marks import FORMS, Marks, mark, written

LONG = os.environ.get("AOM_LONG_PROOFS") == "1"
ECHOES = len(SHAPES) * len(FORMS) if LONG else len(SHAPES)
"""How often each secret is quoted: in each shape, with `AOM_LONG_PROOFS=1` in each form of each."""


def finds(marks: Marks, told: dict[str, str | bytes]) -> dict[str, set[str]]:
    return {channel: found for channel, text in told.items() if (found := marks.found(text))}


@pytest.mark.timeout(900 if LONG else 300)
async def test_no_channel_holds_a_mark(tmp_path: Path):
    marks = Marks()
    told = await gathered(tmp_path, marks, echoes=ECHOES, within=600 if LONG else 90)
    assert finds(marks, told) == {}


@pytest.mark.timeout(300)
async def test_a_leak_is_found_in_every_channel(tmp_path: Path):
    marks, secret = Marks(), mark("leak", 30)
    told = await gathered(tmp_path, Marks(), leaks=secret, echoes=2)
    marks.add("leak", secret)
    assert set(told) - set(finds(marks, told)) == set()


@pytest.mark.parametrize("leaks", [(), ("Secret", "Auth", "Project", "Settings")])
async def test_nothing_that_holds_a_secret_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leaks: tuple):
    marks, clock = Marks(), Clock()
    marked = Marked(tmp_path, marks)
    agency = Agency(clock=clock.now)
    made = world(clock.now(), name="")
    if leaks:
        monkeypatch.setattr(Secret, "__repr__", Secret.reveal)
    async with Machine(agency, clock=clock.now) as machine, service(made, marked, agency) as there:
        there.spares = ("/auth/tokens",)
        instance = Instance(clock=clock, address=machine.url)
        monkeypatch.setattr("collector.app.terms.Budget", partial(Budget, instance=instance))
        marked.configure(there.url, tuple(made.flows), log_format="json")
        for name, value in marked.environment(there.url).items():
            monkeypatch.setenv(name, value)
        told = await reprs(tmp_path, monkeypatch)
    assert HOLDERS - set(told) == set()
    shown = set(finds(marks, told))
    assert shown >= set(leaks)
    assert leaks or not shown


@pytest.mark.parametrize("form", FORMS)
def test_a_mark_is_found_in_each_form_whole_and_in_parts(form: str):
    marks = Marks()
    secret = marks.add("odd", mark("odd", 40, '"\\<&%+/ 密'))
    text = written(secret, form)
    assert marks.found(f"before {text} after")
    assert marks.found(f"before {text}".encode())
    for at in range(len(text) - 28):
        assert marks.found(f"… {text[at : at + 28]} …"), text[at : at + 28]
    assert not marks.found(f"{text[:8]} {text[10:18]} {mark('other')}")
