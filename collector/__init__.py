"""Collect AOM workflow executions and expose them to Prometheus, each ending counted exactly once."""

__version__ = "0.1.0"
