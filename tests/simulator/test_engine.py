from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest

from coinfer.simulator.engine import Demand, Limits, simulate
from coinfer.simulator.link.capacity import CapacityTrace, ConstantRate
from coinfer.simulator.link.fading import Rayleigh
from coinfer.simulator.link.rate import ShannonRate
from coinfer.simulator.link.sharing.equal import EqualShareUplink
from coinfer.simulator.link.sharing.fifo import FifoUplink
from coinfer.simulator.timeline import Outcome
from coinfer.simulator.workload import Poisson, Streams, Workload, draw_workload, service_multipliers

NAN = float("nan")
TWO_ALIKE = (ConstantRate(8.0), ConstantRate(8.0))


def by_hand(arrival_s, device_id=None):
    tasks = len(arrival_s)
    device_id = np.zeros(tasks) if device_id is None else np.array(device_id)
    return Workload(
        device_id=device_id.astype(np.int32),
        task_id=np.arange(tasks, dtype=np.int64),
        arrival_s=np.array(arrival_s),
        image_id=np.zeros(tasks, dtype=np.int32),
    )


def constant(tasks, encode_s=0.5, payload_bits=8.0, edge_s=0.25, downlink_s=0.125, **more):
    columns = (np.full(tasks, value) for value in (encode_s, payload_bits, edge_s, downlink_s))
    return Demand(*columns, **more)


def run(workload, demand, limits=None, channels=TWO_ALIKE, uplink_class=FifoUplink):
    return simulate(workload, demand, limits or Limits(), lambda env, told: uplink_class(env, told, channels))


def busy_system(seed=1, codec_bits=1e4, snr=3.0, tasks=300):
    """Draw three devices over fading, loaded so that every queue is in use."""
    streams = Streams(seed, replication=0)
    workload = draw_workload([Poisson(3.0)] * 3, images=7, streams=streams, tasks=tasks)
    vary = service_multipliers(1.0, len(workload), streams.rng("service", device=0))
    demand = Demand(0.2 * vary, codec_bits * vary, 0.08 * vary, np.full(len(workload), 0.01))
    fading, rate = Rayleigh(1.0, 3.5e9), ShannonRate(1e5)
    gains = [fading.gains(4096, fading.longest_slot_s, streams.rng("fading", device)) for device in range(3)]
    channels = [CapacityTrace(fading.longest_slot_s, rate.bits_per_s(snr * gain)) for gain in gains]
    return workload, demand, channels, gains


def test_two_tasks_by_hand():
    timeline = run(by_hand([0.0, 0.25]), constant(2))
    assert timeline.encode_start_s.tolist() == [0.0, 0.5]
    assert timeline.encode_end_s.tolist() == [0.5, 1.0]
    assert timeline.tx_start_s.tolist() == [0.5, 1.5]
    assert timeline.tx_end_s.tolist() == [1.5, 2.5]
    assert timeline.edge_start_s.tolist() == [1.5, 2.5]
    assert timeline.edge_end_s.tolist() == [1.75, 2.75]
    assert timeline.done_s.tolist() == [1.875, 2.875]
    assert timeline.counts() == {"in_flight": 0, "done": 2, "dropped": 0, "aborted": 0}


def test_two_devices_compute_side_by_side_but_share_the_uplink():
    timeline = run(by_hand([0.0, 0.0], device_id=[0, 1]), constant(2))
    assert timeline.encode_end_s.tolist() == [0.5, 0.5]
    assert timeline.tx_end_s.tolist() == [1.5, 2.5]
    assert run(
        by_hand([0.0, 0.0], device_id=[0, 1]), constant(2), uplink_class=EqualShareUplink
    ).tx_end_s.tolist() == [2.5, 2.5]


@pytest.mark.parametrize(("edge_workers", "edge_end_s"), [(1, [3.5, 5.5, 7.5]), (2, [3.5, 4.5, 5.5])])
def test_edge_workers_share_a_queue(edge_workers, edge_end_s):
    timeline = run(by_hand([0.0, 0.0, 0.0]), constant(3, edge_s=2.0), Limits(edge_workers=edge_workers))
    assert timeline.edge_end_s.tolist() == edge_end_s


def test_an_answer_on_the_device_skips_all_that_follows():
    timeline = run(by_hand([0.0, 0.25]), constant(2, answers_on_device=True))
    for column in fields(timeline)[1:-1]:
        assert getattr(timeline, column.name).tolist() == [0.5, 1.0]
    assert timeline.counts()["done"] == 2


