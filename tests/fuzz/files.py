"""Configuration files that are nearly right: whatever becomes of them, settings or faults, and no secret in either."""

import tomllib
import warnings
from dataclasses import replace
from pathlib import Path
from random import Random

from collector.config import parse
from collector.config.schema import SCHEMA, SECTIONS
from collector.errors import ConfigError
from tests.fuzz.counting import Finding

BASE = Path(__file__).parent
CANARY = "canary-7c1e"
ELSEWHERE = "elsewhere-51d0"
ENVIRON = {"S": CANARY, "E": ELSEWHERE, "N": "17", "EMPTY": "", "ODD": "\x1b]0;\x07\udc80"}
SECRETS = sorted({key.name for key in SCHEMA if key.secret} - {"state", "proxy"})
KEYS = sorted(
    {key.name for key in SCHEMA} | {f"{name}_file" for name in SECRETS} | {"intervall", "acess_key", "x-y", '"ü"'}
)
HEADERS = (*(section.header for section in SECTIONS if section.path), "[project]", "[[collector]]", "[a.b]", "[[")
WHOLE = f"""\
[collector]
state = "sqlite:{CANARY}.db"
interval = "60s"
history = "ignore"
lifecycle = false
log_level = "info"
[collector.buckets]
execution = [1, 5.5, 60]
[collector.series]
max = 500_000
disable = ["aom_workflow_info"]
[[project]]
name = "生产"
region = "cn-north-4"
project_id = "0123456789abcdef0123456789abcdef"
endpoint = "https://aom.example:8443"
max_requests_per_second = 0.5
concurrency = 4
proxy = "http://user:{CANARY}@proxy.example:3128"
[project.auth]
method = "auto"
access_key = "{CANARY}"
secret_key = "${{S}}{CANARY}"
[[project.workflow]]
id = "wf-0001"
interval = "5m"
[project.discover]
include = ["(a|b)*", "[[:x:]]"]
[[project]]
name = "two"
region = "cn-north-4"
[project.auth]
username = "u"
domain = "d"
password = "{CANARY}\\u00e9"
"""
VALUES = (
    *("true", "0", "-1", "1e400", "nan", "inf", "9" * 30, "9" * 400, "9" * 4400, "0x10", "1979-05-27", "07:32:00"),
    *("[]", "[[]]", "{}", "[true]", '["cron"]', "{a = 1}", '{"" = [{}]}', '[1, "a"]', "[1.5, 1]"),
    *('""', '"60s"', '"0s"', '"9999999999d"', '"1 s"', '"${E}"', '"${NOT}"', '"${"', '"$$"', '"$"', '"${ODD}"'),
    *('"\\u0000"', '"\\U0001F600"', '"a\\nb"', '"\\u202e"', "'''\nx'''", '"' + "x" * 300 + '"', '"${N}"'),
    *('"sqlite:"', '"memory:"', '"postgresql://u@h/db"', '"https://u:p@h"', '"http://[::1"', '":99999"'),
    *('["("]', '["a{99999999999}"]', '["(?P<n>a)(?P<n>b)"]', '["[a"]', '["\\\\"]', '"cn north"'),
    *('["(?i)x", "a(?i)"]', '["%s"]' % ("(" * 500 + ")" * 500), '"aksk"', '"token"', '"metadata"'),
)  # fmt: skip
SECRET_VALUES = (
    f'"{CANARY}"',
    f"'{CANARY}'",
    f'["{CANARY}"]',
    f'"{CANARY}',
    CANARY,
    f'"{CANARY}\\n"',
    f'"{CANARY}\\ud800"',
)
SECRET_VALUES += (
    f'{{a = "{CANARY}"}}',
    '"${S}\\u0007"',
    f'"${{E}}{CANARY}\\u0007"',
    f'"${{{CANARY}"',
    f'"""{CANARY}',
    f'"http://{CANARY}:x"',
)
LETTERS = (
    '"',
    "'",
    "[",
    "]",
    "{",
    "}",
    "=",
    ".",
    "#",
    "\n",
    "\\",
    " ",
    "\x00",
    "\ud800",
    "é",
    "\ufeff",
    "$",
    "[" * 1500,
)


