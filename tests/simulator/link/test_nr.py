import numpy as np
import pytest

from coinfer.simulator.link.adaptation import LinkAdaptation
from coinfer.simulator.link.nr import NrRate
from coinfer.simulator.units import db_to_linear


@pytest.mark.parametrize(
    ("bandwidth_hz", "spacing_hz", "prbs", "slot_s"),
    [
        # The largest allocations of TS 38.101-1, Table 5.3.2-1, for channels of 20, 20, 40 and 100 MHz.
        (106 * 12 * 15e3, 15e3, 106, 1e-3),
        (18.36e6, 30e3, 51, 0.5e-3),
        (51 * 12 * 60e3, 60e3, 51, 0.25e-3),
        (66 * 12 * 120e3 + 1e6, 120e3, 66, 0.125e-3),
    ],
)
def test_resource_blocks_and_slots(bandwidth_hz, spacing_hz, prbs, slot_s):
    rate = NrRate(bandwidth_hz, spacing_hz)
    assert rate.prbs == prbs
    assert rate.slot_s == slot_s


@pytest.mark.parametrize("table", [1, 2])
def test_the_best_scheme_at_each_ratio(table):
    snr_db = np.random.default_rng(1).uniform(-25.0, 40.0, 500)
    adaptation = LinkAdaptation(51, table)
    sizes_bits = np.array(adaptation.sizes_bits)
    failures = np.stack([errors.rates(db_to_linear(snr_db)) for errors in adaptation.errors])
    best_bps = (sizes_bits[:, np.newaxis] * (1.0 - failures)).max(axis=0) / 0.5e-3
    rate_bps = NrRate(18.36e6, table=table).bits_per_s(db_to_linear(snr_db))
    # Linear interpolation over steps of 0.01 dB.
    np.testing.assert_allclose(rate_bps, best_bps, rtol=0.0, atol=1e-3 * best_bps.max())


def test_the_rate_rises_from_nothing_to_the_largest_block():
    rate = NrRate(18.36e6, table=2)
    rate_bps = rate.bits_per_s(np.array([0.0, 1e-3, *db_to_linear(np.arange(-20.0, 40.0)), 1e6]))
    assert (np.diff(rate_bps) >= 0.0).all()
    assert rate_bps[1] == pytest.approx(0.0, abs=1.0)
    assert rate_bps[-1] == 59432 / 0.5e-3


def test_the_rate_stays_below_capacity():
    snr = db_to_linear(np.arange(-10.0, 40.0))
    assert (NrRate(18.36e6, table=2).bits_per_s(snr) < 18.36e6 * np.log2(1.0 + snr)).all()


def test_impossible_carriers_are_refused():
    with pytest.raises(ValueError, match=r"takes 360000\.0 Hz, got 100000\.0 Hz"):
        NrRate(1e5)
    with pytest.raises(ValueError, match=r"apart, got 20000\.0 Hz"):
        NrRate(1e6, subcarrier_spacing_hz=20e3)
    with pytest.raises(ValueError, match="no MCS table 4"):
        NrRate(1e6, table=4)
