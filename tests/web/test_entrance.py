"""With a web configuration, who may not come in learns nothing, and its changes hold without a restart."""

import asyncio
import ssl
import threading
from pathlib import Path

import aiohttp
import bcrypt
import pytest
from multidict import CIMultiDict

from collector.errors import ConfigError
from collector.web import toolkit_file
from collector.web.toolkit import Toolkit
from tests.web.certificates import Authority
from tests.web.served import serving
from tests.web.test_users import basic

HASH = bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()
OTHER = bcrypt.hashpw(b"other", bcrypt.gensalt(4)).decode()
USERS = f"basic_auth_users:\n  alice: {HASH}\n"
TLS = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n"
CLIENTS = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: clients.pem\n"
KNOWN = {"Authorization": basic("alice", "right")}
ASKED = [
    (method, path)
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
    for path in ("/", "/metrics", "/-/healthy", "/-/ready", "/-/reload", "/api/v1/workflows", "/nothing", "/?x=1")
]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """What signed the server's certificate, `server.pem`."""
    authority = Authority(tmp_path)
    authority.sign("server", "IP:127.0.0.1")
    return authority


def written(folder: Path, text: str) -> Path:
    """The configuration; its file is another one each time, as editors and Kubernetes have it."""
    fresh = folder / "fresh"
    fresh.write_text(text, "utf-8")
    return fresh.replace(folder / "web.yml")


