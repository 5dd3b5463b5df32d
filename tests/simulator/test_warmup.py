import numpy as np
import pytest
from pydantic import ValidationError

from coinfer.simulator.scenario import Scenario
from coinfer.simulator.warmup import SHORTEST, Series, mser5, steady_from_s


@pytest.fixture
def a_scenario(experiments):
    return lambda **changes: experiments({}, **changes)[0].scenario


def brute_force(values):
    """MSER-5 as White (1997) writes it, with a loop."""
    means = values[: len(values) // 5 * 5].reshape(-1, 5).mean(axis=1)
    kept = [means[cut:] for cut in range(len(means) - 4)]
    errors = [((part - part.mean()) ** 2).sum() / len(part) ** 2 for part in kept]
    cut = int(np.argmin(errors))
    return 5 * cut if cut <= len(means) / 2 else None


@pytest.mark.parametrize("seed", range(20))
def test_the_cut_is_where_the_squared_error_is_smallest(seed):
    rng = np.random.default_rng(seed)
    values = np.cumsum(rng.normal(size=303)) * (seed % 2) + rng.exponential(5.0, 303) + np.arange(303) % 60
    assert mser5(values) == brute_force(values)


def test_a_step_is_cut_off_and_nothing_else():
    rng = np.random.default_rng(1)
    level = np.where(np.arange(2000) < 150, 0.0, 10.0)
    assert mser5(level + rng.normal(0, 0.1, 2000)) == pytest.approx(150, abs=15)


def test_a_series_without_a_transient_is_left_whole():
    assert mser5(np.full(100, 3.0)) == 0
    assert mser5(np.tile([1.0, 2.0, 3.0], 500)) == 0


def test_a_series_that_never_settles_has_no_steady_state():
    assert mser5(np.arange(2000.0)) is None
    assert mser5(np.where(np.arange(2000) < 1200, 0.0, 10.0)) is None
    assert mser5(np.ones(20)) is None


def filling(tasks=SHORTEST, until=200):
    """Arrivals a second apart; latencies rise to 2 s with the first tasks."""
    arrival_s = np.arange(1.0, tasks + 1)
    return Series(arrival_s, np.minimum(np.arange(tasks) / until, 1.0) * 2 + 0.01 * (np.arange(tasks) % 3))


def test_the_cut_is_told_as_a_time_averaged_over_replications():
    arrival_s, latency_s = filling()
    steady_s = steady_from_s([Series(arrival_s, latency_s), Series(3 * arrival_s, latency_s)], deadline_s=5.0)
    alone_s = steady_from_s([Series(arrival_s, latency_s)], deadline_s=5.0)
    assert alone_s == pytest.approx(200, abs=30)
    assert steady_s == pytest.approx(2 * alone_s)


@pytest.mark.parametrize("seed", range(20))
def test_the_task_that_decides_counts_for_who_reads_nine_digits(seed):
    arrival_s, latency_s = filling()
    arrival_s = np.sort(np.random.default_rng(seed).uniform(0, 1000, SHORTEST))
    steady_s = steady_from_s([Series(arrival_s, latency_s)], deadline_s=5.0)
    assert float(f"{steady_s:.9g}") == steady_s
    assert (arrival_s >= steady_s).sum() % 5 == 0
    assert steady_s <= arrival_s[arrival_s >= steady_s][0] < steady_s + 1e-5


def test_short_replications_are_left_whole():
    arrival_s, latency_s = filling()
    assert steady_from_s([Series(arrival_s[1:], latency_s[1:])], 5.0) == 0.0
    assert steady_from_s([Series(arrival_s, latency_s), Series(arrival_s[:-1], latency_s[:-1])], 5.0) == 0.0
    assert steady_from_s([], 5.0) == 0.0


def test_a_task_never_answered_counts_as_late_and_not_as_nothing():
    arrival_s = np.arange(1.0, SHORTEST + 1)
    lost = np.where(np.arange(SHORTEST) < 100, np.inf, 1.0)
    assert steady_from_s([Series(arrival_s, lost)], deadline_s=5.0) == arrival_s[100]
    assert steady_from_s([Series(arrival_s, lost)], deadline_s=1.0) == 0.0
    assert steady_from_s([Series(arrival_s, np.full(SHORTEST, np.inf))], deadline_s=5.0) == 0.0


def test_rounding_is_no_transient():
    arrival_s = np.cumsum(np.random.default_rng(3).exponential(1.0, 3000))
    constant_s = (arrival_s + 0.1) - arrival_s
    assert len(set(constant_s)) > 1
    assert steady_from_s([Series(arrival_s, constant_s)], deadline_s=1.0) == 0.0


def test_the_transient_of_a_queue_that_starts_empty_is_found():
    rng, load, runs, tasks = np.random.default_rng(2), 0.9, 200, 3000
    steps = np.cumsum(rng.exponential(1.0, (runs, tasks)) - rng.exponential(1 / load, (runs, tasks)), axis=1)
    wait_s = steps - np.minimum(np.minimum.accumulate(steps, axis=1), 0.0)
    arrival_s = np.cumsum(np.full(tasks, 1 / load))
    since_s = steady_from_s([Series(arrival_s, row) for row in wait_s], deadline_s=1.0)
    truth_s = load / (1 - load)
    kept = wait_s[:, arrival_s >= since_s].mean()
    assert 50 < since_s < 1500
    assert abs(kept - truth_s) < 0.5 * abs(wait_s.mean() - truth_s)


@pytest.mark.parametrize("value", ["mser5", "none", 0, 12.5])
def test_what_a_scenario_may_say(value, a_scenario):
    assert a_scenario(warmup=value).warmup == value


def test_transients_are_cut_unless_told_otherwise():
    assert Scenario.model_fields["warmup"].default == "mser5"


@pytest.mark.parametrize("value", ["MSER", None, -1, True, float("inf"), [3]])
def test_anything_else_is_refused_in_a_line(value, a_scenario):
    with pytest.raises(ValidationError, match="expected mser5, none, or a number of seconds of at least 0"):
        a_scenario(warmup=value)
