"""Answers that are none, and ways that break: what fails about a request, on real HTTP."""

import gzip
import socket
import struct
from contextlib import suppress
from typing import TypeGuard

from aiohttp import web

from collector.simulator import refusal
from collector.simulator.trouble import WAY, Kind, Trouble, Turn

GOOD = 200
BLANKS = b" " * 65_536
PAGE = "<!DOCTYPE html>\n<html><head><title>{0}</title></head><body><h1>{0}</h1><p>Synthetic.</p></body></html>\n"


def fail(turn: Turn, trouble: Trouble) -> None:
    """Refuse where it is the service or its gateway that fails: raises `Refusal`."""
    match turn.failure:
        case Kind.UNAUTHORIZED:
            refused = refusal.bad_token()
        case Kind.THROTTLED:
            says = f"The throttling threshold has been reached: policy user over ratelimit,{trouble.limit}"
            refused = refusal.gateway(429, "APIGW.0308", says)
            if turn.chance(Kind.THROTTLED).random() < 0.5:  # noqa: PLR2004  a fair coin
                refused.headers["Retry-After"] = str(trouble.retry_after)
        case Kind.SERVER_ERROR:
            body = {"error_code": "AOM.31001405", "error_msg": "execution internal server error.", "http_code": 500}
            refused = refusal.Refusal(500, body)
        case _:
            return
    trouble.occurred[turn.failure] += 1
    raise refused


def replaced(response: web.Response, turn: Turn, trouble: Trouble) -> web.Response:
    """The answer, or what stands in its place."""
    match turn.failure:
        case Kind.BAD_GATEWAY:
            other = web.Response(status=502, text=PAGE.format("502 Bad Gateway"), content_type="text/html")
        case Kind.LOGIN_PAGE:
            other = web.Response(text=PAGE.format("Sign in"), content_type="text/html")
        case Kind.ERROR_OBJECT:
            text = '{"error_code":"AOM.31001405","error_msg":"execution internal server error.","http_code":500}'
            other = web.Response(text=text, content_type="application/json")
        case Kind.CUT_JSON:
            text = response.text or ""
            end = turn.chance(Kind.CUT_JSON).randint(1, len(text) - 1)
            other = web.Response(text=text[:end], content_type="application/json")
        case _:
            return response
    trouble.occurred[turn.failure] += 1
    return other


def breaks(response: web.StreamResponse, turn: Turn, *, zipped: bool) -> TypeGuard[web.Response]:
    """Whether the way breaks for a good answer; `zipped`: whether it is to be compressed."""
    if response.status != GOOD or not isinstance(response, web.Response) or turn.failure not in WAY:
        return False
    return zipped or turn.failure is not Kind.CUT_GZIP


async def send(
    request: web.Request, response: web.Response, turn: Turn, trouble: Trouble, *, zipped: bool
) -> web.StreamResponse:
    """Send an answer on a way that breaks; for one with all its headers, not compressed yet.

    Returns what was sent so far, for aiohttp to come to an end with.
    """
    failure = turn.failure
    if failure is None:
        return response
    trouble.occurred[failure] += 1
    chance = turn.chance(failure)
    if failure is Kind.SLOW:
        await trouble.wait(trouble.slow)
    if failure is Kind.LOST:
        _hang_up(request, gently=chance.random() < 0.5)  # noqa: PLR2004  a fair coin
        return response
    if failure is Kind.HUGE:
        return await _huge(request, response, trouble, zipped=zipped)
    body = response.body if isinstance(response.body, bytes) else b""
    headers = response.headers.copy()
    if zipped:
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, mtime=0)
    if failure is Kind.CUT_GZIP:
        body = body[: chance.randint(10, len(body) - 1)]
    headers["Content-Length"] = str(len(body))
    stream = web.StreamResponse(status=response.status, headers=headers)
    try:
        await stream.prepare(request)
        if failure is Kind.TORN:
            await stream.write(body[: chance.randint(0, len(body) - 1)])
            _hang_up(request, gently=True)  # what was sent before arrives
            return stream
        if failure is Kind.TRICKLING:
            body = await _trickled(stream, body, trouble)
        await stream.write(body)
    except ConnectionError:
        pass  # whoever asked had enough of it, which is not ours to tell
    return stream


async def _trickled(stream: web.StreamResponse, body: bytes, trouble: Trouble) -> bytes:
    """Send byte by byte; what remains once all trouble is over."""
    sent = 0
    while sent < len(body) and not trouble.over:
        await stream.write(body[sent : sent + 1])
        await trouble.wait(trouble.pause)
        sent += 1
    return body[sent:]


async def _huge(request: web.Request, response: web.Response, trouble: Trouble, *, zipped: bool) -> web.StreamResponse:
    """The answer after so many blanks: good JSON for whoever takes that much."""
    stream = web.StreamResponse(status=response.status, headers=response.headers.copy())
    stream.headers.pop("Content-Length", None)
    if zipped:
        stream.enable_compression(web.ContentCoding.gzip)
    body = response.body if isinstance(response.body, bytes) else b""
    try:
        await stream.prepare(request)
        for _ in range((trouble.huge - len(body)) // len(BLANKS) + 1):
            await stream.write(BLANKS)
        await stream.write(body)
    except ConnectionError:
        pass  # whoever asked had enough of it
    return stream


def _hang_up(request: web.Request, *, gently: bool) -> None:
    transport = request.transport
    if transport is None:
        return
    if gently:
        transport.close()
    else:
        # Without this the connection ends as gently as by `close`; with it, by a reset.
        with suppress(OSError):  # gone already
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