async def status(address: str, headers: dict[str, str] | None = None, context: ssl.SSLContext | None = None) -> int:
    """What a new connection is answered."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{address}/metrics", headers=headers, ssl=context or True) as answer,
    ):
        return answer.status


async def test_unauthenticated_requests_are_answered_alike_whatever_they_ask_for(tmp_path: Path):
    said = set()
    headers = "http_server_config:\n  headers:\n    X-Frame-Options: deny\n"
    async with (
        serving(config=written(tmp_path, USERS + headers)) as web,
        aiohttp.ClientSession(web.addresses[0]) as session,
    ):
        for method, path in ASKED:
            for wrong in ({}, {"Authorization": basic("alice", "wrong")}, {"Authorization": "Bearer x"}):
                async with session.request(method, path, headers=wrong) as answer:
                    body = b"Unauthorized.\n" if method == "HEAD" else await answer.read()
                    told = {name: value for name, value in answer.headers.items() if name != "Date"}
                    said.add((answer.status, body, *sorted(told.items())))
    assert said == {
        (401, b"Unauthorized.\n", ("Content-Length", "14"), ("Content-Type", "text/plain; charset=utf-8"),
         ("WWW-Authenticate", 'Basic, charset="UTF-8"'))
    }  # fmt: skip


async def test_what_is_not_http_learns_no_version(tmp_path: Path):
    async with serving(config=written(tmp_path, USERS)) as web:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(web.addresses[0].rpartition(":")[2]))
        writer.write(b"BOGUS\r\n\r\n")
        answer = await reader.read()
        writer.close()
    assert answer.startswith(b"HTTP/1.0 400 ")
    assert not any(word in answer.lower() for word in (b"python", b"aiohttp", b"aom"))


async def test_what_is_expected_in_vain_learns_nothing_either(tmp_path: Path):
    said = set()
    async with (
        serving(config=written(tmp_path, USERS)) as web,
        aiohttp.ClientSession(web.addresses[0]) as session,
    ):
        for path in ("/metrics", "/-/reload", "/nothing"):
            for method in ("GET", "POST"):
                async with session.request(method, path, headers={"Expect": "more"}) as answer:
                    told = {name: value for name, value in answer.headers.items() if name != "Date"}
                    said.add((answer.status, await answer.text(), *sorted(told.items())))
    assert said == {
        (417, "Unknown Expect: more", ("Content-Length", "20"), ("Content-Type", "text/plain; charset=utf-8"))
    }


async def test_who_is_known_gets_everything_in_the_headers_of_the_file(tmp_path: Path):
    headers = (
        "http_server_config:\n  headers:\n    X-Frame-Options: deny\n    Content-Security-Policy: default-src 'self'\n"
    )
    async with (
        serving(config=written(tmp_path, USERS + headers)) as web,
        aiohttp.ClientSession(web.addresses[0]) as session,
    ):
        for path, wanted in (("/metrics", 200), ("/", 200), ("/-/healthy", 200), ("/-/ready", 200), ("/nothing", 404)):
            async with session.get(path, headers=KNOWN) as answer:
                assert answer.status == wanted
                assert answer.headers["X-Frame-Options"] == "deny"
                assert answer.headers.getall("Content-Security-Policy") == ["default-src 'self'"]
                assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("server", "client", "works"),
    [
        ("", "TLSv1_2", 1),
        ("", "TLSv1_3", 1),
        ("  min_version: TLS13\n", "TLSv1_2", 0),
        ("  min_version: TLS13\n", "TLSv1_3", 1),
        ("  max_version: TLS12\n", "TLSv1_3", 0),
    ],
)
async def test_tls_is_spoken_in_the_versions_of_the_file(
    tmp_path: Path, authority: Authority, server: str, client: str, works: int
):
    context = authority.client()
    context.minimum_version = context.maximum_version = ssl.TLSVersion[client]
    async with serving(config=written(tmp_path, TLS + server)) as web:
        assert web.addresses[0].startswith("https://127.0.0.1:")
        if works:
            assert await status(web.addresses[0], context=context) == 200
        else:
            with pytest.raises(aiohttp.ClientError):
                await status(web.addresses[0], context=context)


async def test_a_client_has_to_show_a_certificate_of_the_authority_with_a_name_that_is_allowed(
    tmp_path: Path, authority: Authority
):
    clients, strangers = Authority(tmp_path, "clients"), Authority(tmp_path, "strangers")
    named, six, other = (
        clients.sign(name, sans) for name, sans in (("named", "DNS:prometheus"), ("six", "IP:::1"), ("other", "DNS:x"))
    )
    allowed = "  client_allowed_sans: [prometheus, '::1']\n"
    async with serving(config=written(tmp_path, TLS + CLIENTS + allowed)) as web:
        address = web.addresses[0]
        assert await status(address, context=authority.client(*named)) == 200
        assert await status(address, context=authority.client(*six)) == 200
        assert await status(address, context=authority.client(*other)) == 403
        for stranger in (authority.client(), authority.client(*strangers.sign("prometheus", "DNS:prometheus"))):
            with pytest.raises(aiohttp.ClientError):
                await status(address, context=stranger)


async def test_a_changed_user_holds_for_the_next_request_of_an_open_connection(tmp_path: Path):
    async with serving(config=written(tmp_path, USERS)) as web, aiohttp.ClientSession(web.addresses[0]) as session:
        async with session.get("/metrics", headers=KNOWN) as answer:
            assert answer.status == 200
        assert not await web.refresh(), "nothing changed yet"
        written(tmp_path, USERS.replace(HASH, OTHER))
        assert await web.refresh()
        async with session.get("/metrics", headers=KNOWN) as answer:
            assert answer.status == 401, "what was remembered is forgotten"
        async with session.get("/metrics", headers={"Authorization": basic("alice", "other")}) as answer:
            assert answer.status == 200


async def test_links_that_are_turned_elsewhere_at_once_are_a_change(tmp_path: Path):
    """As Kubernetes does it: file → ..data/file, ..data → a folder of that moment."""
    for name, known in (("one", HASH), ("two", OTHER)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "web.yml").write_text(USERS.replace(HASH, known), "utf-8")
    (tmp_path / "..data").symlink_to("one")
    (tmp_path / "web.yml").symlink_to("..data/web.yml")
    async with serving(config=tmp_path / "web.yml") as web:
        assert await status(web.addresses[0], KNOWN) == 200
        (tmp_path / "..tmp").symlink_to("two")
        (tmp_path / "..tmp").replace(tmp_path / "..data")
        assert await web.refresh()
        assert await status(web.addresses[0], KNOWN) == 401


async def test_of_several_authorizations_the_first_holds_as_with_the_exporter_toolkit(tmp_path: Path):
    right, wrong = (("Authorization", basic("alice", password)) for password in ("right", "wrong"))
    async with serving(config=written(tmp_path, USERS)) as web:
        assert await status(web.addresses[0], CIMultiDict([right, wrong])) == 200
        assert await status(web.addresses[0], CIMultiDict([wrong, right])) == 401


async def test_a_renewed_certificate_is_shown_to_new_connections_and_nobody_is_turned_away(
    tmp_path: Path, authority: Authority
):
    async with serving(config=written(tmp_path, TLS)) as web:
        address, old = web.addresses[0], authority.client()
        asked: list[int] = []
        both = authority.client()
        renewed = Authority(tmp_path, "renewed")
        both.load_verify_locations(renewed.cert)

        async def ask() -> None:
            while True:
                asked.append(await status(address, context=both))

        asking = [asyncio.create_task(ask()) for _ in range(4)]
        async with aiohttp.ClientSession(address) as session:
            async with session.get("/metrics", ssl=old) as answer:
                assert answer.status == 200
            for _ in range(5):
                renewed.sign("server", "IP:127.0.0.1")
                assert await web.refresh()
            async with session.get("/metrics", ssl=old) as answer:
                assert answer.status == 200, "an open connection stays as it is"
        with pytest.raises(aiohttp.ClientError):
            await status(address, context=old)
        assert await status(address, context=renewed.client()) == 200
        assert not any(task.done() for task in asking)
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        assert set(asked) == {200}
        assert web.addresses == [address]


async def test_encryption_can_be_turned_on_and_off(tmp_path: Path, authority: Authority):
    async with serving(config=written(tmp_path, "")) as web:
        plain = web.addresses[0]
        assert await status(plain) == 200
        written(tmp_path, TLS)
        assert await web.refresh()
        assert web.addresses == [plain.replace("http:", "https:")]
        assert await status(web.addresses[0], context=authority.client()) == 200
        await web.configure(None)
        assert web.addresses == [plain]
        assert await status(plain) == 200


async def test_a_bad_change_is_said_once_and_what_held_before_holds_on(tmp_path: Path, authority: Authority):
    async with serving(config=written(tmp_path, TLS + USERS)) as web:
        context = authority.client()
        (tmp_path / "server.key").write_text("half of a k", "utf-8")
        with pytest.raises(ConfigError, match=r"web\.yml:2: tls_server_config: cert_file, key_file"):
            await web.refresh()
        assert not await web.refresh(), "said once"
        assert await status(web.addresses[0], KNOWN, context) == 200
        assert await status(web.addresses[0], None, context) == 401
        (tmp_path / "web.yml").unlink()
        with pytest.raises(ConfigError, match="cannot be read"):
            await web.refresh()
        with pytest.raises(ConfigError, match="cannot be read"):
            await web.configure(tmp_path / "absent.yml")
        assert await status(web.addresses[0], None, context) == 401
        authority.sign("server", "IP:127.0.0.1")
        written(tmp_path, TLS)
        assert await web.refresh()
        assert await status(web.addresses[0], None, context) == 200


async def test_what_was_bad_is_taken_once_a_file_that_it_names_is_there(tmp_path: Path, authority: Authority):
    async with serving(config=written(tmp_path, "")) as web:
        (tmp_path / "server.key").rename(tmp_path / "later.key")
        written(tmp_path, TLS)
        with pytest.raises(ConfigError, match=r"server\.key cannot be read"):
            await web.refresh()
        assert not await web.refresh(), "said once"
        (tmp_path / "server.pem").unlink()
        with pytest.raises(ConfigError, match=r"server\.pem cannot be read"):
            await web.refresh()
        authority.sign("server", "IP:127.0.0.1")
        assert await web.refresh()
        assert not await web.refresh()
        assert await status(web.addresses[0], context=authority.client()) == 200


async def test_another_file_holds_though_the_one_before_is_just_being_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    configured, real = threading.Event(), toolkit_file.read

    def slowly(path: Path) -> Toolkit:
        if path.name == "web.yml":
            configured.wait(0.3)  # in vain where changes take turns
        return real(path)

    other = tmp_path / "other.yml"
    other.write_text(USERS, "utf-8")
    async with serving(config=written(tmp_path, "")) as web:
        written(tmp_path, "http_server_config: {}\n")
        monkeypatch.setattr(toolkit_file, "read", slowly)
        refreshing = asyncio.create_task(web.refresh())
        await asyncio.sleep(0)
        await web.configure(other)
        configured.set()
        assert await refreshing
        assert await status(web.addresses[0]) == 401


async def test_a_bad_file_at_the_start_keeps_the_server_shut(tmp_path: Path):
    with pytest.raises(ConfigError):
        async with serving(config=written(tmp_path, "basic_auth_users: [x]")):
            pass
