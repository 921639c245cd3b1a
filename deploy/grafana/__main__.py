"""Write the dashboards: `python -m deploy.grafana`. They stand beside this file, in `dashboards/`."""

import json
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.collector import collector
from deploy.grafana.overview import overview
from deploy.grafana.workflow import workflow

FOLDER = Path(__file__).parent / "dashboards"
# What the library adds to variables, and Grafana's own schema does not know.
UNKNOWN = ("auto", "auto_count", "auto_min")


def texts() -> dict[str, str]:
    """Every dashboard's text, by the name of its file."""
    made = {"overview": overview(), "workflow": workflow(), "collector": collector()}
    return {f"{name}.json": _text(each) for name, each in made.items()}


def _text(made: Dashboard) -> str:
    known = json.loads(JSONEncoder(sort_keys=True).encode(made))
    for variable in known["templating"]["list"]:
        for key in UNKNOWN:
            variable.pop(key, None)
    return json.dumps(known, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
