"""Whether a user may come in: bcrypt off the event loop, one check at a time, and a right one is remembered."""

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping

import bcrypt

MOST_WAITING = 40
LONGEST = 72
"""Bytes of a password that bcrypt can tell apart from others; it takes no more."""
_NOBODY = b"$2b$10$" + b"." * 53
"""A hash that no password has."""


class Crowded(Exception):
    """Too many wait for their password to be checked."""


class Users:
    """Users by name with their bcrypt hashes. A password that was right once is not checked with bcrypt again."""

    def __init__(self, hashes: Mapping[str, bytes]) -> None:
        self._hashes = {name.encode(): known for name, known in hashes.items()}
        # As dear as the dearest of theirs, so that a wrong name takes as long as a wrong password.
        dearest = max(self._hashes.values(), key=lambda known: known[4:6], default=_NOBODY)
        self._nobody = dearest[:7] + _NOBODY[7:]
        self._key = secrets.token_bytes(32)
        self._right: set[bytes] = set()
        self._checking = asyncio.Lock()
        self._waiting = 0

    async def admit(self, authorization: str | None) -> bool:
        """Whether a request with this `Authorization` may come in. Raises `Crowded`."""
        if not self._hashes:
            return True
        told = _told(authorization)
        if told is None:
            return False
        name, password = told
        known = self._hashes.get(name, self._nobody)
        mark = marked(self._key, name, known, password)
        if mark in self._right:
            return True
        if self._waiting >= MOST_WAITING:
            raise Crowded
        self._waiting += 1
        try:
            async with self._checking:
                if mark not in self._right and await asyncio.to_thread(_right, password, known):
                    self._right.add(mark)
        finally:
            self._waiting -= 1
        return mark in self._right


def marked(key: bytes, *parts: bytes) -> bytes:
    """Tells what was right from all else, and nobody anything: each part with its length, under a secret key."""
    framed = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    return hmac.digest(key, framed, hashlib.sha256)


def _right(password: bytes, known: bytes) -> bool:
    right = bcrypt.checkpw(password[:LONGEST], known)
    return right and len(password) <= LONGEST


def _told(authorization: str | None) -> tuple[bytes, bytes] | None:
    """The user and password of a header, None where it tells none."""
    scheme, _, told = (authorization or "").partition(" ")
    try:
        name, colon, password = base64.b64decode(told.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return (name, password) if colon and scheme.lower() == "basic" else None
