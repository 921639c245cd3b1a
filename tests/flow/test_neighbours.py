"""What a project suffers from is not its neighbours' matter."""

from tests.bench.neighbours import HEALTHY, measured, p99, table


async def test_a_healthy_project_is_looked_at_in_time_beside_four_sick_ones():
    found = await measured(40)
    late = {what: p99(each[HEALTHY]) for what, each in found.items()}
    assert max(late.values()) < 1, "\n".join(table(found))
