"""A faithful AOM and IAM on real HTTP, deterministic from a seed: for the demonstration, tests and benchmarks."""

from collector.simulator.http import Simulator
from collector.simulator.signatures import Key
from collector.simulator.story import demo_world
from collector.simulator.world import World, world

__all__ = ["Key", "Simulator", "World", "demo_world", "world"]
