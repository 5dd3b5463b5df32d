import pytest
import simpy

from coinfer.simulator.alarm import Alarm
from coinfer.simulator.station import Station


def serve(jobs, **settings):
    """Submit (arrival, service) pairs; return the log of (task, start), (task, end) and who was taken in."""
    env = simpy.Environment()
    station = Station(env, **settings)
    starts, ends, taken = [], [], []
    for task, (arrival_s, service_s) in enumerate(jobs):

        def submit(_, task=task, service_s=service_s):
            taken.append(
                station.submit(task, service_s, lambda *at: starts.append(at), lambda *at: ends.append(at))
            )

        Alarm(env, arrival_s, submit, None)
    env.run()
    return starts, ends, taken


def test_one_worker_serves_in_order():
    starts, ends, taken = serve([(0.0, 2.0), (1.0, 3.0), (7.0, 1.0)])
    assert starts == [(0, 0.0), (1, 2.0), (2, 7.0)]
    assert ends == [(0, 2.0), (1, 5.0), (2, 8.0)]
    assert taken == [True, True, True]


def test_two_workers_share_one_queue():
    starts, ends, _ = serve([(0.0, 4.0), (0.0, 1.0), (0.0, 1.0), (0.0, 5.0)], workers=2)
    assert starts == [(0, 0.0), (1, 0.0), (2, 1.0), (3, 2.0)]
    assert ends == [(1, 1.0), (2, 2.0), (0, 4.0), (3, 7.0)]


def test_a_full_buffer_turns_tasks_away():
    starts, _, taken = serve([(0.0, 2.0), (0.5, 2.0), (1.0, 2.0), (2.5, 2.0)], buffer=1)
    assert taken == [True, True, False, True]
    assert starts == [(0, 0.0), (1, 2.0), (3, 4.0)]


def test_a_buffer_of_zero_still_serves():
    _, _, taken = serve([(0.0, 2.0), (0.5, 2.0), (2.5, 2.0)], buffer=0)
    assert taken == [True, False, True]


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"workers": 0}, "at least 1 worker, got 0"), ({"buffer": -1}, "at least 0 tasks, got -1")],
)
def test_senseless_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Station(simpy.Environment(), **settings)
