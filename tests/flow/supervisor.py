"""The service manager's side of sd_notify(3): a datagram socket, and what was heard on it."""

import asyncio
import socket
from pathlib import Path
from typing import Self


class Manager(asyncio.DatagramProtocol):
    """`heard` has every message in order, as its lines by name."""

    def __init__(self, address: Path | str) -> None:
        self.address = str(address)
        self.heard: list[dict[str, str]] = []
        self._loop = asyncio.get_running_loop()
        self._waiting: set[asyncio.Future[None]] = set()

    async def __aenter__(self) -> Self:
        here = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        here.bind(self.address.replace("@", "\0", 1) if self.address.startswith("@") else self.address)
        self._transport, _ = await self._loop.create_datagram_endpoint(lambda: self, sock=here)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Be gone, and the socket with it."""
        self._transport.close()
        if not self.address.startswith("@"):
            Path(self.address).unlink(missing_ok=True)

    def datagram_received(self, data: bytes, _: object) -> None:
        self.heard.append(dict(line.split("=", 1) for line in data.decode().split("\n")))
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    def count(self, name: str) -> int:
        return sum(name in each for each in self.heard)

    async def hears(self, name: str, times: int = 1, *, within: float = 60.0) -> dict[str, str]:
        """Wait until a line of that name has come so often; the message it first came in."""
        try:
            async with asyncio.timeout(within):
                while self.count(name) < times:
                    future = self._loop.create_future()
                    self._waiting.add(future)
                    try:
                        await future
                    finally:
                        self._waiting.discard(future)
        except TimeoutError:
            raise AssertionError(f"{name} was not heard {times} times: {self.heard}") from None
        return next(each for each in self.heard if name in each)
