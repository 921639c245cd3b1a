from dataclasses import replace
from pathlib import Path

import pytest

from collector.app.terms import budgets, check, refuse_other_projects, rules_of
from collector.clock import Clock
from collector.config import parse
from collector.errors import ConfigError
from collector.ledger import Ledger
from collector.model import Key
from collector.store import Row

TEXT = """
[[project]]
name = "{name}"
region = "cn-north-4"
project_id = "0123456789abcdef0123456789abcdef"
max_requests_per_second = {rate}
[project.auth]
token = "{token}"
"""


def settings(*projects: tuple[str, float, str]):
    text = "".join(TEXT.format(name=name, rate=rate, token=token) for name, rate, token in projects)
    return parse(text, base=Path("/"), environ={})


def test_projects_that_share_a_credential_share_its_lowest_rate():
    mine = settings(("a", 2.0, "one"), ("b", 0.5, "one"), ("c", 4.0, "other"))
    found = budgets(mine, Clock()).of
    a, b, c = (found[name] for name in ("a", "b", "c"))
    assert a is b
    assert a is not c
    assert (a.rate, c.rate) == (0.5, 4.0)


def test_one_key_is_one_credential_however_it_is_written(tmp_path: Path):
    (tmp_path / "one").write_text("secret")
    (tmp_path / "other").write_text("secret\n")
    ways = ('secret_key = "secret"', 'secret_key_file = "one"', 'secret_key_file = "other"')
    text = "".join(
        TEXT.format(name=place, rate=1, token="").replace('token = ""', f'access_key = "AK"\n{way}')
        for place, way in enumerate(ways)
    )
    found = budgets(parse(text, base=tmp_path, environ={}), Clock()).of
    assert len({id(budget) for budget in found.values()}) == 1


def test_state_under_the_name_of_another_project_is_refused():
    mine = settings(("a", 1, "t"))
    key = Key("a", "wf-1")
    refuse_other_projects(mine, {key: Row(Ledger(project_id="0123456789abcdef0123456789abcdef"), 1)})
    refuse_other_projects(mine, {Key("b", "wf-1"): Row(Ledger(project_id="f" * 32), 1)})
    with pytest.raises(ConfigError, match=r"project\[0\]\.project_id: .*another name"):
        refuse_other_projects(mine, {key: Row(Ledger(project_id="f" * 32), 1)})


def test_a_family_nobody_knows_is_refused_with_the_nearest():
    good = settings(("a", 1, "t"))
    check(replace(good, disable=frozenset({"aom_workflow_node_info"})))
    with pytest.raises(ConfigError, match="did you mean aom_workflow_node_info"):
        check(replace(good, disable=frozenset({"aom_workflow_node_inof"})))


def test_the_rules_of_counting_are_in_milliseconds():
    rules = rules_of(settings(("a", 1, "t")))
    assert (rules.first_zero, rules.forget_after, rules.history, rules.max_nodes) == (
        120_000,
        30 * 86_400_000,
        "ignore",
        100,
    )
