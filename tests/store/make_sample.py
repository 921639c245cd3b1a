"""Writes the sample of today's state format: run `python tests/store/make_sample.py` from the top folder.

Once a version with this format was published, its sample stays as it is: it stands for the files that people have.
All of it is synthetic.
"""

import asyncio
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import msgspec

from collector.clock import Clock
from collector.ledger import Ledger
from collector.ledger.book import Count
from collector.model import Flaw, Key, Targets
from collector.store import open_store
from collector.store.table import SCHEMA
from tests.ledger.story import DAY, RULES, T0, Watch, at, node, run

DATA = Path(__file__).parents[1] / "data"
DATABASE = DATA / f"state-{SCHEMA}.db"
EXPECTED = DATABASE.with_suffix(".json")


class Frozen(Clock):
    """The sample is the same whenever it is made."""

    def now(self) -> int:
        return T0


def rich() -> Ledger:
    """A ledger in which every field holds something."""
    watch = Watch(label="nightly 备份")
    first = run("success", -500, -400, id="e0", nodes=(node("success", -490, -410, node="copy", run="r0"),))
    watch.begins(first)
    failed = (
        node(
            "success",
            10,
            20,
            node="copy",
            run="r1",
            targets=Targets(success=3, fail=1, not_performed=2, in_execution=1),
        ),
        node("fail", 20, 30, node="check 校验", targets=Targets(fail=2)),
    )
    watch.sees(first, run("fail", 9, 31, id="e1", nodes=failed))
    again = (*failed, node("executing", 60, node="check 校验", run="r2"))
    watch.sees(first, run("executing", 9, None, id="e1", updated=61, nodes=again))
    watch.sees(run("fail", 300, 301, id="e2", updated=302), flaws=(Flaw("shape", 1), Flaw("end_time", 2)))
    later = (node("executing", 410, node="copy", run="r3"), node("unknown", node="fine", run="r4"))
    watch.sees(
        run("fail", 300, 301, id="e2", updated=302),
        run("executing", 400, None, id="e3", nodes=later),
        run("unknown", None, None, id="e4"),
        flaws=(Flaw("shape", 1),),
    )
    fine = msgspec.structs.replace(watch.ledger.nodes["fine"], name="Fine", lacking=3, gone=True)
    more = {
        "nodes": {**watch.ledger.nodes, "fine": fine},
        "project_id": "0123456789abcdef0123456789abcdef",
        "name": "nightly 备份",
        "type": "cron",
        "lacked": T0 - 60_000,
        "answer": bytes(range(16)),
        "forgotten": at(-40 * 86400),
        "definition": {"copy": "Copy files", "check 校验": ""},
        "gaps": Count(3, 2, T0 + DAY),
        "review_at": T0 + DAY,
    }
    return msgspec.structs.replace(watch.ledger, **more)


def ledgers() -> dict[Key, Ledger]:
    """What the sample holds."""
    new = Watch(RULES, label="wf-new").begins()
    return {
        Key("prod", "wf-rich"): rich(),
        Key("测试", "wf 'new'"): new.ledger,
        Key("prod", "wf-blank"): Ledger(),
    }


async def make() -> None:
    """Write the sample, and beside it what is to be found in it."""
    DATABASE.unlink(missing_ok=True)
    store = await open_store(f"sqlite:{DATABASE}", clock=Frozen(), emit=lambda _: None)
    for key, ledger in ledgers().items():
        await store.commit(key, ledger, version=0)
    rich_key = next(iter(ledgers()))
    await store.commit(rich_key, ledgers()[rich_key], version=1)
    rows = [
        {"project": key.project, "workflow_id": key.workflow_id, "version": row.version, "ledger": row.ledger}
        for key, row in sorted((await store.load()).items())
    ]
    await store.close()
    told = json.loads(msgspec.json.encode({"synthetic": True, "rows": rows}))
    EXPECTED.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(make())
