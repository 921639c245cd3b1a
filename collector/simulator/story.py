"""The story that the demonstration tells: a few named workflows, all synthetic, in which something always happens.

Its opening acts are scripted, for every seed: within 45 seconds of its start an execution has ended in every final
status, a node has failed, a failed execution was restarted and ended again, and a workflow has run twice at once; one
execution is pausing then, and one waits for approval until its twelfth minute. After that chance goes on for ever.
"""

from collector.simulator.answers import PUBLISHED
from collector.simulator.life import Step
from collector.simulator.world import Flow, World

_DATABASES = ("orders-db-1", "orders-db-2", "billing-db-1")
_PODS = ("payment-api", "payment-worker", "payment-gateway")
_HOSTS = ("web-01", "web-02", "web-03", "web-04")

FLOWS = (
    Flow(
        id="wf-backup-nightly",
        name="夜间数据库备份",
        type="cron",
        period=45,
        offset=1,
        opening=("success", "fail"),
        steps=(
            Step("check-space", "检查磁盘空间", 1, 3, _DATABASES),
            Step("dump-orders", "备份订单库", 4, 15, _DATABASES[:2]),
            Step("dump-billing", "备份账务库", 3, 12, _DATABASES[2:], beside=True),
            Step("verify-dump", "校验备份", 2, 6, _DATABASES),
            Step("通知值班", "通知值班", 1, 2),
        ),
    ),
    Flow(
        id="wf-release-payment",
        name="支付服务滚动发布",
        period=70,
        offset=2,
        opening=("retry",),
        steps=(
            Step("drain-traffic", "摘除流量", 1, 4, _PODS),
            Step("restart-workload", "滚动重启", 3, 20, _PODS),
            Step("health-check", "健康检查", 2, 8, _PODS),
            Step("restore-traffic", "恢复流量", 1, 3, _PODS),
        ),
    ),
    Flow(
        id="wf-restart-pods",
        name="Restart payment pods",
        period=14,
        offset=0.5,
        opening=("success", "ignored"),
        steps=(
            Step("delete-workload-pod", "Delete pods", 1, 5, _PODS),
            Step("wait-ready", "Wait until ready", 2, 12, _PODS),
            Step("smoke-test", "Smoke test", 1, 6, _PODS),
        ),
    ),
    Flow(
        id="wf-rotate-certificates",
        name="Rotate TLS certificates",
        type="cron",
        period=90,
        offset=3,
        opening=("cancel",),
        steps=(
            Step("issue", "Issue certificates", 2, 6, _HOSTS),
            Step("distribute", "Distribute to hosts", 4, 18, _HOSTS),
            Step("reload-nginx", "Reload nginx", 1, 4, _HOSTS),
        ),
    ),
    Flow(
        id="wf-release-frontend",
        name="Release web-frontend",
        period=800,
        offset=1.5,
        opening=("waiting",),
        scripts=("waiting",),
        steps=(
            Step("build-image", "Build image", 5, 20),
            Step("canary", "Canary", 4, 15, _HOSTS[:1]),
            Step("roll-out", "Roll out", 5, 20, _HOSTS),
        ),
    ),
    Flow(
        id="wf-open-firewall",
        name="变更审批: 开放防火墙端口",
        period=75,
        offset=2.5,
        opening=("refused", "approval"),
        steps=(
            Step("validate-rule", "校验规则", 1, 4),
            Step("apply-rule", "下发规则", 2, 8, _HOSTS),
            Step("probe", "连通性探测", 1, 5, _HOSTS),
        ),
    ),
    Flow(
        id="wf-sync-warehouse",
        name="Sync warehouse",
        type="event",
        period=60,
        offset=1,
        opening=("timeout",),
        steps=(
            Step("lock-tables", "Lock tables", 1, 3),
            Step("copy-rows", "Copy rows", 10, 20, _DATABASES),
            Step("unlock-tables", "Unlock tables", 1, 2),
        ),
    ),
    Flow(
        id="wf-scale-search",
        name="Scale out search",
        period=30,
        offset=4,
        opening=("pause", "success"),
        steps=(
            Step("add-nodes", "Add nodes", 3, 10, ("search-07", "search-08")),
            Step("rebalance", "Rebalance shards", 5, 20, ("search-07", "search-08")),
            Step("update-dns", "Update DNS", 1, 3),
        ),
    ),
    Flow(
        id="wf-patch-hosts",
        name="Patch hosts (跳过失败)",
        period=80,
        offset=5,
        opening=("skip",),
        steps=(
            Step("snapshot", "Snapshot", 2, 8, _HOSTS),
            Step("install-patches", "Install patches", 4, 18, _HOSTS),
            Step("reboot", "Reboot", 3, 12, _HOSTS),
            Step("verify", "Verify", 1, 4, _HOSTS),
        ),
    ),
    Flow(
        id="wf-published-example",
        name="Published example",
        period=3600,
        steps=(Step("delete-workload-pod", "Delete pods", 1, 5),),
        verbatim=PUBLISHED,
    ),
)


def demo_world(start: int, *, seed: int = 7, pace: float = 1.0) -> World:
    """The story, beginning at a moment (ms), so many times faster than true time."""
    return World(seed=seed, start=start, flows={flow.id: flow for flow in FLOWS}, pace=pace)
