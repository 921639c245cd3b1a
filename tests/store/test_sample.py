"""States that earlier versions wrote open in this one and hold what they held."""

import json
import shutil
from pathlib import Path

import msgspec
import pytest

from collector.ledger import Ledger
from collector.ledger.book import Node, Tally
from tests.store.make_sample import DATA, EXPECTED, rich

SAMPLES = sorted(path.name for path in DATA.glob("state-*.db"))


def holds(found: object, expected: object) -> bool:
    """Whether everything expected is found; what later versions added to a ledger may be there too."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(holds(found.get(name), expected[name]) for name in expected)
    if isinstance(expected, list):
        pairs = zip(found, expected, strict=False) if isinstance(found, list) else ()
        return isinstance(found, list) and len(found) >= len(expected) and all(holds(*pair) for pair in pairs)
    return found == expected and type(found) is type(expected)


def test_there_is_a_sample_of_every_format():
    assert "state-1.db" in SAMPLES
    assert EXPECTED.exists(), "a new format needs its sample: python tests/store/make_sample.py"


@pytest.mark.parametrize("name", SAMPLES)
async def test_an_older_state_opens_with_everything_in_it(opened, tmp_path: Path, name: str):
    shutil.copy(DATA / name, tmp_path / name)
    expected = json.loads((DATA / name).with_suffix(".json").read_text(encoding="utf-8"))
    rows = await (await opened(tmp_path / name)).load()
    found = [
        {"project": key.project, "workflow_id": key.workflow_id, "version": row.version, "ledger": row.ledger}
        for key, row in sorted(rows.items())
    ]

    assert len(found) == len(expected["rows"])
    for mine, theirs in zip(json.loads(msgspec.json.encode(found)), expected["rows"], strict=True):
        assert holds(mine, theirs), (mine, theirs)


@pytest.mark.parametrize("name", SAMPLES)
async def test_an_older_state_goes_on(opened, tmp_path: Path, name: str):
    shutil.copy(DATA / name, tmp_path / name)
    store = await opened(tmp_path / name)
    key, row = min((await store.load()).items())

    assert (await store.commit(key, row.ledger, version=row.version)).version == row.version + 1


def test_the_sample_leaves_no_field_of_a_ledger_empty():
    ledger = rich()
    plain = Ledger()
    empty = [name for name in ledger.__struct_fields__ if getattr(ledger, name) == getattr(plain, name)]
    for kind, parts in (
        (Node, list(ledger.nodes.values())),
        (Tally, [ledger.executions, *(node.tally for node in ledger.nodes.values())]),
    ):
        unset = kind()
        empty += [
            f"{kind.__name__}.{name}"
            for name in kind.__struct_fields__
            if all(getattr(part, name) == getattr(unset, name) for part in parts)
        ]

    assert empty == [], "tell the sample about them: tests/store/make_sample.py"
