import numpy as np
import pytest

from coinfer.simulator.station import Station


def serve(jobs, **settings):
    """Admit (arrival, service) pairs; give when each service starts, None if it was turned away."""
    station = Station(**settings)
    return [station.admit(*job) for job in jobs]


def test_one_worker_serves_in_order():
    assert serve([(0.0, 2.0), (1.0, 3.0), (7.0, 1.0)]) == [0.0, 2.0, 7.0]


def test_two_workers_share_one_queue():
    assert serve([(0.0, 4.0), (0.0, 1.0), (0.0, 1.0), (0.0, 5.0)], workers=2) == [0.0, 0.0, 1.0, 2.0]


def test_a_full_buffer_turns_tasks_away():
    jobs = [(0.0, 2.0), (0.5, 2.0), (1.0, 2.0), (2.5, 2.0), (3.0, 2.0)]
    assert serve(jobs, buffer=1) == [0.0, 2.0, None, 4.0, None]


def test_a_buffer_of_zero_still_serves():
    assert serve([(0.0, 2.0), (0.5, 2.0), (2.0, 2.0)], buffer=0) == [0.0, None, 2.0]


def test_who_starts_as_another_comes_does_not_wait_any_more():
    assert serve([(0.0, 2.0), (1.0, 2.0), (2.0, 2.0)], buffer=1) == [0.0, 2.0, 4.0]


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("buffer", [0, 2])
def test_the_buffer_never_holds_more(workers, buffer):
    rng = np.random.default_rng(1)
    arrival_s = np.cumsum(rng.exponential(0.5 / workers, 500))
    start_s = serve(zip(arrival_s, rng.exponential(1.0, 500), strict=True), workers=workers, buffer=buffer)
    taken = [pair for pair in zip(arrival_s, start_s, strict=True) if pair[1] is not None]
    waiting = [sum(came <= at < start for came, start in taken) for at in arrival_s]
    assert max(waiting) == buffer
    turned_away = [at for at, start in zip(arrival_s, start_s, strict=True) if start is None]
    assert len(turned_away) > 50
    assert all(sum(came <= at < start for came, start in taken) == buffer for at in turned_away)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"workers": 0}, "at least 1 worker, got 0"), ({"buffer": -1}, "at least 0 tasks, got -1")],
)
def test_senseless_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Station(**settings)
