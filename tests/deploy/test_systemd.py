"""The unit: systemd can read it, exposes next to nothing, and agrees with what it starts."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from collector.config import load

DEPLOY = Path(__file__).parents[2] / "deploy"
UNIT = DEPLOY / "systemd" / "aom-collector.service"
TEXT = UNIT.read_text(encoding="utf-8")
CONFIGURATION = DEPLOY / "systemd" / "collector.toml"
STATE = "/var/lib/aom-collector"
WORST = 1.5

ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is missing (Debian: systemd)")


def setting(name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", TEXT, flags=re.MULTILINE)


def seconds(name: str) -> int:
    (text,) = setting(name)
    return int(text.removesuffix("s"))


def without(*lines: str) -> str:
    assert [line for line in lines if f"\n{line}\n" not in TEXT] == []
    return "".join(f"{line}\n" for line in TEXT.splitlines() if line not in lines)


def analyzed(folder: Path, text: str, *how: str) -> subprocess.CompletedProcess[str]:
    path = folder / UNIT.name
    path.write_text(text, encoding="utf-8")
    return subprocess.run([ANALYZE, *how, path], capture_output=True, text=True, check=False)


def exposure(folder: Path, text: str) -> tuple[float, bool]:
    """What systemd says of it, 0 to 10, and whether that is too much."""
    done = analyzed(folder, text, "security", "--offline=true", f"--threshold={WORST * 10:.0f}")
    return float(re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)[1]), done.returncode != 0


def verified(folder: Path, text: str) -> str:
    """What systemd holds against it; the programs it starts need not be here."""
    for program in ("/opt/aom-collector/bin/aom-collector", "/bin/kill"):
        text = text.replace(f"={program} ", f"={sys.executable} ")
    done = analyzed(folder, text, "verify", "--man=no")
    return done.stdout + done.stderr + (f"status {done.returncode}" if done.returncode else "")


@needs_systemd
def test_systemd_has_nothing_to_say_against_it(tmp_path: Path):
    assert verified(tmp_path, TEXT) == ""


@needs_systemd
@pytest.mark.parametrize(
    ("right", "wrong"), [("WatchdogSec=", "WatchdogSeconds="), ("Type=notify", "Type=tells"), ("=@system-s", "=@no-s")]
)
def test_a_slip_in_it_would_be_said(tmp_path: Path, right: str, wrong: str):
    assert right in TEXT
    assert verified(tmp_path, TEXT.replace(right, wrong)) != ""


@needs_systemd
def test_it_exposes_next_to_nothing(tmp_path: Path):
    score, too_much = exposure(tmp_path, TEXT)
    assert score <= WORST
    assert not too_much


@needs_systemd
@pytest.mark.parametrize(
    ("lines", "gate"),
    [
        (("CapabilityBoundingSet=",), True),
        (("RestrictNamespaces=yes",), True),
        (("DynamicUser=yes", "NoNewPrivileges=yes", "ProtectSystem=strict"), True),
        (("SystemCallFilter=@system-service", "SystemCallFilter=~@privileged @resources"), True),
        (("RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",), False),
        (("ProtectHome=yes",), False),
        (("PrivateDevices=yes",), False),
    ],
    ids=lambda each: each[-1].partition("=")[0] if isinstance(each, tuple) else "",
)
def test_what_would_weaken_it_is_seen(tmp_path: Path, lines: tuple[str, ...], *, gate: bool):
    before, _ = exposure(tmp_path, TEXT)
    after, too_much = exposure(tmp_path, without(*lines))
    assert after > before
    assert too_much or not gate


def test_it_leaves_time_for_what_it_waits_for():
    """A stop takes up to five seconds, and a schedule that has not ticked for five does not turn."""
    assert seconds("TimeoutStopSec") > 5
    assert seconds("WatchdogSec") / 2 > 5
    assert setting("Type") == ["notify"]
    assert setting("NotifyAccess") == ["main"]


def test_what_stays_wrong_is_not_tried_again():
    assert setting("Restart") == ["on-failure"]
    assert setting("RestartPreventExitStatus") == ["2 CREDENTIALS"]


def test_the_one_place_it_may_write_to_is_that_of_the_state(tmp_path: Path):
    for name in ("access_key", "secret_key"):
        (tmp_path / name).write_text("synthetic\n", encoding="utf-8")
    settings = load(CONFIGURATION, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert Path(settings.state.removeprefix("sqlite:")).parent == Path(STATE)
    assert setting("StateDirectory") == [Path(STATE).name]
    assert (setting("StateDirectoryMode"), setting("UMask")) == (["0700"], ["0077"])
    assert settings.warnings == ()
    assert len(settings.projects) == 1


def test_every_secret_that_the_file_names_is_lent():
    lent = dict(each.split(":") for each in setting("LoadCredential"))
    named = re.findall(r'_file = "\$\{CREDENTIALS_DIRECTORY\}/(\w+)"', CONFIGURATION.read_text(encoding="utf-8"))
    assert lent == {name: f"/etc/aom-collector/{name}" for name in named}
    assert len(named) == 2


def test_unit_and_image_start_the_same_thing():
    image = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    lists = re.findall(r"^(?:ENTRYPOINT|CMD) (\[.*\])$", image, flags=re.MULTILINE)
    parts = [part for each in lists for part in json.loads(each)]
    assert setting("ExecStart") == [" ".join(parts)]
    assert not re.search(r"^USER (0|root)\b", image, flags=re.MULTILINE)
