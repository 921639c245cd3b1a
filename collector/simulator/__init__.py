"""A faithful AOM and IAM on real HTTP, deterministic from a seed: for the demonstration, tests and benchmarks."""

from collector.simulator.http import Simulator
from collector.simulator.iam import Agency
from collector.simulator.metadata import Machine
from collector.simulator.replay import Malformed, Replay, read
from collector.simulator.signatures import Key
from collector.simulator.story import demo_world
from collector.simulator.trouble import KINDS, Kind, Trouble, hostile, mild
from collector.simulator.world import World, world

__all__ = [
    "KINDS",
    "Agency",
    "Key",
    "Kind",
    "Machine",
    "Malformed",
    "Replay",
    "Simulator",
    "Trouble",
    "World",
    "demo_world",
    "hostile",
    "mild",
    "read",
    "world",
]
