import pytest
import simpy

from coinfer.simulator.alarm import Alarm


def test_alarms_ring_in_order_of_time_then_of_setting():
    env, log = simpy.Environment(), []
    for time_s, name in ((2.0, "b"), (1.0, "a"), (2.0, "c")):
        Alarm(env, time_s, lambda alarm: log.append((alarm.item, env.now)), name)
    env.run()
    assert log == [("a", 1.0), ("b", 2.0), ("c", 2.0)]


def test_the_time_is_met_exactly():
    env, log = simpy.Environment(), []
    Alarm(env, 0.2, lambda _: Alarm(env, 0.9, lambda _: log.append(env.now), None), None)
    env.run()
    assert log == [0.9]
    assert 0.2 + (0.9 - 0.2) != 0.9, "the reason why alarms are not SimPy timeouts"


def test_a_cancelled_alarm_calls_nobody():
    env, log = simpy.Environment(), []
    Alarm(env, 1.0, log.append, None).cancel()
    env.run()
    assert log == []


def test_an_alarm_at_infinity_never_rings():
    env, log = simpy.Environment(), []
    Alarm(env, float("inf"), log.append, None)
    env.run()
    assert log == []
    assert env.now == 0.0


@pytest.mark.parametrize("time_s", [0.5, float("nan")])
def test_the_past_is_refused(time_s):
    with pytest.raises(ValueError, match=r"cannot set an alarm for (0.5|nan) s: the clock shows 1.0 s"):
        Alarm(simpy.Environment(initial_time=1.0), time_s, print, None)