def test_access_and_backhaul_delay_by_hand():
    demand = constant(2, access_s=np.array([0.25, 0.0]), backhaul_s=np.array([0.5, 0.125]))
    timeline = run(by_hand([0.0, 0.5]), demand)
    assert timeline.encode_end_s.tolist() == [0.5, 1.0]
    assert timeline.tx_start_s.tolist() == [0.75, 1.75]
    assert timeline.tx_end_s.tolist() == [1.75, 2.75]
    assert timeline.edge_start_s.tolist() == [2.25, 2.875]
    assert timeline.done_s.tolist() == [2.625, 3.25]


def test_the_uplink_gives_up_what_expires():
    expires_s = np.array([1.25, 9.0, 1.5, 1.75])
    workload = by_hand([0.0, 0.0, 0.0, 1.5], device_id=[0, 1, 2, 3])
    timeline = run(workload, constant(4, expires_s=expires_s), channels=TWO_ALIKE * 2)
    # On the air; through; waiting; encoded after its expiry.
    assert [Outcome(code).name for code in timeline.outcome] == ["ABORTED", "DONE", "ABORTED", "ABORTED"]
    np.testing.assert_array_equal(timeline.tx_start_s, [0.5, 1.25, NAN, NAN])
    np.testing.assert_array_equal(timeline.tx_end_s, [1.25, 2.25, NAN, NAN])
    np.testing.assert_array_equal(timeline.edge_start_s, [NAN, 2.25, NAN, NAN])
    np.testing.assert_array_equal(timeline.done_s, [NAN, 2.625, NAN, NAN])
    assert timeline.counts() == {"in_flight": 0, "done": 1, "dropped": 0, "aborted": 3}


def test_one_that_ends_as_it_expires_is_done():
    assert run(by_hand([0.0]), constant(1, expires_s=np.array([1.5]))).counts()["done"] == 1


def test_one_that_expires_while_it_asks_for_access_is_never_on_the_air():
    demand = constant(1, expires_s=np.array([0.625]), access_s=np.array([0.25]))
    timeline = run(by_hand([0.0]), demand)
    assert timeline.outcome.tolist() == [Outcome.ABORTED]
    assert np.isnan([timeline.tx_start_s[0], timeline.tx_end_s[0]]).all()


def test_an_answer_on_the_device_never_expires():
    demand = constant(1, expires_s=np.array([0.25]), answers_on_device=True)
    assert run(by_hand([0.0]), demand).counts()["done"] == 1


def test_answers_may_come_by_any_downlink():
    demand = constant(
        2, expires_s=np.array([9.0, 1.0]), answered_s=lambda edge_end_s: np.ceil(edge_end_s) + 1.0
    )
    timeline = run(by_hand([0.0, 0.25]), demand)
    np.testing.assert_array_equal(timeline.done_s, [3.0, NAN])
    assert timeline.counts() == {"in_flight": 0, "done": 1, "dropped": 0, "aborted": 1}


def test_delays_of_nothing_change_nothing():
    workload, demand, channels, _ = busy_system()
    none = np.zeros(len(workload))
    delayed = replace(demand, access_s=none, backhaul_s=none, expires_s=none + np.inf)
    for column, other in zip(
        vars(run(workload, demand, None, channels)).values(),
        vars(run(workload, delayed, None, channels)).values(),
        strict=True,
    ):
        np.testing.assert_array_equal(column, other)


def test_a_full_device_drops():
    timeline = run(by_hand([0.0, 0.125, 0.25, 0.75]), constant(4), Limits(device_buffer=1))
    assert [Outcome(code).name for code in timeline.outcome] == ["DONE", "DONE", "DROPPED", "DONE"]
    np.testing.assert_array_equal(timeline.encode_start_s, [0.0, 0.5, NAN, 1.0])
    np.testing.assert_array_equal(np.isnan(timeline.done_s), [False, False, True, False])


def test_each_device_may_have_its_own_buffer():
    workload = by_hand([0.0, 0.0, 0.0, 0.0], device_id=[0, 0, 1, 1])
    timeline = run(workload, constant(4), Limits(device_buffer=(0, None)))
    assert timeline.outcome.tolist() == [Outcome.DONE, Outcome.DROPPED, Outcome.DONE, Outcome.DONE]


