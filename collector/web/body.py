"""A page on its way out: a sequence of pieces, put together and compressed bit by bit, never in one go."""

import asyncio
import zlib
from collections.abc import Iterable, Iterator
from itertools import islice

SLICE = 256 * 1024
_PRESSED_AT_ONCE = 1024 * 1024
_COUNTED_AT_ONCE = 20_000
_LEVEL = 1
_GZIP = 31


async def length(pieces: Iterable[bytes]) -> int:
    """How many bytes the pieces are together; others have their turn while very many are counted."""
    total, rest = 0, iter(pieces)
    while some := list(islice(rest, _COUNTED_AT_ONCE)):
        total += sum(map(len, some))
        await asyncio.sleep(0)
    return total


def slices(pieces: Iterable[bytes], size: int = SLICE) -> Iterator[bytes]:
    """The pieces put together to slices of `size` bytes, of which the last may be shorter."""
    held: list[bytes] = []
    room = size
    for piece in pieces:
        if len(piece) < room:
            held.append(piece)
            room -= len(piece)
            continue
        yield b"".join((*held, piece[:room]))
        start = room
        while len(piece) - start >= size:
            yield piece[start : start + size]
            start += size
        held, room = [piece[start:]], size - len(piece) + start
    if last := b"".join(held):
        yield last


async def pressed(pieces: Iterable[bytes]) -> list[bytes]:
    """The pieces as one gzip member; the work is done in a thread, so that nobody waits for it but who asked."""
    press = zlib.compressobj(_LEVEL, wbits=_GZIP)
    rest = slices(pieces, _PRESSED_AT_ONCE)
    made: list[bytes] = []

    def press_next() -> bool:
        part = next(rest, None)
        made.append(press.flush() if part is None else press.compress(part))
        return part is not None

    while await asyncio.to_thread(press_next):
        pass
    return made
