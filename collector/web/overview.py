"""The simple page at `/`: what is watched and how the last look at it went."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}
h1{font-size:1.4rem;margin:0}
table{border-collapse:collapse;width:100%;margin-top:1rem}
th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #8884;vertical-align:top}
th{font-weight:600}
.bad{color:#c0392b;font-weight:600}
.good{color:#1e8449}
.quiet{color:#888}
td{overflow-wrap:anywhere}
""".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedNode:
    """A node whose last run to end failed: its id, how that ended, and when (ms) where that is known."""

    node: str
    status: str
    at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRow:
    """One watched workflow. `up` is None before the first look; `looked_at` in ms; `says`: what went wrong last."""

    project: str
    workflow_id: str
    name: str
    up: bool | None = None
    looked_at: int | None = None
    status: str | None = None
    failures: int = 0
    says: str | None = None
    failed: tuple[FailedNode, ...] = ()

    @property
    def order(self) -> tuple[bool, bool, str, str]:
        """Failures first."""
        return self.up is not False, not self.failures, self.project, self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What the page shows."""

    version: str
    rows: tuple[WorkflowRow, ...]


def page(overview: Overview, asked: Mapping[str, str] | None = None, *, most: int = 200) -> str:
    """The page as HTML; everything that comes from outside is escaped.

    `asked`: the query; `project` and `workflow` (its id) leave only the rows that are so, all else is ignored.
    """
    wanted = {name: asked[name] for name in ("project", "workflow") if asked and name in asked}
    rows = sorted((row for row in overview.rows if _is(row, wanted)), key=lambda row: row.order)
    only = ", ".join(f"{name} {value}" for name, value in sorted(wanted.items()))
    filtered = (
        f'<p>Only {escape(only)}: {len(rows)} of {len(overview.rows)}. <a href="/">Show all</a></p>' if wanted else ""
    )
    more = f'<p class="quiet">and {len(rows) - most} more</p>' if len(rows) > most else ""
    body = "".join(map(_row, rows[:most]))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>AOM workflow collector</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{STYLE}</style></head><body>"
        f'<h1>AOM workflow collector</h1><p class="quiet">version {escape(overview.version)}, '
        f"{len(overview.rows)} workflows; "
        '<a href="/metrics">metrics</a>, <a href="/-/healthy">healthy</a>, <a href="/-/ready">ready</a></p>'
        f"{filtered}"
        "<table><thead><tr><th>project</th><th>workflow</th><th>last look</th><th>last execution</th>"
        f"<th>failures in a row</th></tr></thead><tbody>{body}</tbody></table>{more}</body></html>"
    )


def _is(row: WorkflowRow, wanted: Mapping[str, str]) -> bool:
    return all(value == (row.project if name == "project" else row.workflow_id) for name, value in wanted.items())


def _moment(at: int | None) -> str:
    return "" if at is None else f"{datetime.fromtimestamp(at // 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _failed(node: FailedNode) -> str:
    return f'<br><span class="bad">{escape(node.node)}</span> {escape(node.status)} {_moment(node.at)}'


def _row(row: WorkflowRow) -> str:
    when = _moment(row.looked_at)
    if row.up is None:
        look = '<span class="quiet">not yet</span>'
    elif row.up:
        look = f'<span class="good">fine</span> <span class="quiet">{when}</span>'
    else:
        look = f'<span class="bad">failed</span> <span class="quiet">{when}</span><br>{escape(row.says or "")}'
    failures = f'<span class="bad">{row.failures}</span>' if row.failures else "0"
    return (
        f"<tr><td>{escape(row.project)}</td>"
        f'<td>{escape(row.name)}<br><span class="quiet">{escape(row.workflow_id)}</span></td>'
        f"<td>{look}</td><td>{escape(row.status or '')}{''.join(map(_failed, row.failed))}</td><td>{failures}</td></tr>"
    )
