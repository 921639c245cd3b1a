"""How a service gets an answer wrong."""

from tests.ledger.model_world import Life, Shown, in_order, shown


def glitched(look: str, plain: list[Shown], how: int, pick: int) -> list[Shown]:  # noqa: PLR0911  one glitch, one way out
    """The answer that a service gives instead of the plain one."""
    chosen = plain[how % len(plain)] if plain else None
    if look == "empty":
        return []
    if look == "shortened":
        return [one for place, one in enumerate(plain) if (how >> place % 8) & 1]
    if look == "shuffled":
        return plain[::-1] if how % 2 else plain[how % 7 :] + plain[: how % 7]
    if look == "duplicated":
        return plain + plain[: pick % 4 + 1]
    if look == "lagging":
        return [_older(one.life, pick) for one in plain]
    if look == "rotated":
        return sorted(plain, key=lambda one: one.life.begin)[-1 - pick % 3 :]
    if look == "one lagging":
        return [_older(one.life, pick) if one is chosen else one for one in plain]
    if look == "an older state beside" and chosen is not None:
        older = _older(chosen.life, pick)
        if in_order(older) != in_order(chosen):
            return [older, *plain] if how % 2 else [*plain, older]
    return list(plain)


def _older(life: Life, back: int) -> Shown:
    """A state that a lagging replica may still hold; a late one is nowhere before its end."""
    first = next(s.place for s in life.states if s.ending is not None) if life.late else 0
    return shown(life, max(first, len(life.states) - 1 - back % 4))
