"""The line that a fault shows: the right one, the right part of it, and no secret whatever the file looks like."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.config import load, parse
from collector.config.excerpt import placed
from collector.config.schema import SCHEMA
from collector.errors import ConfigError, Fault, Spot

CANARY = "canary-5d1f"
SECRETS = sorted({key.name for key in SCHEMA if key.secret})
REFERENCE = Path(__file__).parents[2] / "collector.toml"


def shown(text: str, path: str) -> str:
    (fault,) = placed([Fault(path=path, says="is wrong")], text, "collector.toml")
    assert fault.spot is not None
    return f"{fault.spot.text}\n{' ' * fault.spot.start}{'^' * (fault.spot.end - fault.spot.start)}"


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ('[collector]\n\tinterval = "1min"  # soon', "collector.interval", ' interval = "1min"\n            ^^^^^^'),
        ('[collector]\r\nlog_level="x"\r\n', "collector.log_level", 'log_level="x"\n          ^^^'),
        ("[collector.buckets]\nnode = [\n 1, # one\n 0]", "collector.buckets.node[1]", " 0]\n ^"),
        ("[collector.buckets]\nnode = [ # none\n]", "collector.buckets.node", "node = [\n       ^^"),
        ('[[project]]\nauth = {token = "s", method = "x"}', "project[0].auth.method",
         'auth = {token = …, method = "x"}\n                            ^^^'),
        ('[[project]]\nauth = {token = "s", method = "x"}', "project[0].auth.token",
         'auth = {token = …, method = "x"}\n                ^'),
        ('[[project]]\nnam = "x"', "project[0].nam", "nam = …\n^^^"),
        ('[[project]]\nname = """a\nb"""', "project[0].name", 'name = """a\n       ^^^^'),
        ('[[project]]\nendpoint = "https://me:secret@h"', "project[0].endpoint", "endpoint = …\n           ^"),
        ('[[project]]\nendpoint = "https://me:secret\\u0040h"', "project[0].endpoint", "endpoint = …\n           ^"),
        ('[[project]]\nname = "\u202e夜间\x85"', "project[0].name",
         'name = "\\u202e夜间\\x85"\n       ^^^^^^^^^^^^^^'),
    ],
)  # fmt: skip
def test_the_part_at_fault_is_marked(text: str, path: str, expected: str) -> None:
    assert shown(text, path) == expected


@pytest.mark.parametrize(
    ("line", "expected", "marked"),
    [
        ("interval = 1m  # soon", "interval = 1m", "m"),
        ("[[project]", "[[project]", "]"),
        ('token = "canary', "token = …", "…"),
        ("proxy = http://me:canary@h", "proxy = …", "…"),
        ("name = 'a' token = 'canary'", "name = …", "…"),
        ("endpoint = https://me:canary@h", "endpoint = …", "…"),
        ("passwrod = canary", "", ""),
        ("canary", "", ""),
        ("canary== x", "", ""),
        ("auth = { token = 'canary' ", "", ""),
    ],
)
def test_of_a_line_that_is_no_toml_only_what_is_known_is_shown(
    tmp_path: Path, line: str, expected: str, marked: str
) -> None:
    file = tmp_path / "collector.toml"
    file.write_text(f"# first\n{line}\nhistory = 1", "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file, {})
    (fault,) = caught.value.faults
    assert fault.spot is not None
    assert str(fault).startswith(f"{file}:2: line 2: is not TOML: ")
    assert (fault.spot.text, fault.spot.text[fault.spot.start : fault.spot.end]) == (expected, marked)


def test_what_is_about_another_file_or_a_flag_has_no_line() -> None:
    faults = [Fault(path=path, says="is wrong") for path in ("collector.yml:3: tls", "--log.level", "prod", "a b")]
    assert placed(faults, "[collector]\n", "collector.toml") == tuple(faults)


def test_a_text_without_a_file_has_faults_without_lines() -> None:
    with pytest.raises(ConfigError, match=r"^line 1: is not TOML: "):
        parse("=", base=REFERENCE.parent, environ={})


names = st.sampled_from(SECRETS) | st.sampled_from(["passwrod", "name", "interval", '"odd key"', "auth", "x.token"])
canaries = st.sampled_from(
    [f'"{CANARY}"', f"'{CANARY}'", f'"""\n{CANARY}\n{CANARY}"""', f'["{CANARY}", {{a = "{CANARY}"}}]']
)
comments = st.sampled_from(["", f" # {CANARY}", f'  # was "{CANARY}"'])
lines = st.builds("{} = {}{}".format, names, canaries, comments).filter(
    lambda line: not line.startswith(("name", "int"))
)
innocent = st.sampled_from(["[[project]]", "[project.auth]", 'name = "x"', 'interval = "1min"', "[collector]", "", "]"])


@given(st.lists(lines | innocent, max_size=6).map("\n".join), st.integers(0, 200), st.sampled_from(["", '"', "]", "="]))
def test_no_secret_is_on_the_line_of_any_fault(text: str, at: int, slip: str) -> None:
    broken = text[:at] + slip + text[at:]
    try:
        faults = ()
        parse(broken, base=REFERENCE.parent, environ={})
    except ConfigError as error:
        faults = placed(error.faults, broken, "collector.toml")
    spots = [fault.spot for fault in faults if fault.spot]
    assert [spot for spot in spots if "canary" in spot.text] == []
    assert all(0 <= spot.start <= spot.end for spot in spots)


def test_many_faults_are_found_in_time() -> None:
    text = "".join(f'[[project]]\nname = "p{place}"\nregoin = "x"\n' for place in range(3000))
    faults = [Fault(path=f"project[{place}].regoin", says="is unknown") for place in range(3000)]
    found = placed(faults, text, "collector.toml")
    assert found[-1].spot == Spot(file="collector.toml", line=9000, text="regoin = …", start=0, end=6)
