"""Draw what every panel's query finds, for people to look at: `python -m tests.grafana.look SERVER FOLDER`.

SERVER is a Prometheus with a collector's series, such as `http://localhost:9090`. It writes a page for each dashboard;
they are no Grafana, and show the shape of the data alone.
"""

import asyncio
import json
import sys
import time
from html import escape
from pathlib import Path
from urllib.parse import quote

import click

from tests.flow.collector_process import fetch
from tests.grafana.boards import BOARDS, asked

WIDTH, HEIGHT, SPAN = 560, 150, 300
STYLE = (
    "body{font:12px sans-serif;display:grid;grid-template-columns:1fr 1fr;gap:8px}"
    "svg{border:1px solid #ccc}h3,p{margin:2px}"
)
COLOURS = ("#2f74c0", "#c0392b", "#1e8449", "#b7950b", "#7d3c98", "#117a65", "#a04000", "#566573")


def drawn(series: list[dict]) -> str:
    """Lines of a range query's result, with what they are called."""
    points = [(float(at), float(value)) for each in series for at, value in each["values"] if value != "NaN"]
    if not points:
        return "<p>no data</p>"
    first, last = min(at for at, _ in points), max(at for at, _ in points)
    low, high = min(0.0, *(value for _, value in points)), max(value for _, value in points)
    lines, names = [], []
    for number, each in enumerate(series[:8]):
        colour = COLOURS[number]
        path = " ".join(
            f"{WIDTH * (float(at) - first) / (last - first or 1):.1f},"
            f"{HEIGHT - HEIGHT * (float(value) - low) / (high - low or 1):.1f}"
            for at, value in each["values"]
            if value != "NaN"
        )
        lines.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{path}"/>')
        kept = {k: v for k, v in each["metric"].items() if k not in ("__name__", "job", "instance", "workflow_id")}
        names.append(f'<span style="color:{colour}">{escape(", ".join(kept.values()) or "value")}</span>')
    more = f" and {len(series) - 8} more" if len(series) > len(COLOURS) else ""
    box = f'<svg viewBox="0 -4 {WIDTH} {HEIGHT + 8}" width="{WIDTH}">{"".join(lines)}</svg>'
    return f"{box}<p>{low:g} … {high:g}: {'; '.join(names)}{more}</p>"


async def page(server: str, board: dict, workflow: str) -> str:
    """One dashboard's panels, in a grid."""
    end = time.time()
    parts = []
    for panel in board["panels"]:
        found: list[dict] = []
        for target in panel["targets"]:
            text = quote(asked(target["expr"], span="1m", workflow=workflow))
            url = f"{server}/api/v1/query_range?query={text}&start={end - SPAN}&end={end}&step=2"
            found += json.loads(await fetch(url))["data"]["result"]
        title = f"{panel['title']} ({panel['fieldConfig']['defaults']['unit']})"
        parts.append(f"<div><h3>{escape(title)}</h3>{drawn(found)}</div>")
    return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>{''.join(parts)}"


@click.command()
@click.argument("server")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--workflow", default="wf-restart-pods", show_default=True)
def main(server: str, folder: Path, workflow: str) -> None:
    """Draw all dashboards."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, board in BOARDS.items():
        (folder / f"{name}.html").write_text(asyncio.run(page(server, board, workflow)), encoding="utf-8")
        click.echo(folder / f"{name}.html")
    sys.exit(0)


if __name__ == "__main__":
    main()
