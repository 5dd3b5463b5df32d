import numpy as np
import pytest

from coinfer.simulator.link.tr38901 import Indoor, UrbanMacro, UrbanMicro

DISTANCES_M = np.geomspace(1.0, 5000.0, 2000)
SCENARIOS = [
    UrbanMicro(3.5e9),
    UrbanMicro(28e9),
    UrbanMacro(0.7e9),
    UrbanMacro(6e9),
    Indoor(3.5e9),
    Indoor(60e9),
]
SEEN, OBSTRUCTED = np.array(True), np.array(False)


@pytest.mark.parametrize(
    ("model", "distance_2d_m", "line_of_sight", "loss_db"),
    # From the formulas as Table 7.4.1-1 prints them, the second slope by its lg(d_BP^2 + (h_BS - h_UT)^2).
    [
        (UrbanMicro(3.5e9), 100.0, True, 85.31419),
        (UrbanMicro(3.5e9), 500.0, True, 107.10805),
        (UrbanMicro(0.7e9), 2000.0, True, 130.33048),
        (UrbanMicro(3.5e9), 100.0, False, 104.64383),
        (UrbanMicro(28e9), 300.0, False, 140.67300),
        (UrbanMacro(2e9), 200.0, True, 84.70876),
        (UrbanMacro(3.5e9), 500.0, True, 98.26924),
        (UrbanMacro(3.5e9), 1000.0, True, 109.40649),
        (UrbanMacro(3.5e9), 500.0, False, 129.91583),
        (Indoor(3.5e9), 20.0, True, 65.82656),
        (Indoor(3.5e9), 20.0, False, 80.75950),
        (Indoor(3.5e9), 2.0, False, 51.09309),
        (Indoor(60e9), 100.0, False, 138.17929),
    ],
)
def test_losses_by_hand(model, distance_2d_m, line_of_sight, loss_db):
    assert model.db(np.array(distance_2d_m), np.array(line_of_sight)) == pytest.approx(loss_db, abs=1e-5)


@pytest.mark.parametrize("model", SCENARIOS)
def test_obstructed_is_never_less_and_loss_grows_with_distance(model):
    seen_db, obstructed_db = model.db(DISTANCES_M, SEEN), model.db(DISTANCES_M, OBSTRUCTED)
    assert (obstructed_db >= seen_db).all()
    valid = DISTANCES_M[:-1] >= 10.0
    assert (np.diff(seen_db)[valid] > 0.0).all()
    assert (np.diff(obstructed_db)[valid] > 0.0).all()


@pytest.mark.parametrize("model", SCENARIOS[:4])
def test_the_breakpoint_bends_but_does_not_jump(model):
    around_m = model.breakpoint_m * np.array([1.0 - 1e-9, 1.0 + 1e-9])
    assert np.ptp(model.db(around_m, SEEN)) < 1e-6
    far_m = model.breakpoint_m * np.array([100.0, 1000.0])
    assert np.diff(model.db(far_m, SEEN)) == pytest.approx(40.0, abs=0.01)


def test_breakpoint_by_hand():
    assert UrbanMicro(3.5e9).breakpoint_m == pytest.approx(4 * 9 * 0.5 * 3.5e9 / 299_792_458.0)
    assert UrbanMacro(3.5e9).breakpoint_m == pytest.approx(4 * 24 * 0.5 * 3.5e9 / 299_792_458.0)
    assert Indoor(3.5e9).breakpoint_m == float("inf")


def test_nearer_than_the_models_go_is_as_at_their_edge():
    for model in (UrbanMicro(3.5e9), UrbanMacro(3.5e9)):
        assert model.db(np.array(0.0), SEEN) == model.db(np.array(10.0), SEEN)
    level = Indoor(3.5e9, base_height_m=1.0)
    assert level.db(np.array(0.2), SEEN) == pytest.approx(32.4 + 20.0 * np.log10(3.5))


def test_line_of_sight_switches_place_by_place():
    model = UrbanMicro(3.5e9)
    mixed_db = model.db(np.full(2, 100.0), np.array([True, False]))
    np.testing.assert_allclose(mixed_db, [85.31419, 104.64383], atol=1e-5)


@pytest.mark.parametrize(
    ("model", "distance_2d_m", "probability"),
    [
        (UrbanMicro(3.5e9), [0.0, 18.0, 30.0, 100.0, 500.0], [1.0, 1.0, 0.773839, 0.230985, 0.036001]),
        (UrbanMacro(3.5e9), [0.0, 18.0, 30.0, 100.0, 500.0], [1.0, 1.0, 0.848458, 0.347671, 0.036345]),
        (Indoor(3.5e9), [0.0, 1.2, 3.0, 6.5, 20.0, 60.0], [1.0, 1.0, 0.681827, 0.32, 0.211497, 0.062005]),
    ],
)
def test_line_of_sight_probabilities_by_hand(model, distance_2d_m, probability):
    np.testing.assert_allclose(
        model.line_of_sight_probability(np.array(distance_2d_m)), probability, atol=1e-6
    )


@pytest.mark.parametrize(
    ("model", "sigma_db", "correlation_m", "state_m"),
    [
        (UrbanMicro(3.5e9), (7.82, 4.0), (13.0, 10.0), 50.0),
        (UrbanMacro(3.5e9), (6.0, 4.0), (50.0, 37.0), 50.0),
        (Indoor(3.5e9), (8.03, 3.0), (6.0, 10.0), 10.0),
    ],
)
def test_tables_of_shadowing(model, sigma_db, correlation_m, state_m):
    assert tuple(model.shadowing_sigma_db(seen) for seen in (False, True)) == sigma_db
    assert tuple(model.shadowing_correlation_m(seen) for seen in (False, True)) == correlation_m
    assert model.line_of_sight_correlation_m == state_m


@pytest.mark.parametrize(
    ("scenario", "settings", "message"),
    [
        (UrbanMicro, {"carrier_hz": 3.5}, r"carrier frequency must be from 5e\+08 to 1e\+11 Hz, got 3.5"),
        (UrbanMicro, {"device_height_m": 1.0}, "height of the device must be from 1.5 to 22.5 m, got 1.0"),
        (UrbanMacro, {"device_height_m": 20.0}, "height of the device must be from 1.5 to 13 m, got 20.0"),
        (UrbanMacro, {"base_height_m": 1.0}, "higher than 1 m, got 1.0 m"),
        (Indoor, {"base_height_m": -1.0}, "height of the base station must be from 0 to 20 m"),
    ],
)
def test_settings_outside_the_report_are_refused(scenario, settings, message):
    with pytest.raises(ValueError, match=message):
        scenario(**{"carrier_hz": 3.5e9} | settings)
