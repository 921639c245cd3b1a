"""Whatever a file holds, the answer is settings or faults, and no secret is in either."""

import contextlib
import datetime as dt
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.config import parse
from collector.config.load import settle
from collector.config.schema import SCHEMA, SECTIONS
from collector.errors import ConfigError

CANARY = "canary-5d1f"
SECRETS = sorted({key.name for key in SCHEMA if key.secret})
BASE = Path(__file__).parent
WORDS = sorted({key.name for key in SCHEMA} | {section.path.rpartition(".")[2] for section in SECTIONS})

texts = st.text(max_size=70) | st.sampled_from(
    ["", "1s", "$", "${", "${A}", "$$", "a" * 32, "sqlite:x", "token", "https://h"]
)
scalars = (
    st.booleans()
    | st.integers()
    | st.integers(min_value=10**4000, max_value=10**5000)
    | st.floats()
    | texts
    | st.just(dt.date(2026, 1, 1))
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS) | texts, inner, max_size=4),
    max_leaves=8,
)


def table(section: str) -> st.SearchStrategy[dict[str, object]]:
    """A table with some of the keys that belong there, each with its default, a plausible value or anything at all."""
    keys: dict[str, st.SearchStrategy[object]] = {
        key.name: st.just(key.default) | anything for key in SCHEMA if key.section == section
    }
    for inner in SECTIONS:
        if inner.path.rpartition(".")[0] == section:
            one = table(inner.path)
            keys[inner.path.rpartition(".")[2]] = (st.lists(one, max_size=2) if inner.many else one) | anything
    return st.fixed_dictionaries({}, optional=keys)


def with_canaries(value: object) -> object:
    """The tree with the canary as every secret."""
    if isinstance(value, dict):
        return {
            key: f"{CANARY}{inner}${{S}}" if key in SECRETS and isinstance(inner, str) else with_canaries(inner)
            for key, inner in value.items()
        }
    return [with_canaries(inner) for inner in value] if isinstance(value, list) else value


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no finding
@given(table(""))
def test_any_tree_is_settings_or_faults_without_secrets(tree: dict[str, object]) -> None:
    secretive = with_canaries(tree)
    assert isinstance(secretive, dict)
    try:
        shown = repr(settle(secretive, base=BASE, environ={"A": "elsewhere", "S": CANARY}))
    except ConfigError as error:
        shown = f"{error}{error!r}"
    # A key nobody knows is quoted as it stands, so only values are looked for.
    assert CANARY not in shown


@given(st.text())
def test_any_text_is_settings_or_faults(text: str) -> None:
    with contextlib.suppress(ConfigError):
        parse(text, base=BASE, environ={})


def test_a_file_nested_beyond_reason_is_a_fault() -> None:
    with pytest.raises(ConfigError, match=r"^file: is nested too deeply$|^line 1: is not TOML: "):
        parse("a = " + "[" * 20_000, base=BASE, environ={})
