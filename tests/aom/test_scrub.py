"""What a service quotes of a credential is seen by nobody, however it is written and wherever it is cut."""

import string

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from collector.aom import Exchange, Redactor
from collector.aom.endpoints import LIST_EXECUTIONS, Request
from collector.aom.scrub import INSTEAD, Scrub
from collector.config import Secret
from collector.errors import SourceError
from tests.aom.speaking import client, served
from tests.flow.echoing import SHAPES, sent
from tests.flow.marks import FORMS, Marks, mark, written

ODD = '/+"\\<&密%='
SECRETS = st.text(st.sampled_from(string.ascii_letters + string.digits + ODD), min_size=16, max_size=80)
AROUND = st.text(st.sampled_from("abc XYZ.,:\n密"), max_size=40)
WAITING = ("inner sentence", "page", "waiting")
TOKEN = mark("token", 2000)
KEYS = {"access_key": mark("access key", 20), "secret_key": mark("secret key"), "security_token": mark("lent", 900)}
CREDENTIALS = {
    "token": f'token = "{TOKEN}"',
    "keys": "\n".join(f'{name} = "{secret}"' for name, secret in KEYS.items()),
}


def marks(*secrets: str) -> Marks:
    made = Marks()
    for number, secret in enumerate(secrets):
        made.add(str(number), secret)
    return made


@given(SECRETS, st.sampled_from(FORMS), AROUND, AROUND, st.integers(0, 60))
def test_no_form_of_a_secret_stays_and_no_part_of_one(secret: str, form: str, before: str, after: str, cut: int):
    text = (before + written(secret, form) + after)[cut:]
    assert marks(secret).found(Scrub(secret)(text)) == set()
    assert marks(secret).found(Scrub(secret)(text[: len(text) - cut])) == set()


@given(SECRETS, st.lists(AROUND, max_size=3))
def test_what_is_no_secret_stays_as_it_was(secret: str, around: list[str]):
    text = secret.join(around)
    assert Scrub(secret)(text) == INSTEAD.join(around) or "" in around
    assert Scrub(secret)(" ".join(around)) == " ".join(around)
    assert Scrub("")(text) == text


def test_a_short_secret_is_taken_out_whole_and_the_words_around_it_stay():
    assert Scrub("xY7", "")("the key xY7 is wrong") == f"the key {INSTEAD} is wrong"
    assert Scrub("hunter2")("aHVudGVyMg== and 68756E74657232") == f"{INSTEAD}g== and {INSTEAD}"
    assert repr(Scrub("xY7")) == "<scrub>"


def test_eleven_characters_tell_nothing_and_twelve_do():
    secret = mark("eleven")
    assert Scrub(secret)(f"<{secret[3:14]}>") == f"<{secret[3:14]}>"
    assert Scrub(secret)(f"<{secret[3:15]}>") == f"<{INSTEAD}>"
    assert Scrub(secret)(f"{secret}{secret[5:]}.") == f"{INSTEAD}."


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape not in WAITING])
async def test_a_service_that_quotes_what_it_was_sent_is_not_quoted(shape: str):
    known, told = marks(TOKEN, *KEYS.values()), []

    async def answer(request: web.Request) -> web.Response:
        for kind, secret in (await sent(request)).items():
            if kind == "signature" and secret:
                known.add(kind, secret)
        secrets = [secret for secret in (await sent(request)).values() if secret]
        return SHAPES[shape](written(secrets[len(told) // len(FORMS) % len(secrets)], FORMS[len(told) % len(FORMS)]))

    async with served(answer) as endpoint:
        for credential in CREDENTIALS.values():
            async with client(endpoint, credential) as aom:
                for _ in range(3 * len(FORMS)):
                    try:
                        found = await aom.history("wf-1", known=b"")
                        told.append(" ".join(found.words))
                    except SourceError as error:
                        told.append(str(error))
    assert len(told) == 6 * len(FORMS)
    assert known.found("\n".join(told)) == set()


async def test_what_a_proxy_quotes_of_its_own_password_is_not_quoted():
    password = mark("way")

    async def answer(request: web.Request) -> web.Response:
        return SHAPES["sentence"](f"{request.headers['Proxy-Authorization']} {password}")

    async with served(answer) as endpoint:
        proxy = Secret(endpoint.replace("//", f"//someone:{password}@"))
        async with client("http://aom.invalid", proxy=proxy) as aom:
            with pytest.raises(SourceError, match="no permission for Basic <secret>") as caught:
                await aom.history("wf-1", known=b"")
    assert marks(password).found(str(caught.value)) == set()


@pytest.mark.parametrize(
    "address", ["http://someone:{}/x@host:80", "http://someone:pw@host:{}", "socks5://u:{}@h", "{}"]
)
async def test_a_proxy_that_is_no_address_by_now_is_said_and_not_quoted(address: str):
    """Its file may have changed since it was checked."""
    password = mark("way")
    proxy = Secret(address.format(password))
    async with client("http://aom.invalid", proxy=proxy) as aom:
        with pytest.raises(SourceError, match="proxy is not the http or https address of a proxy") as caught:
            await aom.history("wf-1", known=b"")
        with pytest.raises(SourceError, match="proxy is not the http or https address of a proxy"):
            aom.peer()
    assert marks(password).found(str(caught.value) + repr(caught.value.__context__)) == set()


async def test_a_proxy_of_the_environment_that_is_no_address_is_said_and_not_quoted(monkeypatch: pytest.MonkeyPatch):
    password = mark("way")
    monkeypatch.setenv("http_proxy", f"http://someone:{password}/x@host:80")
    async with client("http://aom.invalid") as aom:
        with pytest.raises(SourceError, match="http_proxy is not the http or https address of a proxy") as caught:
            await aom.history("wf-1", known=b"")
    assert marks(password).found(str(caught.value)) == set()


@pytest.mark.parametrize("form", FORMS)
def test_a_recording_holds_nothing_that_the_service_quoted(form: str):
    secret = mark("token", 60)
    word = written(secret, form)
    body = {
        "error_code": word[:64],
        "error_msg": word,
        "status": word,
        "execution_id": word[:64],
        "end_time": word[:40],
    }
    exchange = Exchange(
        request=Request(operation=LIST_EXECUTIONS, ids={"workflow_id": "wf-1"}),
        status=403,
        headers={"Retry-After": word[:40], "Content-Type": word[:60], "Date": word[:40]},
        raw=web.json_response([body, *body.items()]).body,
        encoding="",
        scrub=Scrub(secret),
    )
    entry = Redactor().entry(exchange)
    assert marks(secret).found(str(entry)) == set()
