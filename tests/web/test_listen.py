import socket

import aiohttp
import pytest

from collector.errors import ListenError
from collector.web.listen import bind, urls
from tests.web.served import serving

IPV6 = socket.has_dualstack_ipv6()


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock.getsockname()[1]


async def test_a_port_in_use_is_said_in_one_sentence(taken):
    with pytest.raises(ListenError) as refused:
        async with serving(listen=f"127.0.0.1:{taken}"):
            pass
    assert str(refused.value) == f"cannot listen on 127.0.0.1:{taken}: port in use by another program"


def test_a_port_in_use_on_one_family_alone_is_refused_for_all_addresses(taken):
    with pytest.raises(ListenError, match="port in use"):
        bind(f":{taken}")


@pytest.mark.skipif(not IPV6, reason="this machine has no IPv6")
def test_a_port_in_use_on_ipv6_alone_does_not_leave_half_a_server():
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as sock, pytest.raises(ListenError, match="port in"):
        bind(f":{sock.getsockname()[1]}")


@pytest.mark.parametrize(
    ("listen", "why"),
    [
        ("192.0.2.1:0", "this machine does not have the address"),
        ("no-such-host.invalid:0", "the host name cannot be resolved"),
        (f"{'x' * 70}.invalid:0", "the host name cannot be resolved"),
    ],
)
def test_an_address_that_cannot_be_had_is_said_in_one_sentence(listen, why):
    with pytest.raises(ListenError) as refused:
        bind(listen)
    assert str(refused.value) == f"cannot listen on {listen}: {why}"


async def test_without_a_host_it_listens_on_both_families():
    async with serving(listen=":0") as web:
        wanted = ["http://127.0.0.1", "http://[::1]"] if IPV6 else ["http://127.0.0.1"]
        assert [address.rpartition(":")[0] for address in web.addresses] == wanted
        assert len({address.rpartition(":")[2] for address in web.addresses}) == 1
        async with aiohttp.ClientSession() as session:
            for address in web.addresses:
                async with session.get(f"{address}/-/healthy") as answer:
                    assert answer.status == 200


@pytest.mark.skipif(not IPV6, reason="this machine has no IPv6")
async def test_an_ipv6_address_is_written_in_brackets():
    async with serving(listen="[::1]:0") as web:
        assert [address.rpartition(":")[0] for address in web.addresses] == ["http://[::1]"]
        async with aiohttp.ClientSession() as session, session.get(web.addresses[0]) as answer:
            assert answer.status == 200


def test_every_address_of_a_name_has_the_same_port():
    sockets = bind("localhost:0")
    try:
        ports = {url.rpartition(":")[2] for sock in sockets for url in urls(sock)}
        assert len(ports) == 1
        assert "0" not in ports
    finally:
        for sock in sockets:
            sock.close()


async def test_after_closing_the_port_is_free_again():
    async with serving() as web:
        port = int(web.addresses[0].rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        pass