def test_a_stopped_clock_leaves_tasks_where_they_are():
    timeline = run(by_hand([0.0, 0.25, 9.0]), constant(3), Limits(stop_s=1.875))
    np.testing.assert_array_equal(timeline.encode_end_s, [0.5, 1.0, NAN])
    np.testing.assert_array_equal(timeline.tx_start_s, [0.5, 1.5, NAN])
    np.testing.assert_array_equal(timeline.tx_end_s, [1.5, NAN, NAN])
    np.testing.assert_array_equal(timeline.edge_end_s, [1.75, NAN, NAN])
    assert np.isnan(timeline.done_s).all(), "the first answer comes when the clock stops, not before"
    assert timeline.counts() == {"in_flight": 3, "done": 0, "dropped": 0, "aborted": 0}


def test_no_tasks_at_all():
    assert run(by_hand([]), constant(0)).counts() == {"in_flight": 0, "done": 0, "dropped": 0, "aborted": 0}


@pytest.mark.parametrize("uplink_class", [FifoUplink, EqualShareUplink])
@pytest.mark.parametrize("patience_s", [None, 0.5])
@pytest.mark.parametrize("limits", [Limits(), Limits(2, 3), Limits(1, 3, stop_s=30.0)])
def test_tasks_are_conserved_and_stages_in_order(uplink_class, limits, patience_s):
    workload, demand, channels, _ = busy_system()
    if patience_s is not None:
        demand = replace(demand, expires_s=workload.arrival_s + patience_s)
    timeline = run(workload, demand, limits, channels, uplink_class)
    counts = timeline.counts()
    assert sum(counts.values()) == len(workload) == 900
    assert (counts["in_flight"] > 0) == (limits.stop_s is not None)
    assert (counts["dropped"] > 0) == (limits.device_buffer is not None)
    assert (counts["aborted"] > 0) == (patience_s is not None)
    stamps = [workload.arrival_s, *(getattr(timeline, column.name) for column in fields(timeline)[:-1])]
    done = timeline.outcome == Outcome.DONE
    for before, after in pairwise(stamps):
        assert (before[done] <= after[done]).all()
        assert (~np.isnan(before) | np.isnan(after)).all(), "no stage is reached before the one before it"
    assert (np.isnan(timeline.done_s) == ~done).all()


def test_service_takes_as_long_as_demanded():
    workload, demand, channels, _ = busy_system()
    timeline = run(workload, demand, Limits(), channels)
    np.testing.assert_array_equal(timeline.encode_end_s, timeline.encode_start_s + demand.encode_s)
    np.testing.assert_array_equal(timeline.edge_end_s, timeline.edge_start_s + demand.edge_s)
    np.testing.assert_array_equal(timeline.done_s, timeline.edge_end_s + demand.downlink_s)
    sent_bits = [
        channels[device].sent_bits(start_s, end_s)
        for device, start_s, end_s in zip(
            workload.device_id, timeline.tx_start_s, timeline.tx_end_s, strict=True
        )
    ]
    np.testing.assert_allclose(sent_bits, demand.payload_bits, rtol=1e-9)


def test_codec_and_snr_leave_arrivals_images_and_fading_alone():
    first, _, _, first_gains = busy_system(codec_bits=1e4, snr=3.0)
    second, _, _, second_gains = busy_system(codec_bits=5e2, snr=100.0)
    for column in ("device_id", "task_id", "arrival_s", "image_id"):
        np.testing.assert_array_equal(getattr(first, column), getattr(second, column))
    np.testing.assert_array_equal(first_gains, second_gains)


def test_the_same_seed_gives_the_same_timeline():
    first, again, other = (run(*busy_system(seed)[:2], None, busy_system(seed)[2]) for seed in (1, 1, 2))
    for column in fields(first):
        np.testing.assert_array_equal(getattr(first, column.name), getattr(again, column.name))
    assert not np.array_equal(first.done_s, other.done_s)


def test_columns_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"demand.edge_s has 3 rows for 2 tasks"):
        run(by_hand([0.0, 1.0]), replace(constant(2), edge_s=np.zeros(3)))


def test_optional_columns_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"demand.expires_s has 3 rows for 2 tasks"):
        run(by_hand([0.0, 1.0]), constant(2, expires_s=np.zeros(3)))


def test_too_few_buffers_are_refused():
    with pytest.raises(ValueError, match="device_buffer has 1 entries for 2 devices"):
        run(by_hand([0.0, 0.0], device_id=[0, 1]), constant(2), Limits(device_buffer=(1,)))
