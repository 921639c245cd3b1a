"""Single values at their edges, what flags override, and what is worth a warning."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from collector.config import STANDARD, Settings, parse
from collector.errors import ConfigError

BASE = Path("/base")
NOTHING: Mapping[str, object] = {}


def read(text: str, environ: Mapping[str, str] | None = None, overrides: Mapping[str, object] = NOTHING) -> Settings:
    return parse(text, base=BASE, environ=environ or {}, overrides=overrides)


def project(
    more: str = "", name: str = "a", token: str = "t", workflows: str = '[[project.workflow]]\nid = "w"\n'
) -> str:
    head = f'[[project]]\nname = "{name}"\nregion = "cn-north-4"\nproject_id = "{"0" * 32}"\n{more}\n'
    return f'{head}[project.auth]\ntoken = "{token}"\n{workflows}'


@pytest.mark.parametrize(
    "listen", ["127.0.0.1:0", "localhost:65535", ":11513", "[::1]:11513", "[::]:1", "aom-1.example:80"]
)
def test_an_address_to_listen_on_is_accepted(listen: str) -> None:
    assert read(f'[collector]\nlisten = "{listen}"').listen == listen


@pytest.mark.parametrize(
    "listen",
    [
        "",
        "11513",
        "127.0.0.1",
        "::1:11513",
        "[::1]",
        "[nonsense]:1",
        ":65536",
        ":",
        "a b:1",
        "300.0.0.1:1",
        "h:1x",
        "h/p:1",
        "h:\u0661",
    ],
)
def test_anything_else_is_no_address_to_listen_on(listen: str) -> None:
    with pytest.raises(ConfigError, match=r"^collector\.listen: must "):
        read(f'[collector]\nlisten = "{listen}"')


@pytest.mark.parametrize(("given", "seconds"), [("500ms", 0.5), ("10s", 10), ("5m", 300), ("1h", 3600), ("2d", 172800)])
def test_a_duration_is_seconds(given: str, seconds: float) -> None:
    assert read(f'[collector]\ninterval = "{given}"\n{project()}').projects[0].workflows[0].interval == seconds


@pytest.mark.parametrize(
    "given", ["", "60", "1.5s", "-1s", "1 s", "1S", "s", "1s ", "1w", "1h30m", "\u0663s", "1µs", f"{'9' * 400}d"]
)
def test_anything_else_is_no_duration(given: str) -> None:
    with pytest.raises(ConfigError, match=r"^collector\.interval: must "):
        read(f'[collector]\ninterval = "{given}"')


@pytest.mark.parametrize(
    "endpoint",
    ["https://h/v1", "https://h?a=canary", "https://h#a", "https://h?", "https://u:canary@h", "ftp://h", "https://",
     "h", "https://h:x", "https://h:0", "https://h:", "https://h h", "https://[::1", "https://300.1.1.1", "https://h\\th"],
)  # fmt: skip
def test_an_endpoint_with_more_or_less_than_scheme_host_and_port_is_refused_unseen(endpoint: str) -> None:
    with pytest.raises(ConfigError, match=r"^project\[0\]\.endpoint: must ") as caught:
        read(project(f'endpoint = "{endpoint}"'))
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "state",
    [
        "",
        "sqlite:",
        "sqlite::memory:",
        "sqlite:///a.db",
        "memory",
        "memory:x",
        "sqllite:a.db",
        "redis://h",
        "sqlite:a\\u0000b",
    ],
)
def test_anything_else_is_no_state(state: str) -> None:
    with pytest.raises(ConfigError, match=r"^collector\.state: must "):
        read(f'[collector]\nstate = "{state}"')


def test_a_path_of_the_state_is_absolute_from_the_files_folder() -> None:
    assert read('[collector]\nstate = "sqlite:/x/a.db"').state == "sqlite:/x/a.db"
    assert read('[collector]\nstate = "sqlite:b/a.db"').state == "sqlite:/base/b/a.db"
    assert read('[collector]\nstate = "memory:"').state == "memory:"


def test_an_event_log_is_a_file_relative_to_the_configuration_or_standard_output_or_none() -> None:
    assert read("").event_log is None
    assert read('[collector]\nevent_log = "-"').event_log == STANDARD
    assert read('[collector]\nevent_log = "./-"').event_log == Path("/base/-")
    assert read('[collector]\nevent_log = "b/事件.jsonl"').event_log == Path("/base/b/事件.jsonl")
    assert read('[collector]\nevent_log = "/x/events.jsonl"').event_log == Path("/x/events.jsonl")


def test_fifty_buckets_are_the_most() -> None:
    assert len(read(f"[collector.buckets]\nnode = {list(range(1, 51))}").node_buckets) == 50
    with pytest.raises(ConfigError, match="must hold 1 to 50 bounds, not 51"):
        read(f"[collector.buckets]\nnode = {list(range(1, 52))}")


@pytest.mark.parametrize("number", ["0x" + "f" * 5000, "-1", "nan", "1e400", "true"])
def test_a_number_beyond_all_sense_is_a_fault_like_any_other(number: str) -> None:
    with pytest.raises(ConfigError, match=r"^project\[0\]\.max_requests_per_second: must "):
        read(project(f"max_requests_per_second = {number}"))


def test_a_doubtful_pattern_is_taken_without_a_word(recwarn: pytest.WarningsRecorder) -> None:
    text = '[[project]]\nname = "p"\nregion = "r"\n[project.discover]\ninclude = ["[[:alnum:]]"]\n'
    discover = parse(text, base=Path(), environ={}).projects[0].discover
    assert discover is not None
    assert discover.include[0].pattern == "[[:alnum:]]"
    assert [str(warning.message) for warning in recwarn] == []


def test_dollars_and_variables_are_read_once() -> None:
    text = project("", token="$$${A}$x$$", workflows="")
    token = read(text, {"A": "${B}$$"}).projects[0].auth.token
    assert token is not None
    assert token.reveal() == "$${B}$$$x$"


def test_a_variable_that_is_not_utf8_is_a_fault() -> None:
    with pytest.raises(ConfigError, match=r"variable A, which is not UTF-8 text"):
        read(project(token="${A}"), {"A": "a\udcff"})


def test_the_nearest_interval_holds() -> None:
    workflows = '[[project.workflow]]\nid = "own"\ninterval = "1h"\n[[project.workflow]]\nid = "none"\n'
    for own, outer in (('interval = "2m"', 120.0), ("", 90.0)):
        (one,) = read(f'[collector]\ninterval = "90s"\n{project(own, workflows=workflows)}').projects
        assert [workflow.interval for workflow in one.workflows] == [3600.0, outer]


def test_flags_hold_instead_of_the_file() -> None:
    settings = read('[collector]\nlisten = ":1"', None, {"listen": ":2", "log_level": "debug", "log_format": "json"})
    assert (settings.listen, settings.log_level, settings.log_format) == (":2", "debug", "json")


def test_a_fault_of_a_flag_names_the_flag() -> None:
    with pytest.raises(ConfigError) as caught:
        read("", None, {"listen": "x", "log_level": "loud", "log_format": "jsno"})
    flags = [fault.path for fault in caught.value.faults]
    assert flags == ["--web.listen-address", "--log.level", "--log.format"]
    assert caught.value.faults[2].fix == 'did you mean "json"?'


def test_a_file_of_certificates_must_be_there_and_hold_one(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing", "utf-8")
    for name, says in (
        ("none.pem", "cannot be read: No such file or directory"),
        ("empty.pem", "holds no certificate"),
    ):
        with pytest.raises(ConfigError, match=rf"^project\[0\]\.ca_file: the file .* {says}"):
            read(project(f'ca_file = "{tmp_path / name}"'))


def test_nothing_to_watch_is_a_warning() -> None:
    assert read("").warnings == ("no [[project]] is given, so there is nothing to watch",)
    assert read(project(workflows="")).warnings == (
        "project[0]: has neither [[project.workflow]] nor [project.discover], so it watches nothing",
    )


def test_tracing_a_workflow_that_nobody_watches_is_a_warning_unless_it_may_be_discovered() -> None:
    traced = '[collector]\nlog_workflows = ["w0", "夜间"]\n'
    assert read(traced + project("", workflows='[[project.workflow]]\nid = "w0"\n')).warnings == (
        'collector.log_workflows[1]: no project has a workflow with the id "夜间"',
    )
    assert read(traced + project("", workflows="[project.discover]\n")).warnings == ()


@pytest.mark.parametrize(("host", "warned"), [("aom.example", 1), ("127.0.0.2:1", 0), ("[::1]:1", 0), ("localhost", 0)])
def test_plain_http_is_a_warning_unless_it_stays_on_this_machine(host: str, warned: int) -> None:
    warnings = read(project(f'endpoint = "http://{host}"')).warnings
    assert [warning.partition(": ")[0] for warning in warnings] == ["project[0].endpoint"] * warned


def test_intervals_that_cost_more_than_is_allowed_are_a_warning_with_both_numbers() -> None:
    many = "".join(f'[[project.workflow]]\nid = "w{i}"\n' for i in range(61))
    assert read(project(workflows=many.partition('[[project.workflow]]\nid = "w60"')[0])).warnings == ()
    (warning,) = read(project(workflows=many)).warnings
    assert "cost 1.02 requests per second, but max_requests_per_second allows 1;" in warning


def test_projects_with_one_credential_share_the_lowest_budget() -> None:
    two = project("max_requests_per_second = 0.03", "a") + project("", "b")
    (warning,) = read(two).warnings
    assert warning.startswith("project[0], project[1]: the intervals cost 0.0333 requests per second with their shared")
    assert read(project("max_requests_per_second = 0.03", "a") + project("", "b", token="other")).warnings == ()
