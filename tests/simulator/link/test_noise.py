import numpy as np
import pytest
from scipy import stats

from coinfer.simulator.link.noise import Interference, mean_snr_db, thermal_noise_dbm


@pytest.mark.parametrize(
    ("bandwidth_hz", "noise_dbm"), [(1e6, -108.97519), (10e6, -98.97519), (20e6, -95.96489)]
)
def test_thermal_noise(bandwidth_hz, noise_dbm):
    assert thermal_noise_dbm(bandwidth_hz, noise_figure_db=5.0) == pytest.approx(noise_dbm, abs=5e-6)


def test_noise_of_one_hertz_is_minus_174_dbm():
    assert thermal_noise_dbm(1.0, 0.0) == pytest.approx(-173.975, abs=1e-3)
    assert thermal_noise_dbm(1.0, 0.0, temperature_k=29.0) == pytest.approx(-183.975, abs=1e-3)


def test_link_budget_by_hand():
    # 23 dBm + 3 dB - 100 dB - (-98.97519 dBm) - 2 dB
    snr_db = mean_snr_db(23.0, 3.0, 100.0, bandwidth_hz=10e6, noise_figure_db=5.0, rise_db=2.0)
    assert snr_db == pytest.approx(22.97519, abs=5e-6)
    many_db = mean_snr_db(23.0, 3.0, np.array([100.0, 110.0]), 10e6, 5.0, rise_db=np.array([2.0, 0.0]))
    np.testing.assert_allclose(many_db, [22.97519, 14.97519], atol=5e-6)


def test_no_interference_and_a_fixed_rise():
    time_s, rng = np.linspace(0.0, 1.0, 5), np.random.default_rng(1)
    assert Interference().rise_db_at(time_s, rng).tolist() == [0.0] * 5
    assert Interference(rise_db=3.0).rise_db_at(time_s, rng).tolist() == [3.0] * 5


def test_a_drawn_rise_lasts_one_interval():
    model = Interference(rise_db=20.0, sigma_db=2.0, interval_s=0.5)
    rise_db = model.rise_db_at(np.arange(0.0, 5.0, 0.125), np.random.default_rng(1)).reshape(10, 4)
    assert (rise_db == rise_db[:, :1]).all()
    assert len(set(rise_db[:, 0])) == 10
    sooner_db = model.rise_db_at(np.array([0.0, 0.6]), np.random.default_rng(1))
    assert sooner_db.tolist() == rise_db[:2, 0].tolist()


def test_a_drawn_rise_is_normal_in_db_and_never_below_0():
    time_s = np.arange(20_000.0)
    draw = Interference(rise_db=30.0, sigma_db=3.0, interval_s=1.0).rise_db_at
    assert stats.kstest(draw(time_s, np.random.default_rng(1)), "norm", args=(30.0, 3.0)).pvalue > 1e-4

    cut_db = Interference(rise_db=2.0, sigma_db=3.0, interval_s=1.0).rise_db_at(
        time_s, np.random.default_rng(2)
    )
    assert cut_db.min() == 0.0
    # Exact counts: P(0) = Phi(-2/3), and the median is still 2 dB.
    assert stats.binomtest(int((cut_db == 0.0).sum()), 20_000, stats.norm.cdf(-2.0 / 3.0)).pvalue > 1e-4
    assert stats.binomtest(int((cut_db < 2.0).sum()), 20_000, 0.5).pvalue > 1e-4


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: thermal_noise_dbm(0.0, 5.0), "must be above 0, got 0.0 Hz and 290.0 K"),
        (lambda: Interference(rise_db=-1.0), "at least 0 dB, got -1.0 dB"),
        (lambda: Interference(interval_s=0.0), "above 0 s, got 0.0 s"),
        (
            lambda: Interference(sigma_db=1.0).rise_db_at(np.array([-1.0]), np.random.default_rng(1)),
            "at least 0 s, got -1.0 s",
        ),
    ],
)
def test_senseless_settings_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
