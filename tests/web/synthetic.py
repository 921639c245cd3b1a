"""Synthetic facts: workflows that stand in every way there is, and as many of them as are asked for."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from collector.web.facts import (
    Detail,
    Execution,
    Facts,
    Health,
    Look,
    Node,
    NodeRun,
    Project,
    Summary,
    Trouble,
)

NOW = 1_795_868_373_456
"""2026-11-28 12:19:33.456 UTC."""
SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
NODES = (("check-space", "检查磁盘空间"), ("dump-orders", "导出订单库"), ("upload", "上传备份"), ("notify", "通知值班"))
SAYS = (
    "The service refuses this user (IAM.0003, request 5fe0c1): give it cms:execution:get, "
    "then the next look is good by itself."
)


def summary(number: int = 1, health: Health = Health.FINE, **more: Any) -> Summary:
    """One workflow; what it tells goes with its health."""
    failed, unseen, active = health is Health.FAILED, health is Health.UNSEEN, health is Health.ACTIVE
    seen = health is not Health.NEW
    told = {
        "project": "prod",
        "workflow_id": f"wf-{number:05}",
        "name": f"nightly-backup-{number}",
        "type": "cron",
        "health": health,
        "up": None if not seen else not unseen,
        "looked_at": NOW - 12 * SECOND - number % 40 * SECOND if seen else None,
        "next_at": NOW + 48 * SECOND - number % 40 * SECOND,
        "status": None if not seen else "fail" if failed else "executing" if active else "success",
        "begin": NOW - 8 * MINUTE - number * SECOND if seen else None,
        "end": None if active or not seen else NOW - 3 * MINUTE - number * SECOND,
        "failures": 2 if failed else 0,
        "failed_nodes": 1 if failed else 0,
        "failed_at": NOW - 3 * MINUTE - number * SECOND if failed else None,
        "active": 1 if active else 0,
        "reason": "forbidden" if unseen else None,
        "says": SAYS if unseen else None,
    }
    return Summary(**told | more)


def execution(number: int, *, status: str = "success", at: int = NOW - 3 * MINUTE, nodes: int = 4) -> Execution:
    """One execution, begun five minutes before `at`; where it failed, its second node did."""
    failed, active = status in {"fail", "timeout", "approvalFailed"}, status == "executing"
    runs = []
    for place, (node, name) in enumerate(NODES[:nodes]):
        bad = failed and place == 1
        idle = failed and place > 1
        begin = None if idle else at - 5 * MINUTE + place * MINUTE
        open_ = active and place == 1
        word = "fail" if bad else "not_performed" if idle else "executing" if open_ else "success"
        end = None if idle or open_ or begin is None else begin + 59 * SECOND + 250
        runs.append(NodeRun(node=node, name=name, status=word, begin=begin, end=end, failed=bad))
    return Execution(
        execution_id=f"exec-{number:012d}",
        status=status,
        begin=at - 5 * MINUTE,
        end=None if active else at,
        active=active,
        failed=failed,
        nodes=tuple(runs),
    )


def detail(of: Summary) -> Detail:
    """All the rest about a workflow, as its summary has it."""
    number = int("".join(filter(str.isdigit, of.workflow_id)) or 0)
    bad = bool(of.failures)
    latest = of.status or "success"
    past = ("fail" if bad else "success", "success", "success", "cancel")
    end = of.end or NOW
    executions = tuple(
        execution(number * 10 + place, status=status, at=end - place * DAY)
        for place, status in enumerate((latest, *past) if of.status else ())
    )
    nodes = tuple(
        Node(
            node=node,
            name=name,
            status="fail" if bad and place == 1 else "success",
            begin=end - 5 * MINUTE + place * MINUTE,
            end=end - 4 * MINUTE + place * MINUTE,
            duration=59.25,
            failures=2 if bad and place == 1 else 0,
            active=int(of.active and place == 1),
            execution_id=f"exec-{number * 10:012d}" if bad and place == 1 else None,
        )
        for place, (node, name) in enumerate(NODES if of.status else ())
    )
    looks = tuple(
        Look(
            at=of.looked_at - place * MINUTE,
            outcome="failed" if of.says and not place else "changed" if place == 1 else "unchanged",
            seconds=0.083 + place / 100,
            ended=5 if place == 1 else 0,
            reason=of.reason if not place else None,
            says=of.says if not place else None,
        )
        for place in range(6)
        if of.looked_at is not None
    )
    return Detail(
        interval=60.0,
        expect_every=86_400.0 if number % 2 else None,
        succeeded_at=None if of.looked_at is None else of.looked_at - (MINUTE if of.says else 0),
        ended={"success": 1_204, "fail": 2 if bad else 0, "cancel": 1, "approvalFailed": 0, "timeout": 0},
        reopened=1 if bad else 0,
        gaps=0,
        nodes=nodes,
        executions=executions,
        looks=looks,
    )


def facts(*summaries: Summary, troubles: tuple[Trouble, ...] = (), details: Any = detail, **more: Any) -> Facts:
    """What there is to tell of these workflows."""
    names = dict.fromkeys(each.project for each in summaries)

    def find(wanted: str) -> Sequence[Summary]:
        return [each for each in summaries if any(run.execution_id == wanted for run in details(each).executions)]

    told = Facts(
        version="1.2.3",
        at=NOW,
        started_at=NOW - 3 * DAY,
        projects=tuple(
            Project(
                name=name,
                region="cn-north-4",
                workflows=sum(each.project == name for each in summaries),
                discovers=place == 0,
                listed_at=NOW - 4 * MINUTE if place == 0 else None,
                expires_at=NOW + 23 * HOUR if place == 0 else None,
            )
            for place, name in enumerate(names)
        ),
        summaries=lambda: summaries,
        detail=details,
        find=find,
        troubles=troubles,
    )
    return replace(told, **more)


def some() -> tuple[Summary, ...]:
    """Forty-two workflows of two projects, of which three need somebody."""
    standing = {2: Health.FAILED, 7: Health.FAILED, 11: Health.UNSEEN, 5: Health.ACTIVE, 16: Health.ACTIVE}
    names = {2: "夜间数据库备份", 5: "发布到预发环境", 11: "rotate-certificates", 7: "月度账单核对"}
    made = []
    for number in range(1, 43):
        more = {"name": names[number]} if number in names else {}
        project = "billing" if number % 7 == 0 else "prod"
        made.append(summary(number, standing.get(number, Health.FINE), project=project, **more))
    return tuple(made)


def many(number: int) -> tuple[Summary, ...]:
    """Very many, of all kinds."""
    kinds = (Health.FINE,) * 44 + (Health.ACTIVE,) * 4 + (Health.FAILED, Health.UNSEEN)
    return tuple(summary(each, kinds[each % len(kinds)], project=f"project-{each % 5}") for each in range(number))
