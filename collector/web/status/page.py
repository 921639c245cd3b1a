"""The status page as HTML. Everything that comes from outside is escaped by the template engine, always."""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from collector.model import Status
from collector.web.facts import Health
from collector.web.status import words
from collector.web.status.query import SORTS, Query
from collector.web.status.view import MOST_PROJECTS, View

_TEMPLATES = Path(__file__).parent / "templates"
STYLE = (_TEMPLATES / "page.css").read_text("utf-8")
SCRIPT = (_TEMPLATES / "page.js").read_text("utf-8")
REFRESH = 15
"""Seconds between two looks of the page at the collector."""
_SORTED = {
    "attention": ("failures first", "failures last"),
    "name": ("name", "name, from the end"),
    "project": ("project", "project, from the end"),
    "end": ("oldest end first", "latest end first"),
    "next": ("next look first", "next look last"),
    "failures": ("fewest in a row first", "most in a row first"),
}


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


POLICY = (
    f"default-src 'none'; style-src 'sha256-{_hash(STYLE)}'; script-src 'sha256-{_hash(SCRIPT)}'; "
    "connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""The page's own style and script, questions to its own server, and nothing else."""


def render(view: View) -> bytes:
    """The page. It takes milliseconds: to be called in a thread."""
    text = _environment().get_template("page.html").render(view=view, **_known(view))
    return text.encode("utf-8", "replace")


def _known(view: View) -> dict[str, Any]:
    return {
        "facts": view.facts,
        "query": view.query,
        "selection": view.selection,
        "now": view.facts.at,
        "refresh": REFRESH,
        "style": STYLE,
        "script": SCRIPT,
    }


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "shown": words.shown,
        "utc": words.utc,
        "rfc3339": words.rfc3339,
        "ago": words.ago,
        "span": words.span,
        "counted": words.counted,
        "mark": words.mark,
    }
    made.globals |= {
        "took": words.took,
        "status_sign": words.status_sign,
        "HEALTH": words.HEALTH,
        "Health": Health,
        "STATUSES": tuple(status.value for status in Status),
        "SORTS": SORTS,
        "SORTED": _SORTED,
        "NOTHING": Query(),
        "MOST_PROJECTS": MOST_PROJECTS,
    }
    return made
