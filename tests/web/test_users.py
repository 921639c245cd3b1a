"""A password is checked with bcrypt, off the event loop and one at a time; a right one only once."""

import asyncio
import base64
import threading

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.web.users import MOST_WAITING, Crowded, Users, marked

LONG = "p" * 72
HASHES = {
    name: bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost))
    for name, password, cost in (("alice", "right", 4), ("夜班", "密码", 4), ("long", LONG, 5))
}


def basic(name: str, password: str, scheme: str = "Basic") -> str:
    return f"{scheme} {base64.b64encode(f'{name}:{password}'.encode()).decode()}"


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The hashes that bcrypt was asked about."""
    asked, real = [], bcrypt.checkpw

    def counted(password: bytes, known: bytes) -> bool:
        asked.append(known)
        return real(password, known)

    monkeypatch.setattr(bcrypt, "checkpw", counted)
    return asked


@pytest.mark.parametrize(
    ("header", "admitted"),
    [
        (basic("alice", "right"), 1),
        (basic("alice", "right", "bAsIc"), 1),
        (basic("夜班", "密码"), 1),
        (basic("long", LONG), 1),
        (basic("long", LONG + "p"), 0),
        (basic("long", LONG + "p" * 10_000), 0),
        (basic("alice", "wrong"), 0),
        (basic("alice", ""), 0),
        (basic("alice", "right\0more"), 0),
        (basic("Alice", "right"), 0),
        (basic("nobody", "right"), 0),
        (basic("", ""), 0),
        (basic("alice", "right", "Bearer"), 0),
        ("Basic " + base64.b64encode(b"alice").decode(), 0),
        ("Basic not-base64!", 0),
        ("Basic", 0),
        ("", 0),
        (None, 0),
    ],
)
async def test_who_has_the_password_comes_in_and_nobody_else(header: str | None, admitted: int):
    users = Users(HASHES)
    assert [await users.admit(header) for _ in range(2)] == [admitted, admitted]


async def test_without_users_everybody_comes_in():
    assert await Users({}).admit(None)


async def test_a_right_password_is_checked_once_and_a_wrong_one_every_time(checks: list[bytes]):
    users = Users(HASHES)
    for _ in range(3):
        await asyncio.gather(*(users.admit(basic("alice", "right")) for _ in range(5)))
    assert checks == [HASHES["alice"]]
    for _ in range(3):
        await users.admit(basic("alice", "wrong"))
    assert checks == [HASHES["alice"]] * 4


async def test_a_name_that_nobody_has_costs_as_much_as_the_dearest_password(checks: list[bytes]):
    await Users(HASHES).admit(basic("nobody", "right"))
    assert [(known[:7], known in HASHES.values()) for known in checks] == [(b"$2b$05$", False)]


async def test_a_check_does_not_hold_the_loop(monkeypatch: pytest.MonkeyPatch):
    begun, let_go = threading.Event(), threading.Event()

    def slow(*_: bytes) -> bool:
        begun.set()
        return let_go.wait(20)

    monkeypatch.setattr(bcrypt, "checkpw", slow)
    checking = asyncio.create_task(Users(HASHES).admit(basic("alice", "right")))
    assert await asyncio.to_thread(begun.wait, 20)
    let_go.set()  # only a loop that turns comes here
    assert await checking


async def test_guessers_crowd_each_other_out_and_not_who_is_known(monkeypatch: pytest.MonkeyPatch):
    users, let_go, real = Users(HASHES), threading.Event(), bcrypt.checkpw
    assert await users.admit(basic("alice", "right"))

    def slow(password: bytes, known: bytes) -> bool:
        assert let_go.wait(20)
        return real(password, known)

    monkeypatch.setattr(bcrypt, "checkpw", slow)
    guesses = [asyncio.create_task(users.admit(basic("alice", f"guess {i}"))) for i in range(MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Crowded):
        await users.admit(basic("alice", "one guess more"))
    assert await users.admit(basic("alice", "right"))
    let_go.set()
    assert not any(await asyncio.gather(*guesses))
    assert not await users.admit(basic("alice", "one guess more"))


@given(st.lists(st.binary(max_size=4), min_size=3, max_size=3), st.lists(st.binary(max_size=4), min_size=3, max_size=3))
def test_what_was_right_for_one_is_so_for_no_other(one: list[bytes], other: list[bytes]):
    """However name, hash and password are cut, they are remembered apart, and in another process otherwise."""
    assert (marked(b"key", *one) == marked(b"key", *other)) == (one == other)
    assert marked(b"key", *one) != marked(b"other", *one)
