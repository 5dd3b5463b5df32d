from itertools import pairwise

import numpy as np
import pytest

from coinfer.simulator.link.adaptation import LinkAdaptation, OuterLoop
from coinfer.simulator.units import db_to_linear


@pytest.mark.parametrize("target", [0.1, 1e-3])
@pytest.mark.parametrize("table", [1, 2])
@pytest.mark.parametrize("prbs", [1, 51, 273])
def test_thresholds_meet_the_target_just_so(prbs, table, target):
    adaptation = LinkAdaptation(prbs, table, target)
    for errors, threshold_db in zip(adaptation.errors, adaptation.thresholds_db, strict=True):
        assert errors.at(db_to_linear(threshold_db)) == pytest.approx(target, rel=1e-6)
        assert errors.at(db_to_linear(threshold_db)) <= target
        assert errors.at(db_to_linear(threshold_db - 1e-6)) > target


@pytest.mark.parametrize("table", [1, 2])
@pytest.mark.parametrize("prbs", [10, 51, 273])
def test_thresholds_rise_with_the_scheme(prbs, table):
    thresholds_db = LinkAdaptation(prbs, table).thresholds_db
    assert all(low_db < high_db for low_db, high_db in pairwise(thresholds_db))


def test_thresholds_lie_above_capacity_by_the_gap_and_the_finite_blocklength():
    adaptation = LinkAdaptation(51)
    for index, gap_db, efficiency in [(0, 1.063, 0.234375), (16, 1.477, 2.5703125), (28, 2.017, 5.5546875)]:
        capacity_db = 10.0 * np.log10(2.0**efficiency - 1.0)
        assert 0.0 < adaptation.thresholds_db[index] - capacity_db - gap_db < 0.5


@pytest.mark.parametrize("prbs", [1, 2, 51])
def test_the_highest_scheme_within_the_target_is_chosen(prbs):
    adaptation = LinkAdaptation(prbs)
    for snr_db in np.arange(-15.0, 30.0, 0.1):
        within = [
            mcs for mcs, errors in enumerate(adaptation.errors) if errors.at(10 ** (snr_db / 10)) <= 0.1
        ]
        assert adaptation.choose(snr_db) == max(within, default=0)


def test_the_lowest_scheme_that_holds_the_bits():
    adaptation = LinkAdaptation(51)
    sizes_bits = adaptation.sizes_bits
    for bits in [1.0, *(size + extra for size in sizes_bits for extra in (-1.0, 0.0, 0.5))]:
        enough = [mcs for mcs, size_bits in enumerate(sizes_bits) if size_bits >= bits]
        assert adaptation.enough_for(bits) == min(enough, default=28)


def test_the_outer_loop_counts_failures_against_successes():
    loop = OuterLoop(target=0.2, step_db=0.4)
    outcomes = np.random.default_rng(1).random(200) < 0.2
    for failed in outcomes.tolist():
        loop.learn(failed, highest=False)
    successes = 200 - outcomes.sum()
    assert loop.offset_db == pytest.approx(0.1 * successes - 0.4 * outcomes.sum(), abs=1e-9)


def test_the_offset_is_limited():
    loop = OuterLoop(step_db=1.0, limit_db=3.0)
    for _ in range(5):
        loop.learn(True, highest=False)
    assert loop.offset_db == -3.0
    for _ in range(100):
        loop.learn(False, highest=False)
    assert loop.offset_db == 3.0


def test_successes_at_the_highest_scheme_only_undo_failures():
    loop = OuterLoop()
    loop.learn(True, highest=True)
    assert loop.offset_db == -0.5
    for _ in range(20):
        loop.learn(False, highest=True)
    assert loop.offset_db == 0.0
    loop.learn(False, highest=False)
    loop.learn(False, highest=True)
    assert loop.offset_db == pytest.approx(0.5 / 9.0)


@pytest.mark.parametrize("target", [0.0, 1.0])
def test_impossible_targets_are_refused(target):
    with pytest.raises(ValueError, match=f"between 0 and 1, got {target}"):
        LinkAdaptation(51, target=target)
    with pytest.raises(ValueError, match=f"between 0 and 1, got {target}"):
        OuterLoop(target)


def test_negative_steps_are_refused():
    with pytest.raises(ValueError, match=r"at least 0 dB, got -1\.0 and 10\.0 dB"):
        OuterLoop(step_db=-1.0)
