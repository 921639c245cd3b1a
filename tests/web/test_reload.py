"""`POST` and `PUT /-/reload`: for who may, and from no page of another site."""

import aiohttp
import pytest

from collector.errors import ConfigError, Fault, StateError
from tests.web.served import Handed, serving

BAD = ConfigError((Fault(path="project[0].interval", says="must be a duration"), Fault(path="line 3", says="no")))


async def asked(handed: Handed, method: str = "POST", **headers: str) -> tuple[int, str]:
    async with serving(handed) as web, aiohttp.ClientSession(web.addresses[0]) as session:
        sent = {name.replace("_", "-"): value.replace("SELF", web.addresses[0]) for name, value in headers.items()}
        async with session.request(method, "/-/reload", headers=sent) as answer:
            return answer.status, await answer.text()


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_it_reloads_and_says_what_changed(method: str):
    handed = Handed(changes="added workflow wf-2 of prod")
    assert await asked(handed, method) == (200, "Reloaded: added workflow wf-2 of prod.\n")
    assert handed.reloads == 1


async def test_where_it_is_off_it_says_so():
    assert await asked(Handed()) == (403, "Reloading over HTTP is off: set collector.lifecycle.\n")


async def test_a_bad_file_is_answered_with_its_faults():
    assert await asked(Handed(changes=BAD)) == (400, "project[0].interval: must be a duration\nline 3: no\n")


async def test_a_state_that_cannot_be_read_is_no_fault_of_who_asks():
    assert await asked(Handed(changes=StateError("state.db: cannot be read"))) == (503, "state.db: cannot be read\n")


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
async def test_other_methods_reload_nothing(method: str):
    handed = Handed(changes="x")
    assert (await asked(handed, method))[0] == 405
    assert handed.reloads == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": ""},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site", "Origin": "SELF"},
        {"Sec_Fetch_Site": "something new"},
    ],
)
async def test_a_page_of_another_site_reloads_nothing(headers: dict[str, str]):
    handed = Handed(changes="x")
    assert await asked(handed, **headers) == (403, "Another site asked for this, and may not.\n")
    assert handed.reloads == 0


@pytest.mark.parametrize("headers", [{}, {"Origin": "SELF"}, {"Sec_Fetch_Site": "same-origin", "Origin": "SELF"}])
async def test_a_page_of_ours_and_a_program_may(headers: dict[str, str]):
    assert (await asked(Handed(changes="x"), **headers))[0] == 200
