import numpy as np
import pytest
from scipy import stats

from coinfer.simulator.workload import (
    Periodic,
    Poisson,
    Streams,
    draw_workload,
    service_multipliers,
    walk_images,
)


def test_streams_differ_by_every_part_of_their_key():
    draws = [
        Streams(seed, replication).rng(purpose, device).random()
        for seed in (0, 1)
        for replication in (0, 1)
        for purpose in ("arrivals", "images", "fading", "service")
        for device in (0, 1)
    ]
    assert len(set(draws)) == len(draws)


def test_streams_never_change():
    # Frozen: another value here means that every published figure changes.
    assert Streams(seed=1, replication=2).rng("fading", device=3).random() == 0.3811251443445528


@pytest.mark.parametrize("process", [Poisson(20.0), Periodic(20.0)])
def test_until_is_the_beginning_of_first(process):
    first = process.first(3000, np.random.default_rng(5))
    until = process.until(100.0, np.random.default_rng(5))
    assert 1800 < len(until) < 2200
    np.testing.assert_array_equal(until, first[: len(until)])
    assert until[-1] < 100.0 <= first[len(until)]


def test_poisson_gaps_are_exponential():
    arrival_s = Poisson(4.0).first(20_000, np.random.default_rng(1))
    assert stats.kstest(np.diff(arrival_s), "expon", args=(0, 0.25)).pvalue > 0.01


def test_a_faster_poisson_process_is_the_same_one_sped_up():
    slow, fast = (Poisson(rate_hz).first(10, np.random.default_rng(1)) for rate_hz in (1.0, 4.0))
    np.testing.assert_allclose(slow, 4.0 * fast)


def test_periodic_arrivals_keep_their_distance():
    arrival_s = Periodic(10.0).first(5, np.random.default_rng(1))
    assert 0.0 <= arrival_s[0] < 0.1
    np.testing.assert_allclose(np.diff(arrival_s), 0.1)


def test_the_workload_is_sorted_and_numbered_by_device():
    workload = draw_workload([Poisson(5.0), Periodic(3.0)], images=4, streams=Streams(1, 0), tasks=50)
    assert len(workload) == 100
    assert (np.diff(workload.arrival_s) >= 0.0).all()
    for device in (0, 1):
        assert workload.task_id[workload.device_id == device].tolist() == list(range(50))
    assert [column.dtype.name for column in vars(workload).values()] == ["int32", "int32", "float64", "int32"]


def test_one_more_device_leaves_the_others_alone():
    alone, together = (
        draw_workload([Poisson(5.0)] * devices, images=7, streams=Streams(1, 0), duration_s=10.0)
        for devices in (1, 3)
    )
    mine = together.device_id == 0
    np.testing.assert_array_equal(together.arrival_s[mine], alone.arrival_s)
    np.testing.assert_array_equal(together.image_id[mine], alone.image_id)


def test_a_quiet_duration_has_no_tasks():
    assert len(draw_workload([Poisson(1e-9)], images=7, streams=Streams(1, 0), duration_s=1.0)) == 0


@pytest.mark.parametrize("extent", [{}, {"tasks": 3, "duration_s": 1.0}])
def test_the_extent_must_be_clear(extent):
    with pytest.raises(ValueError, match="give either tasks or duration_s"):
        draw_workload([Poisson(1.0)], images=1, streams=Streams(1, 0), **extent)


def test_every_image_is_used_equally_often():
    walk = walk_images(images=10, steps=35, rng=np.random.default_rng(1))
    assert sorted(walk[:10]) == sorted(walk[10:20]) == list(range(10))
    assert walk[:10].tolist() != walk[10:20].tolist()
    assert set(np.bincount(walk)) == {3, 4}
    assert walk.dtype == np.int32


@pytest.mark.parametrize("cv", [0.1, 0.5, 1.0, 2.0])
def test_service_multipliers_follow_the_gamma_law(cv):
    multipliers = service_multipliers(cv, 20_000, np.random.default_rng(3))
    assert stats.kstest(multipliers, "gamma", args=(cv**-2, 0, cv**2)).pvalue > 0.01


def test_without_variation_service_is_exact():
    assert service_multipliers(0.0, 3, np.random.default_rng(1)).tolist() == [1.0, 1.0, 1.0]
