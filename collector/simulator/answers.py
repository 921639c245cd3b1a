"""Lives as the service's JSON, with its habits.

Alias keys, zero for an end that is not there, lists of targets with logs. Pure.
"""

from collections.abc import Sequence
from typing import Any

from collector.simulator.life import FINAL, Life, Run, Step

# The answer that the vendor's API page "Querying the Execution History of a Task" prints as its example.
PUBLISHED: tuple[dict[str, Any], ...] = (
    {
        "approve_user_name_list": [],
        "begin_time": 1600000000,
        "create_by": "xxx",
        "end_time": 1600000000,
        "execution_id": "xxxx",
        "execution_result_list": [
            {
                "begin_time": 16000000,
                "end_time": 160000000,
                "function_execution_id": "xxxxx",
                "node_id": "delete-workload-pod",
                "output": {
                    "fail": [],
                    "in_execution": [],
                    "success": [
                        {
                            "app": "xxxxxx",
                            "code": "0",
                            "matchLabels": '{"app":"xxxxx","version":"xxxx"}',
                            "current_project": True,
                            "log": "Restart Success.",
                            "replicas": 1,
                            "cmdb_work_load_id": "xxxxxxx",
                            "type": "manual",
                            "availableReplicas": 0,
                            "execute_time": "35505",
                            "creationTimestamp": " ",
                            "name": "xxxxxx",
                            "namespace": "default",
                            "cceWorkloadCluster": "xxxxxx",
                            "id": "xxxxx",
                            "cceWorkloadType": "deployments",
                        }
                    ],
                    "not_performed": [],
                },
                "status": "success",
            }
        ],
        "project_id": "xxxxxxx",
        "status": "success",
        "workflowEditTime": 0,
        "workflow_id": "xxxxxxx",
    },
)


def execution(life: Life, workflow_id: str, project_id: str, at: int) -> dict[str, Any]:
    """One execution record at a moment (ms)."""
    phase = life.phase(at)
    if phase is None:
        msg = "the execution has not begun"
        raise ValueError(msg)
    over = phase.status in FINAL
    runs = life.shown(at)
    nodes = [_node(run, at) for run in runs]
    if over and runs:
        begun = {run.node for run in runs}
        nodes += [_unperformed(node) for node in life.nodes if node not in begun]
    return {
        "approve_user_name_list": [],
        "begin_time": life.begin,
        "create_by": "operator",
        "end_time": phase.at if over else 0,
        "execution_id": life.id,
        "execution_result_list": nodes,
        "last_update_time": max([phase.at, *(min(run.end, at) if run.end <= at else run.begin for run in runs)]),
        "project_id": project_id,
        "status": phase.status,
        "workflowEditTime": 0,
        "workflow_id": workflow_id,
    }


def _node(run: Run, at: int) -> dict[str, Any]:
    over = run.end <= at
    entries = [_target(name, over=over, failed=i < run.failed) for i, name in enumerate(run.targets)]
    return {
        "begin_time": run.begin,
        "end_time": run.end if over else 0,
        "function_execution_id": run.id,
        "node_id": run.node,
        "output": {
            "fail": entries[: run.failed] if over else [],
            "in_execution": [] if over else entries,
            "success": entries[run.failed :] if over else [],
            "not_performed": [],
        },
        "status": run.status if over else "executing",
    }


def _unperformed(node: str) -> dict[str, Any]:
    return {"begin_time": 0, "end_time": 0, "function_execution_id": "", "node_id": node, "status": "not_performed"}


def _target(name: str, *, over: bool, failed: bool) -> dict[str, Any]:
    log = "Synthetic: timed out." if over and failed else "Synthetic: done." if over else ""
    return {"id": f"id-{name}", "name": name, "type": "manual", "code": "1" if over and failed else "0", "log": log}


def workflow(  # noqa: PLR0917  a record has as many fields
    workflow_id: str, name: str, kind: str, steps: Sequence[Step], lives: Sequence[Life], project_id: str, at: int
) -> dict[str, Any]:
    """One element of the workflow list at a moment (ms)."""
    last = lives[0] if lives else None
    phase = last.phase(at) if last else None
    over = phase is not None and phase.status in FINAL
    return {
        "id": workflow_id,
        "workflow_id": f"fg-{workflow_id}",
        "name": name,
        "type": kind,
        "project_id": project_id,
        "status": phase.status if phase else "",
        "last_execution_id": last.id if last else "",
        "last_execution_start_time": last.begin if last else 0,
        "last_execution_end_time": phase.at if phase and over else 0,
        "nodes": [{"id": step.id, "name": step.name, "category": "service"} for step in steps],
    }
