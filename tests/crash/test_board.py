"""What is claimed to be proved is proved by tests that fail when it is broken."""

import pytest

from tests.crash.board import Mutant, judge, mutants

WANTED = {
    "high-water-mark",
    "no-dedup",
    "no-version-check",
    "normal-sync",
    "outbox-apart",
    "prune-on-absence",
    "publish-first",
    "struck-off-first",
    "told-first",
    "two-transactions",
    "unpersisted-hold",
}


def test_the_board_has_a_mutant_for_every_promise():
    assert {mutant.path.stem for mutant in mutants()} >= WANTED


pytestmark = pytest.mark.timeout(600)
NEEDS_A_DISK = "normal-sync"
OTHERS = [mutant for mutant in mutants() if mutant.path.stem != NEEDS_A_DISK]


@pytest.mark.parametrize("mutant", OTHERS, ids=lambda mutant: mutant.path.stem)
def test_each_mutant_is_found_out_by_the_test_it_names(mutant: Mutant):
    assert judge(mutant) is None


@pytest.mark.optional_part
def test_the_mutant_that_only_a_power_cut_tells_is_found_out():
    (mutant,) = (mutant for mutant in mutants() if mutant.path.stem == NEEDS_A_DISK)
    fault = judge(mutant)
    if fault == f"{mutant.test} is skipped":
        pytest.skip("no disk image can be mounted here")
    assert fault is None
