import numpy as np
import pytest
from scipy import stats

from coinfer.simulator.link.mobility import Line, RandomWaypoint, Standing, uniform_in_disc

SQUARE_M = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]])


def loops(count, **settings):
    return [RandomWaypoint.draw(100.0, 2.0, np.random.default_rng(seed), **settings) for seed in range(count)]


def test_a_standing_device_stands():
    x_m, y_m = Standing(3.0, -4.0).at(np.array([0, 7, 10**9]))
    assert (x_m.tolist(), y_m.tolist()) == ([3.0] * 3, [-4.0] * 3)
    assert (Standing(3.0).speed_mps, Standing(3.0).period_s) == (0.0, float("inf"))


@pytest.mark.parametrize(("start_m", "end_m"), [(10.0, 40.0), (40.0, 10.0)])
def test_a_line_goes_there_and_back(start_m, end_m):
    line = Line(start_m, end_m, speed_mps=2.0)
    assert line.period_s == 30.0
    x_m, y_m = line.at(np.array([0.0, 5.0, 15.0, 20.0, 30.0, 35.0]))
    there = np.array([0.0, 10.0, 30.0, 20.0, 0.0, 10.0]) * np.sign(end_m - start_m)
    np.testing.assert_allclose(x_m, start_m + there, atol=1e-9)
    assert not y_m.any()


def test_a_loop_by_hand():
    route = RandomWaypoint(SQUARE_M, speed_mps=5.0, start_m=5.0)
    assert route.period_s == 8.0
    x_m, y_m = route.at(np.array([0.0, 1.0, 2.0, 6.0, 7.5, 8.0]))
    np.testing.assert_allclose(x_m, [5.0, 10.0, 10.0, 0.0, 2.5, 5.0], atol=1e-9)
    np.testing.assert_allclose(y_m, [0.0, 0.0, 5.0, 5.0, 0.0, 0.0], atol=1e-9)


@pytest.mark.parametrize("route", [Line(10.0, 50.0, 1.5), RandomWaypoint(SQUARE_M, 1.5), *loops(5)])
def test_speed_period_and_no_jump(route):
    time_s = np.arange(0.0, 2.5 * route.period_s, 0.01)
    x_m, y_m = route.at(time_s)
    moved_m = np.hypot(np.diff(x_m), np.diff(y_m))
    assert moved_m.max() <= 0.01 * route.speed_mps * (1.0 + 1e-6)
    # Only steps round a corner are shorter.
    assert np.median(moved_m) == pytest.approx(0.01 * route.speed_mps, rel=1e-9)
    for place_m, later_m in zip(route.at(time_s), route.at(time_s + route.period_s), strict=True):
        np.testing.assert_allclose(later_m, place_m, rtol=0, atol=1e-6)


def test_a_random_loop_stays_inside_and_visits_its_waypoints():
    for route in loops(20):
        x_m, y_m = route.at(np.linspace(0.0, route.period_s, 10_000))
        assert np.hypot(x_m, y_m).max() <= 100.0
        gaps_m = np.hypot(x_m[:, None] - route.waypoints_m[:, 0], y_m[:, None] - route.waypoints_m[:, 1])
        assert gaps_m.min(axis=0).max() < 1.0


def test_legs_have_the_mean_length_of_a_disc():
    # Two uniform points of a disc are 128 R / (45 pi) apart on average; E d^2 = R^2.
    mean_m = 128.0 * 100.0 / (45.0 * np.pi)
    # A loop of two legs goes there and back: its length is twice one distance.
    apart_m = [route.period_s * route.speed_mps / 2.0 for route in loops(2000, legs=2)]
    sigma_m = np.sqrt(100.0**2 - mean_m**2) / np.sqrt(2000)
    assert abs(np.mean(apart_m) - mean_m) < stats.norm.isf(0.5e-4) * sigma_m


def test_random_waypoint_favours_the_middle_from_time_0_on():
    # On a leg from P to Q the mean of r^2 is (|P|^2 + |Q|^2) / 2 - d^2 / 6, and legs count by their length d:
    # over pairs of places this is 11/35 R^2, where a uniform device has R^2 / 2.
    expected = weighted_mean_square()
    assert expected == pytest.approx(11.0 / 35.0, abs=1e-6)
    routes = loops(1000)
    for time_s in (0.0, 1000.0):
        squares = [np.sum(np.square(route.at(np.array(time_s)))) / 100.0**2 for route in routes]
        sigma = np.std(squares) / np.sqrt(1000)
        assert abs(np.mean(squares) - expected) < stats.norm.isf(0.5e-4) * sigma


def weighted_mean_square():
    """Integrate over two radii and the angle between them, in a disc of radius 1."""
    nodes, weights = np.polynomial.legendre.leggauss(60)
    radius, share = (nodes + 1.0) / 2.0, weights / 2.0 * (nodes + 1.0)
    one, other, turn = np.meshgrid(radius, radius, np.pi * radius, indexing="ij")
    weight = share[:, None, None] * share[:, None] * weights / 2.0
    leg = np.sqrt(one**2 + other**2 - 2.0 * one * other * np.cos(turn))
    return np.sum(weight * leg * ((one**2 + other**2) / 2.0 - leg**2 / 6.0)) / np.sum(weight * leg)


def test_drops_are_uniform_over_the_ring():
    rng = np.random.default_rng(1)
    places_m = np.array([uniform_in_disc(100.0, 20.0, rng) for _ in range(3000)])
    squares = np.sum(places_m**2, axis=1)
    assert stats.kstest(squares, "uniform", args=(20.0**2, 100.0**2 - 20.0**2)).pvalue > 1e-4
    angles = np.arctan2(*places_m.T)
    assert stats.kstest(angles, "uniform", args=(-np.pi, 2.0 * np.pi)).pvalue > 1e-4


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Standing(float("nan")), "a place must be finite"),
        (lambda: Line(10.0, 10.0, 1.0), "must lead somewhere, got 10.0 m"),
        (lambda: Line(-1.0, 10.0, 1.0), "at least 0 m, got -1.0 m"),
        (lambda: Line(1.0, 10.0, 0.0), "speed above 0 m/s, got 0.0 m/s"),
        (lambda: RandomWaypoint(SQUARE_M[:1], 1.0), r"two or more .* got shape \(1, 2\)"),
        (lambda: RandomWaypoint(SQUARE_M[[0, 0, 1]], 1.0), "no two in a row the same"),
        (lambda: uniform_in_disc(10.0, 10.0, np.random.default_rng(1)), "0 <= min < radius, got min 10.0"),
    ],
)
def test_senseless_routes_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
