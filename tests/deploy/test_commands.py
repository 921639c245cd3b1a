"""The page about the command line says what the commands say."""

import re
from pathlib import Path

import pytest

from collector.cli import main
from deploy.commands import PAGE, page

TEXT = PAGE.read_text(encoding="utf-8")


def block(name: str) -> str:
    return re.search(rf"<!-- {name} -->\n```\w+\n(.*?)```\n", TEXT, re.DOTALL)[1]


def test_the_committed_page_is_the_one_that_is_made():
    assert page() == TEXT, "run python -m deploy.commands"


def test_its_faulty_file_has_the_faults_that_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "collector.toml").write_text(block("faulty"), "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["aom-collector", "check"])
    assert main() == 2
    assert capsys.readouterr().err == block("says")


def test_its_links_lead_somewhere():
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert links
    assert [link for link in links if not (PAGE.parent / link).exists()] == []
