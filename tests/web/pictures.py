"""Makes the README's pictures anew from the demonstration: `python -m tests.web.pictures`.

It needs tmux, Debian's Chromium and its fonts-noto-cjk, and takes a minute. All that the pictures show is synthetic.
"""

import io
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from tests.web.chromium import launched

FOLDER = Path(__file__).parents[2] / "deploy" / "docs" / "images"
COLUMNS, ROWS = 100, 28
SECONDS = 75
FRAME = """<!doctype html><meta charset="utf-8"><body style="margin:0;background:#0c0c0c"><pre style="margin:0;
padding:18px 22px;display:inline-block;color:#d9d9d9;font:14px/1.35 'Noto Sans Mono CJK SC',monospace">{code}</pre>"""


def main() -> None:
    """Watch the demonstration for a while, and keep what it shows then."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        tmux = ["tmux", "-S", f"{folder}/tmux"]
        command = f"cd {folder} && {sys.executable} -m collector demo"
        subprocess.run([*tmux, "new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), command], check=True)
        browser = launched(playwright)
        try:
            time.sleep(SECONDS)  # so that something of every kind has happened
            drawn = subprocess.run([*tmux, "capture-pane", "-e", "-p"], check=True, capture_output=True, text=True)
            text = Text.from_ansi(drawn.stdout.rstrip("\n"))
            page = browser.new_page(viewport={"width": 1180, "height": 880}, color_scheme="light")
            page.goto(re.search(r"http://\S+", text.plain)[0])
            page.screenshot(path=FOLDER / "status-page.png")
            terminal = browser.new_page(viewport={"width": 1180, "height": 880})
            terminal.set_content(_framed(text))
            terminal.locator("pre").screenshot(path=FOLDER / "demo.png")
        finally:
            browser.close()
            subprocess.run([*tmux, "kill-server"], check=False)


def _framed(text: Text) -> str:
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(text, no_wrap=True, crop=False)
    return FRAME.replace("{code}", console.export_html(theme=MONOKAI, inline_styles=True, code_format="{code}"))


if __name__ == "__main__":
    main()
