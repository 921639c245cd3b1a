"""The file at the project's root names every key with its default, and nothing else."""

import re
import tomllib
from pathlib import Path

import pytest

from collector.config import load, parse
from collector.config.schema import SCHEMA, SECTIONS, Key
from collector.errors import ConfigError

FILE = Path(__file__).parents[2] / "collector.toml"
LINE = re.compile(r"(?P<key>[a-z_]+) = (?P<value>.+?) +# (?P<comment>\S.*)")
HEADER = re.compile(r"(\[[a-z.]+\]|\[\[[a-z.]+\]\])( +#.*)?")


def blocks() -> list[str]:
    """The parts that stand commented out, uncommented."""
    parts = FILE.read_text("utf-8").split("\n\n")
    return [
        "\n".join(line.removeprefix("#").strip() for line in part.splitlines())
        for part in parts
        if part.startswith("# [")
    ]


def uncommented() -> str:
    return "\n".join([part for part in FILE.read_text("utf-8").split("\n\n") if not part.startswith("# ")] + blocks())


def listed() -> dict[tuple[str, str], tuple[object, str]]:
    section, found = "", {}
    for line in uncommented().splitlines():
        if header := HEADER.fullmatch(line):
            section = header[1].strip("[]")
        elif line and (row := LINE.fullmatch(line)):
            assert (section, row["key"]) not in found
            found[section, row["key"]] = (tomllib.loads(f"x = {row['value']}")["x"], row["comment"])
        else:
            assert not line.strip(), f"neither a section nor a key with its comment: {line}"
    return found


def test_it_is_accepted_and_comes_to_the_defaults() -> None:
    assert load(FILE, {}) == parse("", base=FILE.parent, environ={})


def test_it_names_every_key_with_its_default_in_the_order_of_the_schema() -> None:
    assert [(*place, value) for place, (value, _) in listed().items()] == [
        (key.section, key.name, key.default) for key in SCHEMA
    ]


def test_it_shows_every_section_under_its_header() -> None:
    headers = [found[1] for line in uncommented().splitlines() if (found := HEADER.fullmatch(line))]
    assert headers == [section.header for section in SECTIONS]


@pytest.mark.parametrize("key", SCHEMA, ids=lambda key: f"{key.section}.{key.name}")
def test_a_comment_says_required_and_not_built_yet_where_that_holds(key: Key) -> None:
    comment = listed()[key.section, key.name][1]
    assert comment.startswith("required") == key.required
    assert ("not built yet" in comment) == (key.unbuilt is not None)


def test_each_part_that_stands_commented_out_breaks_nothing_but_what_is_not_built() -> None:
    shard, project, discover = blocks()
    (alone,) = parse(project, base=FILE.parent, environ={}).projects
    assert (alone.auth.method, alone.discover) == ("metadata", None)
    (found,) = parse(f"{project}\n{discover}", base=FILE.parent, environ={}).projects
    assert found.discover.interval == 300
    assert found.discover.wants("任何 name\nat all", "")
    with pytest.raises(ConfigError) as caught:
        parse(shard, base=FILE.parent, environ={})
    assert all("not built yet" in fault.says for fault in caught.value.faults)


def test_the_project_it_shows_works_once_id_and_token_are_filled_in() -> None:
    text = (
        blocks()[1].replace('project_id = ""', f'project_id = "{"a" * 32}"', 1).replace('\ntoken = ""', '\ntoken = "x"')
    )
    (project,) = parse(text, base=FILE.parent, environ={}).projects
    assert project.endpoint == "https://aom.cn-north-4.myhuaweicloud.com"
    assert project.iam_endpoint == "https://iam.cn-north-4.myhuaweicloud.com"
    assert (project.proxy, project.ca_file, project.enterprise_project_id) == (None, None, None)
    assert [workflow.interval for workflow in project.workflows] == [60.0]