def _value(dice: Random, lines: list[str]) -> None:
    at = dice.randrange(len(lines))
    name, equals, _ = lines[at].partition(" = ")
    if equals:
        known = SECRET_VALUES if name in SECRETS or name == "proxy" else VALUES
        lines[at] = f"{name} = {dice.choice(known)}"


def _key(dice: Random, lines: list[str]) -> None:
    at = dice.randrange(len(lines))
    _, equals, value = lines[at].partition(" = ")
    if equals and CANARY not in value:
        lines[at] = f"{dice.choice(KEYS)} = {value}"


def _new(dice: Random, lines: list[str]) -> None:
    name = dice.choice(KEYS)
    known = SECRET_VALUES if name in SECRETS or name == "proxy" else VALUES
    lines.insert(dice.randrange(len(lines) + 1), f"{name} = {dice.choice(known)}")


def _header(dice: Random, lines: list[str]) -> None:
    lines.insert(dice.randrange(len(lines) + 1), dice.choice(HEADERS))


def _again(dice: Random, lines: list[str]) -> None:
    lines.insert(dice.randrange(len(lines) + 1), dice.choice(lines))


def _gone(dice: Random, lines: list[str]) -> None:
    del lines[dice.randrange(len(lines))]


def _letter(dice: Random, lines: list[str]) -> None:
    at = dice.randrange(len(lines))
    place = dice.randrange(len(lines[at]) + 1)
    lines[at] = lines[at][:place] + dice.choice(LETTERS) + lines[at][place + dice.randrange(2) :]


BENDS = (_value, _value, _value, _key, _new, _new, _header, _again, _gone, _letter)


def made(dice: Random) -> str:
    """The whole file with one to four things bent in it."""
    lines = WHOLE.splitlines()
    for _ in range(dice.choice((1, 1, 2, 3, 4))):
        dice.choice(BENDS)(dice, lines)
    return "\n".join(lines)


def judge(text: str) -> str:
    """`settings`, or the faults of a file. Raises `Finding`."""
    error: ConfigError | None = None
    shown = ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # Who prints settings sees where the state lies, and no secret.
            shown = repr(replace(parse(text, base=BASE, environ=ENVIRON), state=""))
    except ConfigError as refused:
        error, shown = refused, f"{refused}{refused!r}"
    except Exception as raised:
        msg = f"it raises {raised!r}"
        raise Finding(msg) from raised
    if CANARY in shown and not _is_a_key(text):
        msg = f"a secret is shown: {shown}"
        raise Finding(msg)
    if error is None:
        return "settings"
    _said(error)
    # Where the authority's file is looked for has to be told.
    if ELSEWHERE in shown and 'ca_file = "${E}"' not in text:
        msg = f"a fault quotes what the environment holds: {shown}"
        raise Finding(msg)
    return str(error)


def _said(error: ConfigError) -> None:
    for fault in error.faults:
        if not fault.path or not fault.says or not str(fault).isprintable():
            msg = f"a fault is no sentence with its place: {fault!r}"
            raise Finding(msg)
    if not error.faults:
        msg = "it is refused without a fault"
        raise Finding(msg)


def _is_a_key(text: str) -> bool:
    """Whether what should be a secret stands where a key does, and is quoted as one nobody knows."""
    try:
        return CANARY in _keys(tomllib.loads(text))
    except (ValueError, RecursionError):
        return False


def _keys(value: object) -> str:
    if isinstance(value, dict):
        return "".join(f"{key} {_keys(inner)}" for key, inner in value.items())
    return "".join(map(_keys, value)) if isinstance(value, list) else ""
