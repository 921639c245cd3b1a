"""An answer's body: read as it comes, inflated only if it is whole, and never past a limit.

Pure but for the stream.
"""

import zlib
from collections.abc import AsyncIterator

from collector.errors import Reason, Unreadable

STEP = 1 << 16


async def collect(chunks: AsyncIterator[bytes], *, limit: int) -> bytes:
    """The body as it comes. Raises `Unreadable` past `limit` bytes."""
    parts, size = [], 0
    async for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise _oversize(limit)
        parts.append(chunk)
    return b"".join(parts)


def inflate(body: bytes, encoding: str, *, limit: int) -> bytes:
    """The body behind its encoding. Raises `Unreadable` past `limit` bytes, or where the stream is not whole."""
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip"):
        says = f"it is encoded as {encoding[:20]!r}, which was not asked for"
        raise Unreadable(says, reason=Reason.ANSWER)
    stream = zlib.decompressobj(31)
    parts, size, rest = [], 0, body
    try:
        while rest and not stream.eof:
            part = stream.decompress(rest, STEP)
            rest = stream.unconsumed_tail
            size += len(part)
            if size > limit:
                raise _oversize(limit)
            parts.append(part)
            if not part and not rest and not stream.eof:
                break
    except zlib.error:
        raise _broken() from None
    if not stream.eof or stream.unused_data:
        raise _broken()
    return b"".join(parts)


def _oversize(limit: int) -> Unreadable:
    says = f"it is larger than {limit} bytes; raise max_response_bytes if that is right"
    return Unreadable(says, reason=Reason.OVERSIZE)


def _broken() -> Unreadable:
    return Unreadable("its compressed body is cut off or damaged", reason=Reason.ANSWER)
