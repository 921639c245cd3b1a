"""A collector's folder in which every kind of secret is marked: configurations good and bad, and files of secrets."""

import base64
import json
import stat
from collections.abc import Mapping
from pathlib import Path

import bcrypt

from collector.simulator import Key
from tests.flow.collector_process import PROJECT
from tests.flow.marks import Marks, mark
from tests.web.certificates import Authority

USER = "alice"
ODD = '"\\<&%+/ 密'
HEAD = """
[collector]
listen = "127.0.0.1:0"
state = "sqlite:state.db"
interval = "500ms"
history = "count"
lifecycle = true
web_config = "web.yml"
event_log = "events.jsonl"
log_level = "debug"
log_format = "{format}"
[collector.buckets]
execution = [1]
node = [1]
"""
ONE = """
[[project]]
name = "{name}"
region = "cn-north-4"
project_id = "{project}"
endpoint = "{endpoint}"
iam_endpoint = "{endpoint}"
max_requests_per_second = 50
max_response_bytes = 1048576
timeout = "500ms"
poll_deadline = "2s"
{more}
"""
WORKFLOW = '\n[[project.workflow]]\nid = "{id}"\n'
BAD = """
[collector]
state = "postgresql://someone:{state}@host/db"
[[project]]
name = "a"
region = "cn-north-4"
endpoint = "https://someone:{way}@host"
proxy = "http://someone:{way}@host/path"
[project.auth]
access_key = "{access key}\\n"
secret_key = ["{secret key}"]
security_token = "{security token}"
security_token_file = "{security token}"
password = "{token}\\t"
token = "${{UNSET}}{token}"
passwort = "{token}"
[[project]]
name = "b"
region = "cn-north-4"
state = "postgresql://someone:{state}@host/db"
auth = "{token}"
proxy = "{way}"
[[project]]
name = "c"
region = "cn-north-4"
[project.auth]
token_file = "two-lines"
username = "someone"
password = 1
domain = "somewhere"
"""


class Marked:
    """Every secret there is, in a folder. `keys`: those that are good; `tokens` likewise; `environment`: the rest."""

    def __init__(self, folder: Path, marks: Marks) -> None:
        self.folder, self.marks = folder, marks
        self._secrets = {
            name: marks.add(name.removeprefix("other "), mark(name, length))
            for name, length in {
                "access key": 20, "secret key": 40, "security token": 700, "token": 900, "way": 24, "state": 24,
                "other access key": 20, "other secret key": 40, "other security token": 700, "other token": 900,
                "found access key": 20, "found secret key": 40, "found security token": 700, "wrong secret key": 40,
            }.items()
        }  # fmt: skip
        self.password = marks.add("password", mark("password", 40, ODD))
        self.tokens = (self._secrets["token"], self._secrets["other token"])
        self.keys: dict[str, Key] = {
            self._secrets[f"{whose}access key"]: Key(
                self._secrets[f"{whose}secret key"], self._secrets[f"{whose}security token"]
            )
            for whose in ("", "other ", "found ")
        }
        for number in range(3):
            for what in ("secret", "token"):
                marks.add(f"lent {what}", f"synthetic-lent-{what}-{number}")
            marks.add("metadata token", f"synthetic-metadata-token-{number + 1}")
            marks.add("lent access key", f"SYNTHETICLENT{number:07}")
        self.login = marks.add("web password", mark("web password", 30))
        self._files()

    def _files(self) -> None:
        named = {name.replace(" ", "-"): secret for name, secret in self._secrets.items()} | {"password": self.password}
        for name, secret in (named | {"two-lines": f"{self.tokens[0]}\n{self.tokens[1]}"}).items():
            (self.folder / name).write_text(secret, "utf-8")
        known = self.marks.add("web hash", bcrypt.hashpw(self.login.encode(), bcrypt.gensalt(4)).decode())
        _, key = Authority(self.folder).sign("server", "IP:127.0.0.1")
        for line in key.read_text("utf-8").splitlines()[1:-1]:
            self.marks.add("private key", line)
        users = f"basic_auth_users:\n  {USER}: {known}\n"
        (self.folder / "web.yml").write_text(
            f"tls_server_config: {{cert_file: server.pem, key_file: server.key}}\n{users}"
        )
        (self.folder / "web-bad.yml").write_text(f"basic_auth_users: {{{USER}: {self.login}, b: {known[:-1]}}}\n")
        self.write("bad.toml", BAD.format(**self._secrets))
        self.write("broken.toml", f"[[project]]\n[project.auth]\ntoken = {self.tokens[0]}\n")
        self.write("unended.toml", f'[[project]]\n[project.auth]\nsecret_key = "{self._secrets["secret key"]}\n')
        self.write("bad-web.toml", '[collector]\nweb_config = "web-bad.yml"\n')
        self.write("other-state.toml", f'[collector]\nstate = "postgresql://u:{self._secrets["state"]}@host/db"\n')

    def write(self, name: str, text: str) -> None:
        """A file for its owner alone."""
        (self.folder / name).write_text(text, "utf-8")
        (self.folder / name).chmod(stat.S_IRUSR | stat.S_IWUSR)

    @property
    def basic(self) -> str:
        """The right `Authorization` on the collector's own pages."""
        return "Basic " + base64.b64encode(f"{USER}:{self.login}".encode()).decode()

    def environment(self, proxy: str) -> Mapping[str, str]:
        """What some of the secrets are taken from; `proxy`: an address that takes requests for others."""
        found = {f"HUAWEICLOUD_SDK_{name}": self._secrets[f"found {kind}"] for name, kind in SDK.items()}
        mine = {f"MY_{name}": self._secrets[kind] for name, kind in SDK.items()}
        return found | mine | {"http_proxy": self._through(proxy), "no_proxy": ""}

    def _through(self, proxy: str) -> str:
        return proxy.replace("//", f"//someone:{self._secrets['way']}@")

    def configure(self, url: str, workflows: tuple[str, ...], *, log_format: str) -> None:
        """The good file: a project for each way to sign in, all asking at `url`, two of them through a proxy there."""
        self.write("way", self._through(url))
        known, user = self._secrets, 'username = "someone"\ndomain = "somewhere"\n'
        auths = {
            "token": f'token = "{self.tokens[0]}"',
            "token of a file": 'token_file = "other-token"',
            "keys": 'access_key = "${MY_AK}"\nsecret_key = "${MY_SK}"\nsecurity_token = "${MY_SECURITY_TOKEN}"',
            "keys of files": "".join(f'{name}_file = "other-{name.replace("_", "-")}"\n' for name in KEYS),
            "password": user + f"password = {json.dumps(self.password, ensure_ascii=False)}",
            "password of a file": user + 'password_file = "password"',
            "found": "",
            "lent": 'method = "metadata"',
            "wrong": f'access_key = "{known["access key"]}"\nsecret_key = "{known["wrong secret key"]}"',
            "through a proxy": f'token = "{self.tokens[0]}"',
            "through the environment's proxy": f'token = "{self.tokens[1]}"',
        }
        text = HEAD.format(format=log_format)
        for name, auth in auths.items():
            endpoint = "http://aom.invalid" if "proxy" in name else url
            more = 'proxy_file = "way"\n' if name == "through a proxy" else ""
            text += ONE.format(name=name, project=PROJECT, endpoint=endpoint, more=f"{more}[project.auth]\n{auth}")
            text += "".join(WORKFLOW.format(id=workflow) for workflow in workflows)
        self.write("collector.toml", text)


SDK = {"AK": "access key", "SK": "secret key", "SECURITY_TOKEN": "security token"}
KEYS = ("access_key", "secret_key", "security_token")
