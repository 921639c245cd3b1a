"""Every section and key of the configuration file, one row each: the walk, the checks and the tests read these rows."""

from collections.abc import Callable
from dataclasses import dataclass

from collector.config import addresses, kinds, lists
from collector.config.kinds import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Unbuilt:
    """A promise not kept yet: `feature` is what it would do, `fix` what to do meanwhile.

    `save` tells which values work nonetheless; without it only the default does.
    """

    feature: str
    fix: str = "remove the key"
    save: Callable[[object], bool] | None = None

    @property
    def says(self) -> str:
        """The sentence a fault says."""
        return f"{self.feature} is not built yet"


@dataclass(frozen=True, slots=True)
class Section:
    """One table: `path` is its place (`project.auth`); `many` is an array of tables.

    `optional`: its absence means something, and not its defaults.
    """

    path: str
    many: bool = False
    optional: bool = False
    unbuilt: Unbuilt | None = None

    @property
    def header(self) -> str:
        """The section's header as the file spells it."""
        return f"[[{self.path}]]" if self.many else f"[{self.path}]"


@dataclass(frozen=True, slots=True)
class Key:
    """One key: `default` is the TOML value that holds where the key is absent, or an example where it is `required`.

    A `secret` has a sibling `name_file`, and no fault quotes it. `flag` is the command-line flag that overrides it.
    """

    section: str
    name: str
    kind: Kind
    default: object
    required: bool = False
    secret: bool = False
    flag: str = ""
    unbuilt: Unbuilt | None = None


SECTIONS = (
    Section("collector"),
    Section("collector.buckets"),
    Section("collector.series"),
    Section("collector.shard", optional=True, unbuilt=Unbuilt(feature="sharding", fix="remove the section")),
    Section("project", many=True),
    Section("project.auth"),
    Section("project.workflow", many=True),
    Section("project.discover", optional=True),
)

LOG_LEVELS = ("debug", "info", "warning", "error")
LOG_FORMATS = ("auto", "json", "logfmt", "console")
METHODS = ("auto", "aksk", "password", "token", "metadata")

_duration = kinds.duration(least="1ms")
_interval = kinds.duration(least="500ms")
_own_interval = kinds.duration(least="500ms", empty=True)
_from_zero = kinds.duration()
_file_or_none = kinds.matching(r"[^\x00-\x1f\x7f]+", "must be without control characters", empty=True)
_name_or_none = kinds.matching("[A-Za-z0-9_-]{1,64}", "must be letters, digits, - and _, at most 64", empty=True)


