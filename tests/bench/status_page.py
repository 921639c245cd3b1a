"""Ten thousand workflows, whose page and JSON are asked for without a pause: is the loop held?

    python -m tests.bench.status_page [--workflows 10000] [--seconds 10] [--clients 4]

A task on the server's loop sleeps a millisecond again and again and notes by how much it wakes up too late, first with
nobody asking, then while clients in processes of their own ask for the page, a sorted page, a search, and the JSON.
Where the machine gives the time to others the process has none; so the loop was *held* no longer than the processor
time that the process used meanwhile. It holds where that is under 20 ms every time. The facts are synthetic.
"""

import asyncio
import json
import sys
import time
from argparse import ArgumentParser

from collector.cli.serve import keep_turns_short
from tests.web.served import Handed, serving
from tests.web.synthetic import facts, many

PATHS = ("/", "/?sort=-end&page=20", "/?q=backup+99", "/api/v1/workflows", "/api/v1/workflows?sort=name&page=7")
MOST = 0.020
NAP = 0.001
CLIENT = """
import sys, time, urllib.request
address, seconds, *paths = sys.argv[1:]
end, asked = time.monotonic() + float(seconds), 0
while time.monotonic() < end:
    with urllib.request.urlopen(address + paths[asked % len(paths)], timeout=60) as answer:
        answer.read()
    asked += 1
print(asked)
"""

Waking = tuple[float, float]
"""Seconds that a waking was late, and seconds of them that the loop was held."""


async def wake_up(wakings: list[Waking]) -> None:
    """Note how late each waking is, for ever."""
    while True:
        asleep, used = time.perf_counter(), time.process_time()
        await asyncio.sleep(NAP)
        late = time.perf_counter() - asleep - NAP
        wakings.append((late, min(late, time.process_time() - used)))


async def said(code: str, *options: str) -> str:
    """What a process of its own prints."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, *options, stdout=asyncio.subprocess.PIPE)
    return (await process.communicate())[0].decode()


async def during(seconds: float, address: str, clients: int) -> tuple[dict[str, float], int]:
    """What there is to say of the wakings while so many clients ask, in milliseconds, and how often they did."""
    wakings: list[Waking] = []
    waking = asyncio.create_task(wake_up(wakings))
    asking = (said(CLIENT, address, str(seconds), *PATHS) for _ in range(clients))
    _, *asked = await asyncio.gather(asyncio.sleep(seconds), *asking)
    waking.cancel()
    late, held = (sorted(each) for each in zip(*wakings, strict=True))
    at = int(len(wakings) * 0.99)
    told = {"late_p99": late[at], "late_max": late[-1], "held_p99": held[at], "held_max": held[-1]}
    return {name: round(value * 1000, 1) for name, value in told.items()}, sum(map(int, asked))


async def main(workflows: int, seconds: float, clients: int) -> bool:
    """Print what was measured; says whether it holds."""
    handed = Handed(facts=facts(*many(workflows)))
    keep_turns_short()
    async with serving(handed) as web:
        await said(CLIENT, web.addresses[0], "0.1", *PATHS)  # what is only done once is done
        alone, _ = await during(seconds / 3, web.addresses[0], 0)
        asked, requests = await during(seconds, web.addresses[0], clients)
    holds = asked["held_max"] < MOST * 1000
    answer = {"workflows": workflows, "requests": requests, "alone_ms": alone, "asked_ms": asked, "holds": holds}
    sys.stdout.write(json.dumps(answer) + "\n")
    return holds


if __name__ == "__main__":
    options = ArgumentParser(description=__doc__)
    options.add_argument("--workflows", type=int, default=10_000)
    options.add_argument("--seconds", type=float, default=10.0)
    options.add_argument("--clients", type=int, default=4)
    chosen = options.parse_args()
    sys.exit(0 if asyncio.run(main(chosen.workflows, chosen.seconds, chosen.clients)) else 1)
