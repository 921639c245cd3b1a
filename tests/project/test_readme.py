"""The README tells the truth."""

import re
import subprocess
import tomllib
from pathlib import Path

from collector.cli.commands import NOT_BUILT, cli
from collector.config import parse
from collector.exposition.catalog import CATALOG
from collector.exposition.looks import LOOKS
from collector.exposition.own_catalog import OWN

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
INSTALL = "python3 -m venv .venv && .venv/bin/pip install -q -c deploy/python/constraints.txt"
DEMO = f"{INSTALL} . && .venv/bin/aom-collector demo"
TEST = f"{INSTALL} -e '.[test]' && .venv/bin/python -m pytest -n 4 --maxschedchunk 1"


def test_it_shows_the_two_commands_each_on_one_line():
    assert f"<!-- demo -->\n```sh\n{DEMO}\n```" in README
    assert f"<!-- test -->\n```sh\n{TEST}\n```" in README


def test_what_a_merge_runs_is_the_command_that_it_shows():
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "pytest\n" not in text
    line = re.search(r"sed -n '[^']+' README\.md", text)[0]
    assert subprocess.run(line, shell=True, cwd=ROOT, capture_output=True, text=True, check=True).stdout == f"{TEST}\n"


def test_its_links_lead_somewhere():
    links = re.findall(r"\]\(([^)#]+)", README + (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


def test_it_names_the_licence_of_every_library_it_needs():
    table = README.partition("| library | licence |")[2].partition("\n\n")[0]
    rows = dict(re.findall(r"^\| ([a-z-]+)[^|]*\| ([^|]+) \|$", table, flags=re.MULTILINE))
    assert set(rows) == {re.match(r"[A-Za-z-]+", each)[0] for each in PROJECT["dependencies"]}
    assert all(rows.values())


def test_every_command_it_names_exists():
    named = set(re.findall(r"aom-collector ([a-z]+)\b", README))
    assert named
    assert named <= cli.commands.keys()


def test_it_says_which_commands_are_not_built():
    honest = README.partition("## Not built yet")[2].partition("\n## ")[0]
    assert [command for command in NOT_BUILT if f"`{command}`" not in honest] == []


def test_its_configuration_is_a_good_one():
    text = README.partition("```toml\n")[2].partition("```")[0]
    settings = parse(text, base=ROOT, environ={"HUAWEICLOUD_SDK_AK": "synthetic", "HUAWEICLOUD_SDK_SK": "synthetic"})
    assert [workflow.key.workflow_id for workflow in settings.projects[0].workflows] == ["wf-0001"]


def test_the_metrics_it_names_exist():
    named = set(re.findall(r"`(aom_[a-z_]+)`", README))
    assert named
    assert named <= {family.name for family in (*CATALOG, *LOOKS, *OWN)}


def test_its_pictures_are_there_and_no_burden():
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)
    assert len(pictures) == 2
    assert all((ROOT / picture).read_bytes().startswith(b"\x89PNG") for picture in pictures)
    assert sum((ROOT / picture).stat().st_size for picture in pictures) < 500_000
    assert README.count("demonstration") >= 2, "what they show is labelled as such"
