"""Every failpoint there is, read from the code."""

import ast
from pathlib import Path

COLLECTOR = Path(__file__).parents[2] / "collector"


def points() -> tuple[str, ...]:
    """The names in all calls of `failpoint`, in the order of the files and their lines."""
    found = []
    for path in sorted(COLLECTOR.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "failpoint":
                (name,) = node.args
                assert isinstance(name, ast.Constant), f"{path}:{node.lineno}: a failpoint's name is not written out"
                found.append(str(name.value))
    assert len(found) == len(set(found)), f"two failpoints share a name: {sorted(found)}"
    return tuple(found)
