"""Good records, and what each of them counts: written down twice by hand, as JSON and as nouns. All of it synthetic."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from collector.model import ExecutionRecord, NodeRecord, Status, Targets

NOW = 1_800_000_000_000
BEGIN, END = 1_700_000_000_000, 1_700_000_060_000


@dataclass(frozen=True)
class Good:
    """A good record: `text` as the service writes it, `noun` as it is read, `endings` as (node or None, status)."""

    text: str
    noun: ExecutionRecord
    endings: tuple[tuple[str | None, str], ...]

    @property
    def value(self) -> dict[str, object]:
        """The record as a JSON value."""
        found: dict[str, object] = json.loads(self.text)
        return found


def _node(node: str, status: Status, **more: object) -> NodeRecord:
    given: dict[str, object] = {"run": None, "begin": None, "end": None, "targets": None}
    return NodeRecord(node=node, status=status, **(given | more))  # type: ignore[arg-type]


def _noun(execution: str, status: Status, *nodes: NodeRecord, **more: int) -> ExecutionRecord:
    given = {"begin": None, "end": None, "updated": None} | more
    return ExecutionRecord(id=execution, status=status, nodes=nodes, **given)


GOODS = {
    "whole": Good(
        '{"execution_id":"whole","status":"success","begin_time":1700000000000,"end_time":1700000060000,'
        '"last_update_time":1700000060000,"created_by":"synthetic","execution_result_list":[{"node_id":"n",'
        '"function_execution_id":"r1","status":"success","begin_time":1700000000000,"end_time":1700000060000,'
        '"output":{"success":[{"log":"ok"},{}],"fail":[]}}]}',
        _noun(
            "whole",
            Status.SUCCESS,
            _node("n", Status.SUCCESS, run="r1", begin=BEGIN, end=END, targets=Targets(success=2)),
            begin=BEGIN,
            end=END,
            updated=END,
        ),
        ((None, "success"), ("n", "success")),
    ),
    "failed": Good(
        '{"execution_id":"failed","status":"FAILED","begin_time":"1700000000","end_time":1700000060,'
        '"execution_result_list":[{"node_id":"n","status":"success"},{"node_id":"m","status":"fail",'
        '"begin_time":"2023-11-14T22:13:20Z","end_time":0,"output":null}]}',
        _noun(
            "failed",
            Status.FAIL,
            _node("n", Status.SUCCESS),
            _node("m", Status.FAIL, begin=BEGIN),
            begin=BEGIN,
            end=END,
        ),
        ((None, "fail"), ("n", "success"), ("m", "fail")),
    ),
    "bare": Good('{"execution_id":"bare","status":"canceled"}', _noun("bare", Status.CANCEL), ((None, "cancel"),)),
    "任务": Good(
        '{"execution_id":"任务","status":"timeout","end_time":"2023-11-14T22:14:20+00:00",'
        '"execution_result_list":[{"node_id":"节点","function_execution_id":7,"status":"cancelled"}]}',
        _noun("任务", Status.TIMEOUT, _node("节点", Status.CANCEL, run="7"), end=END),
        ((None, "timeout"), ("节点", "cancel")),
    ),
    "active": Good(
        '{"execution_id":"active","status":"running","begin_time":1700000000000,"end_time":null,'
        '"execution_result_list":[{"node_id":"n","function_execution_id":"r2","status":"in_execution"}]}',
        _noun("active", Status.EXECUTING, _node("n", Status.EXECUTING, run="r2"), begin=BEGIN),
        (),
    ),
}


def endings(names: Iterable[str]) -> Counter[tuple[str, str | None, str]]:
    """What these good records count: (execution, node or None, status), each as often as it has to be counted."""
    return Counter((name, node, status) for name in set(names) for node, status in GOODS[name].endings)
