import numpy as np
import pytest
from scipy import stats

from coinfer.simulator.link.large_scale import LargeScale
from coinfer.simulator.link.mobility import Line, RandomWaypoint, Standing
from coinfer.simulator.link.path_loss import FreeSpace, LogDistance
from coinfer.simulator.link.tr38901 import Indoor, UrbanMacro, UrbanMicro

MICRO = UrbanMicro(3.5e9)
ONCE = np.zeros(1)


def loss_db(model, time_s, seed=1):
    return model.loss_db(time_s, np.random.default_rng((seed, 0)), np.random.default_rng((seed, 1)))


@pytest.mark.parametrize(("mode", "expected_db"), [("always", 85.31419), ("never", 104.64383)])
def test_a_standing_device_without_shadowing_has_the_path_loss(mode, expected_db):
    model = LargeScale(MICRO, Standing(60.0, 80.0), mode, shadowing=False)
    np.testing.assert_allclose(loss_db(model, np.linspace(0.0, 9.0, 4)), [expected_db] * 4, atol=1e-5)


@pytest.mark.parametrize(
    "path_loss", [MICRO, UrbanMacro(2e9), Indoor(3.5e9), LogDistance(1e9, 3.5), FreeSpace(1e9)]
)
def test_along_a_line_interpolation_keeps_the_path_loss(path_loss):
    model = LargeScale(path_loss, Line(5.0, 300.0, 1.3), "always", shadowing=False)
    time_s = np.linspace(0.0, 3.0 * model.route.period_s, 20_011)
    exact_db = path_loss.db(model.route.at(time_s)[0], np.array(True))
    np.testing.assert_allclose(loss_db(model, time_s), exact_db, rtol=0, atol=0.05)


@pytest.mark.parametrize(("path_loss", "step_m"), [(MICRO, 0.5), (Indoor(3.5e9), 0.3), (FreeSpace(1e9), 0.5)])
def test_steps_follow_the_shortest_correlation(path_loss, step_m):
    assert LargeScale(path_loss, Standing(1.0)).step_m == pytest.approx(step_m)


@pytest.mark.parametrize(("mode", "sigma_db"), [("always", 4.0), ("never", 7.82)])
def test_shadowing_is_normal_over_maps(mode, sigma_db):
    model = LargeScale(MICRO, Standing(100.0), mode)
    median_db = MICRO.db(np.array(100.0), np.array(mode == "always"))
    excess_db = [loss_db(model, ONCE, seed)[0] - median_db for seed in range(1500)]
    assert stats.kstest(excess_db, "norm", args=(0.0, sigma_db)).pvalue > 1e-4


def test_interpolation_takes_little_from_the_shadowing():
    # Halfway between places a step apart the variance is (1 + exp(-step / d_c)) / 2 of the whole.
    model = LargeScale(MICRO, Line(100.0, 200.0, 1.0), "always")
    median_db = MICRO.db(np.array(150.25), np.array(True))
    excess_db = [loss_db(model, np.array([50.25]), seed)[0] - median_db for seed in range(1500)]
    variance_db2 = 16.0 * (1.0 + np.exp(-0.5 / 10.0)) / 2.0
    low, high = variance_db2 * stats.chi2.ppf([0.5e-4, 1.0 - 0.5e-4], 1499) / 1499
    assert low < np.var(excess_db, ddof=1) < high


def test_shadowing_along_the_way_has_the_model_s_correlation():
    model = LargeScale(MICRO, Line(100.0, 400.0, 2.0), "always")
    time_s = np.array([0.0, 2.5, 5.0, 10.0])
    median_db = MICRO.db(model.route.at(time_s)[0], np.array(True))
    excess_db = np.array([loss_db(model, time_s, seed) - median_db for seed in range(1500)]) / 4.0
    expected = np.exp(-2.0 * time_s[1:] / 10.0)
    sigma = np.sqrt((1.0 + expected**2 + 1.0 / 512.0) / 1500)
    error = (excess_db[:, :1] * excess_db[:, 1:]).mean(axis=0) - expected
    assert (np.abs(error) < stats.norm.isf(0.5e-4) * sigma).all()


@pytest.mark.parametrize("distance_m", [15.0, 40.0, 100.0, 200.0])
def test_share_in_sight_is_the_probability(distance_m):
    model = LargeScale(MICRO, Standing(distance_m), shadowing=False)
    seen_db = MICRO.db(np.array(distance_m), np.array(True))
    seen = sum(loss_db(model, ONCE, seed)[0] == seen_db for seed in range(1000))
    chance = float(MICRO.line_of_sight_probability(np.array(distance_m)))
    assert stats.binomtest(seen, 1000, chance).pvalue > 1e-4


def test_the_loss_tells_which_state_it_is_in():
    model = LargeScale(MICRO, Line(20.0, 250.0, 1.0), shadowing=False)
    time_s = np.arange(0.0, 200.0, 0.5)
    seen = model.seen_at(time_s, np.random.default_rng((3, 0)))
    assert 0 < seen.sum() < len(seen)
    np.testing.assert_allclose(loss_db(model, time_s, 3), MICRO.db(20.0 + time_s, seen), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "route", [Line(20.0, 90.0, 1.3), RandomWaypoint.draw(80.0, 1.3, np.random.default_rng(1), 5)]
)
def test_the_same_place_and_the_same_time_have_the_same_loss(route):
    model = LargeScale(MICRO, route)
    time_s = np.linspace(0.0, route.period_s, 1001)
    whole_db = loss_db(model, np.concatenate((time_s, time_s + route.period_s)))
    np.testing.assert_allclose(whole_db[:1001], whole_db[1001:], rtol=0, atol=1e-4)
    np.testing.assert_allclose(loss_db(model, time_s[300:400]), whole_db[300:400], rtol=0, atol=1e-4)
    assert np.ptp(whole_db) > 10.0
    assert not np.allclose(loss_db(model, time_s, seed=2), whole_db[:1001], atol=1.0)


def test_a_line_finds_on_its_way_back_what_it_found_on_its_way_there():
    model = LargeScale(MICRO, Line(20.0, 120.0, 1.0))
    time_s = np.linspace(0.0, 100.0, 2000)
    np.testing.assert_allclose(loss_db(model, time_s), loss_db(model, 200.0 - time_s[::-1])[::-1], atol=1e-4)


def test_devices_of_equal_seed_share_the_map():
    here = loss_db(LargeScale(MICRO, Standing(70.0)), ONCE)
    passing = loss_db(LargeScale(MICRO, Line(20.0, 120.0, 1.0)), np.array([50.0]))
    np.testing.assert_allclose(here, passing, atol=1e-4)


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="'probability', 'always' or 'never', got 'perhaps'"):
        LargeScale(MICRO, Standing(1.0), "perhaps")