SCHEMA = (
    Key("collector", "listen", addresses.listen, "127.0.0.1:11513", flag="--web.listen-address"),
    Key(
        "collector",
        "state",
        addresses.state,
        "sqlite:aom-collector.db",
        secret=True,
        unbuilt=Unbuilt(
            feature="state in PostgreSQL",
            fix='keep it in a file, "sqlite:aom-collector.db"',
            save=lambda value: not str(value).startswith("postgres"),
        ),
    ),
    Key("collector", "interval", _interval, "60s"),
    Key("collector", "full_poll", _duration, "15m", unbuilt=Unbuilt(feature="skipping polls of what did not run")),
    Key("collector", "history", kinds.one_of("ignore", "count"), "ignore"),
    Key("collector", "first_zero", _from_zero, "2m"),
    Key("collector", "stale_after", _duration, "10m"),
    Key("collector", "forget_after", _from_zero, "30d"),
    Key("collector", "retain_state", _from_zero, "30d"),
    Key("collector", "web_config", kinds.optional_text, "", flag="--web.config.file"),
    Key("collector", "lifecycle", kinds.boolean, False, flag="--web.enable-lifecycle"),  # noqa: FBT003  the default of a boolean key
    Key(
        "collector",
        "log_level",
        kinds.one_of(*LOG_LEVELS, also={"warn": "warning"}),
        "info",
        flag="--log.level",
    ),
    Key(
        "collector",
        "log_format",
        kinds.one_of(*LOG_FORMATS),
        "auto",
        flag="--log.format",
    ),
    Key("collector", "log_workflows", lists.workflow_ids, []),
    Key("collector", "event_log", _file_or_none, ""),
    Key(
        "collector.buckets",
        "execution",
        lists.buckets,
        [1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600],
    ),
    Key(
        "collector.buckets",
        "node",
        lists.buckets,
        [0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600],
    ),
    Key("collector.series", "max", kinds.integer(least=1), 500_000),
    Key("collector.series", "max_nodes_per_workflow", kinds.integer(least=1), 100),
    Key("collector.series", "disable", lists.families, []),
    Key("collector.shard", "index", kinds.integer(least=0), 0),
    Key("collector.shard", "count", kinds.integer(least=1), 1),
    Key("project", "name", kinds.label, "prod", required=True),
    Key(
        "project",
        "region",
        kinds.matching("[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?", 'must be a region\'s id like "cn-north-4"'),
        "cn-north-4",
        required=True,
    ),
    Key(
        "project",
        "project_id",
        kinds.matching("[0-9A-Za-z]{32}", "must be 32 letters and digits", empty=True),
        "",
    ),
    Key("project", "endpoint", addresses.endpoint, ""),
    Key("project", "iam_endpoint", addresses.endpoint, ""),
    Key("project", "enterprise_project_id", _name_or_none, ""),
    Key("project", "interval", _own_interval, ""),
    Key("project", "max_requests_per_second", kinds.positive, 1.0),
    Key("project", "concurrency", kinds.integer(least=1, most=64), 4),
    Key("project", "timeout", _duration, "30s"),
    Key("project", "poll_deadline", _duration, "2m"),
    Key("project", "max_response_bytes", kinds.integer(least=1024), 67_108_864),
    Key("project", "ca_file", kinds.optional_text, ""),
    Key("project", "proxy", addresses.proxy, "", secret=True),
    Key(
        "project",
        "change_feed",
        kinds.one_of("auto", "on", "off"),
        "auto",
        unbuilt=Unbuilt(
            feature="skipping workflows that did not run",
            fix='write "off", or remove the key',
            save=lambda value: value != "on",
        ),
    ),
    Key(
        "project.auth",
        "method",
        kinds.one_of(*METHODS),
        "auto",
    ),
    Key("project.auth", "access_key", addresses.secret_line, "", secret=True),
    Key("project.auth", "secret_key", addresses.secret_line, "", secret=True),
    Key("project.auth", "security_token", addresses.secret_line, "", secret=True),
    Key("project.auth", "username", kinds.optional_text, ""),
    Key("project.auth", "password", addresses.secret_line, "", secret=True),
    Key("project.auth", "domain", kinds.optional_text, ""),
    Key("project.auth", "token", addresses.secret_line, "", secret=True),
    Key("project.workflow", "id", kinds.workflow_id, "wf-0001", required=True),
    Key("project.workflow", "name", kinds.optional_text, ""),
    Key("project.workflow", "interval", _own_interval, ""),
    Key("project.workflow", "expect_every", kinds.duration(least="1ms", empty=True), ""),
    Key("project.discover", "include", lists.patterns, [".*"]),
    Key("project.discover", "exclude", lists.patterns, []),
    Key("project.discover", "types", lists.choices("cron", "event", "manual"), []),
    Key("project.discover", "interval", kinds.duration(least="1s"), "5m"),
)


def keys_of(section: str) -> dict[str, Key]:
    """The keys of one section by name, in the order of the file."""
    return {key.name: key for key in SCHEMA if key.section == section}


def sections_in(parent: str) -> dict[str, Section]:
    """The sections directly inside this one ("" for the file itself) by their last name."""
    inside = {}
    for section in SECTIONS:
        head, _, tail = section.path.rpartition(".")
        if head == parent:
            inside[tail] = section
    return inside
