"""What a reload changes is said in words that hold no value."""

from pathlib import Path

import pytest

from collector.app.difference import difference
from collector.config import Settings, parse
from collector.errors import ConfigError

FILE = """
[collector]
{collector}
[collector.buckets]
{buckets}
[[project]]
name = "prod"
region = "cn-north-4"
{project}
[project.auth]
token = "canary-{token}"
{workflows}
"""
LAB = '[[project]]\nname = "lab"\nregion = "x"\n[project.auth]\ntoken = "canary"'


def settings(**parts: str) -> Settings:
    text = FILE.format(**{"collector": "", "buckets": "", "project": "", "token": "1", "workflows": ""} | parts)
    return parse(text, base=Path("/nowhere"), environ={})


def workflow(id_: str, more: str = "") -> str:
    return f'\n[[project.workflow]]\nid = "{id_}"\n{more}\n'


@pytest.mark.parametrize(
    ("after", "says"),
    [
        ({}, "nothing changed"),
        ({"collector": 'log_level = "debug"'}, "changed collector.log_level"),
        ({"buckets": "node = [1, 2]"}, "changed collector.buckets.node"),
        ({"token": "2"}, "changed project prod (auth)"),
        ({"project": 'interval = "5s"'}, "changed project prod (interval), workflow 夜间 of prod (interval)"),
        ({"workflows": workflow("夜间") + workflow("b")}, "added workflow b of prod"),
        ({"workflows": workflow("b")}, "added workflow b of prod; removed workflow 夜间 of prod"),
        ({"workflows": workflow("夜间", 'name = "n"')}, "changed workflow 夜间 of prod (name)"),
        (
            {"workflows": workflow("夜间") + LAB + workflow("b")},
            "added project lab, workflow b of lab",
        ),
    ],
)  # fmt: skip
def test_it_names_what_came_went_and_changed(after: dict[str, str], says: str):
    said = str(difference(settings(workflows=workflow("夜间")), settings(**{"workflows": workflow("夜间")} | after)))
    assert said == says
    assert "canary" not in said


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("listen", 'listen = "127.0.0.1:0"'),
        ("state", 'state = "sqlite:/else/where.db"'),
        ("log_format", 'log_format = "json"'),
    ],
)
def test_what_only_a_restart_can_change_is_refused_by_name(key: str, line: str):
    with pytest.raises(ConfigError) as refused:
        difference(settings(), settings(collector=line))
    says = f"collector.{key}: is not what this collector was started with; restart it"
    assert str(refused.value) == says
