"""An answer's body: read as it comes, inflated only if it is whole, and never past a limit.

Pure but for the stream.
"""

import json
import zlib
from collections.abc import AsyncIterator, Mapping

from collector.errors import Reason, Unreadable

STEP = 1 << 16
BRIEF = 1 << 20


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
    # The stream tells its length at its end. What is too long is only counted, so that it costs no memory; what grows
    # longer than it tells is broken.
    told = int.from_bytes(body[-4:], "little")
    kept = told <= limit
    stream = zlib.decompressobj(31)
    parts, size, rest = [], 0, body
    try:
        while rest and not stream.eof:
            part = stream.decompress(rest, STEP)
            rest = stream.unconsumed_tail
            size += len(part)
            if size > limit:
                raise _oversize(limit)
            if kept:
                parts.append(part)
            if kept and size > told:
                raise _broken()
            if not part and not rest and not stream.eof:
                break
    except zlib.error:
        raise _broken() from None
    if not stream.eof or stream.unused_data:
        raise _broken()
    return b"".join(parts)


def briefly(body: bytes, encoding: str) -> bytes:
    """A short body behind its encoding, empty where it is long or broken: what an error says is never long."""
    try:
        return inflate(body, encoding, limit=BRIEF)
    except Unreadable:
        return b""


def json_object(body: bytes, encoding: str) -> Mapping[str, object]:
    """A short JSON object. Raises `Unreadable` for anything else."""
    try:
        found = json.loads(inflate(body, encoding, limit=BRIEF))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        says = "its answer is no JSON object"
        raise Unreadable(says, reason=Reason.ANSWER)
    return found


def _oversize(limit: int) -> Unreadable:
    says = f"it is larger than {limit} bytes; raise max_response_bytes if that is right"
    return Unreadable(says, reason=Reason.OVERSIZE)


def _broken() -> Unreadable:
    return Unreadable("its compressed body is cut off or damaged", reason=Reason.ANSWER)
