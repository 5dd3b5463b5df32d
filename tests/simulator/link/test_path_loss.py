import numpy as np
import pytest

from coinfer.simulator.link.path_loss import FreeSpace, LogDistance

DISTANCES_M = np.geomspace(0.1, 5000.0, 500)


@pytest.mark.parametrize(
    ("carrier_hz", "distance_m", "loss_db"),
    # 20 lg(4 pi d f / c); the usual 32.45 + 20 lg(km) + 20 lg(MHz) is the same to 0.01 dB.
    [(3.5e9, 1.0, 43.32914), (3.5e9, 100.0, 83.32914), (1e9, 1000.0, 92.44778)],
)
def test_free_space_by_hand(carrier_hz, distance_m, loss_db):
    assert FreeSpace(carrier_hz).db(np.array(distance_m), np.array(True)) == pytest.approx(loss_db, abs=1e-5)


def test_log_distance_leaves_free_space_at_its_reference():
    model = LogDistance(3.5e9, exponent=3.5, reference_m=10.0)
    distance_m = np.array([1.0, 5.0, 10.0, 100.0, 1000.0])
    free_db = FreeSpace(3.5e9).db(distance_m, np.array(True))
    np.testing.assert_allclose(
        model.db(distance_m, np.array(True)) - free_db, [0, 0, 0, 15.0, 30.0], atol=1e-9
    )


def test_exponent_2_is_free_space():
    model = LogDistance(2e9, exponent=2.0)
    np.testing.assert_array_equal(
        model.db(DISTANCES_M, np.array(True)), FreeSpace(2e9).db(DISTANCES_M, np.array(False))
    )


@pytest.mark.parametrize("model", [FreeSpace(3.5e9), LogDistance(3.5e9, exponent=3.0, reference_m=20.0)])
def test_loss_grows_with_distance_from_1_m_on(model):
    loss_db = model.db(DISTANCES_M, np.array(True))
    near = DISTANCES_M <= 1.0
    assert (loss_db[near] == model.db(np.array(1.0), np.array(True))).all()
    assert (np.diff(loss_db[~near]) > 0.0).all()


def test_surroundings():
    free, model = FreeSpace(1e9), LogDistance(1e9, exponent=3.0, sigma_db=6.0, correlation_m=20.0)
    assert free.line_of_sight_probability(DISTANCES_M).tolist() == [1.0] * 500
    assert model.line_of_sight_probability(DISTANCES_M).tolist() == [1.0] * 500
    for seen in (False, True):
        assert (free.shadowing_sigma_db(seen), free.shadowing_correlation_m(seen)) == (0.0, 0.0)
        assert (model.shadowing_sigma_db(seen), model.shadowing_correlation_m(seen)) == (6.0, 20.0)
    assert free.line_of_sight_correlation_m == model.line_of_sight_correlation_m == 0.0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"carrier_hz": 3.5}, r"carrier frequency must be from 1e\+06 to 1e\+12 Hz, got 3.5"),
        ({"exponent": float("nan")}, "path-loss exponent must be from 1 to 10, got nan"),
        ({"reference_m": 0.0}, "reference distance"),
        ({"sigma_db": -1.0}, "shadowing sigma must be from 0 to 30 dB, got -1.0"),
        ({"correlation_m": 0.0}, "above 0 m, got 0.0 m"),
    ],
)
def test_senseless_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        LogDistance(**{"carrier_hz": 1e9, "exponent": 3.0} | settings)
