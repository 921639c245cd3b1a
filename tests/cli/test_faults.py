"""The line below a fault: the mark stands under what is at fault, however wide the characters are."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from collector.cli import faults
from collector.errors import Fault, Spot


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def shown(spot: Spot | None, *, terminal: bool = False) -> list[str]:
        file = io.StringIO()
        console = Console(file=file, width=40, force_terminal=terminal, color_system="standard" if terminal else None)
        monkeypatch.setattr(faults, "aside", lambda: console)
        faults.show((Fault(path="project[0].name", says="is wrong", spot=spot),))
        assert capsys.readouterr().err.endswith("project[0].name: is wrong\n")
        return file.getvalue().splitlines()

    return shown


def test_the_mark_stands_below_wide_characters(shown):
    line, mark = shown(Spot(file="c.toml", line=7, text='name = "夜间", x', start=7, end=11))
    assert line == '     7 | name = "夜间", x'
    assert mark == "       |        ^^^^^^"
    _, mark = shown(Spot(file="c.toml", line=7, text='types = ["夜间", "x"]', start=15, end=18))
    assert mark == "       |                  ^^^"


def test_a_long_line_is_cut_around_what_is_at_fault(shown):
    text = "include = [" + ", ".join(f'"pattern-{place:04}"' for place in range(1000)) + "]"
    start = text.index('"pattern-0900"')
    line, mark = shown(Spot(file="c.toml", line=12345, text=text, start=start, end=start + 14))
    assert cell_len(line) < 120
    assert line[mark.index("^") : mark.rindex("^") + 1] == '"pattern-0900"'
    line, mark = shown(Spot(file="c.toml", line=1, text=text, start=10, end=len(text)))
    assert len(mark) <= len(line) < 120


def test_a_fault_without_a_line_or_a_mark_has_none(shown):
    assert shown(None) == []
    assert shown(Spot(file="c.toml", line=3)) == []
    assert shown(Spot(file="c.toml", line=3, text="[project")) == ["     3 | [project"]


def test_there_are_colours_on_a_terminal_alone(shown):
    spot = Spot(file="c.toml", line=1, text="a = [b]", start=4, end=7)
    assert "\x1b[1;31m[b]" in shown(spot, terminal=True)[0]
    assert "\x1b" not in "".join(shown(spot))
