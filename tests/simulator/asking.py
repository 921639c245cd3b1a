"""Somebody who asks a simulator, over real HTTP."""

import json
from contextlib import asynccontextmanager

import aiohttp
from yarl import URL

from collector.simulator import Key, Simulator

START = 1_700_000_000_000
PROJECT = "0123456789abcdef0123456789abcdef"
TOKEN = "synthetic-token"
ACCESS_KEY = "SYNTHETICPERMANENT00"
TEMPORARY = "SYNTHETICTEMPORARY00"
KEYS = {
    ACCESS_KEY: Key("synthetic-secret"),
    TEMPORARY: Key("synthetic-secret-for-now", "synthetic-security-token"),
}
USERS = {"operator": "synthetic-password"}
CMS = f"/v1/{PROJECT}/cms"
EXECUTIONS = CMS + "/workflow/{}/executions"
SORTED = {"sort_field": "last_execution_start_time", "sort_type": "DESC"}


class Hand:
    """Somebody who asks the simulator, and the clock they share."""

    def __init__(self, told, **more):
        self.now = START + 60_000
        known = {"token": TOKEN, "project_id": PROJECT, "users": USERS, "keys": KEYS} | more
        self.simulator = Simulator(told, clock=lambda: self.now, **known)

    async def ask(self, method, path, *, token=TOKEN, body=None, headers=()):
        own = {"X-Auth-Token": token} if token else {}
        async with self.session.request(
            method, self.simulator.url + path, json=body, headers=own | dict(headers)
        ) as response:
            return response, await response.read()

    async def json(self, method, path, **how):
        response, body = await self.ask(method, path, **how)
        return response.status, json.loads(body)

    async def sign_in(self, password="synthetic-password", query="", account="synthetic", **scope):
        user = {"name": "operator", "password": password, "domain": {"name": account}}
        identity = {"methods": ["password"], "password": {"user": user}}
        body = {"auth": {"identity": identity, "scope": {"project": scope or {"name": "cn-north-4"}}}}
        response, answer = await self.ask("POST", f"/v3/auth/tokens{query}", token="", body=body)
        return response.status, response.headers.get("X-Subject-Token"), json.loads(answer)

    async def send(self, method, target, headers, body=b""):
        """A request just as it is given, whatever is in it; answers with status and JSON."""
        url = URL(self.simulator.url + target, encoded=True)
        async with self.session.request(method, url, data=body, headers=headers) as response:
            return response.status, await response.json()


@asynccontextmanager
async def serving(told, host="127.0.0.1", **more):
    hand = Hand(told, **more)
    await hand.simulator.start(host)
    try:
        async with aiohttp.ClientSession(
            auto_decompress=False, skip_auto_headers=["Accept-Encoding"], max_field_size=65_536
        ) as hand.session:
            yield hand
    finally:
        await hand.simulator.close()
