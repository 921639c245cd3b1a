"""How long something took, in the words of the command line."""


def span(ms: float) -> str:
    """A duration in its two largest units: `12s`, `1m 32s`, `2h 5m`, `3d 4h`; never below nothing."""
    seconds = max(round(ms / 1000), 0)
    for size, unit, below, small in ((86_400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if seconds >= size:
            rest = seconds % size // below
            return f"{seconds // size}{unit}" + (f" {rest}{small}" if rest else "")
    return f"{seconds}s"
