"""What the alerts about error budgets are held against: two pairs of windows, each with a limit. All is synthetic."""

from tests.rules.story import Series, Story, over

PROJECT = {"project": "demo"}
"""What is recorded of a project has no target any more."""


def burns(
    name: str,
    pairs: tuple[tuple[str, str, float], ...],
    *,
    wait: int,
    says: str,
    guard: tuple[str, str, str] | None = None,
) -> tuple[Story, ...]:
    """Stories about ratios over a long and a short window of each pair, above or below its limit.

    `wait`: minutes until it fires. `guard`: a rate of endings that is enough, and one that is not.
    """
    ((long, short, limit), (longer, shorter, lower)) = pairs
    above, below = f"{limit * 1.1:g}", f"{limit * 0.9:g}"
    lower_above, lower_below = f"{lower * 1.1:g}", f"{lower * 0.9:g}"

    def story(what: str, *ratios: str, fires: bool, description: str = "", rate: str | None = None) -> Story:
        series = [
            Series(f"{name}:ratio_rate{window}", PROJECT, f"{over(40, ratio)} {over(20, '0')}")
            for window, ratio in zip((long, short, longer, shorter), ratios, strict=True)
        ]
        if guard:
            series.append(Series(guard[0], PROJECT, over(60, rate or guard[1])))
        early = () if not fires else (PROJECT,)
        return Story(
            says=what,
            series=tuple(series),
            fires={f"{wait - 1}m": (), f"{wait + 3}m": early, "39m": early, "42m": ()},
            description=description,
        )

    much = ("0.9",) * 4
    few = [story("too few endings say nothing", *much, fires=False, rate=guard[2])] if guard else []
    return (
        story("everything fails", *much, fires=True, description=says),
        story("the first pair alone", above, above, lower_below, lower_below, fires=True),
        story("the second pair alone", below, below, lower_above, lower_above, fires=True),
        story("only the long window of the first pair", above, below, lower_below, lower_below, fires=False),
        story("only the short window of the first pair", below, above, lower_below, lower_below, fires=False),
        story("only the long window of the second pair", below, below, lower_above, lower_below, fires=False),
        story("only the short window of the second pair", below, below, lower_below, lower_above, fires=False),
        *few,
    )
