"""The batteries pass the link's own blocks, and each check fails a block that breaks its rule."""

import importlib.util
from functools import partial
from pathlib import Path

import pytest

from coinfer.simulator.link.fading import NoFading
from coinfer.simulator.link.nr import NrRate
from coinfer.simulator.link.rate import ShannonRate
from coinfer.simulator.link.rician import Rician
from coinfer.simulator.link.wideband import Wideband
from coinfer.simulator.testing import FADING_CHECKS, RATE_CHECKS, FadingBattery, RateBattery, outcome

FILE = Path(__file__).with_name("broken_blocks.py")
CHECKS = {"fading": FADING_CHECKS, "rate": RATE_CHECKS}

BROKEN = [
    ("fading", "form", "Decibels", "a gain is below 0 or not finite"),
    ("fading", "form", "Single", "gains of 1 slots are float32 (1,): return float64 of shape (1,)"),
    ("fading", "form", "Instant", "longest_slot_s is 0.0"),
    ("fading", "value", "Identity", "two blocks of the same settings differ"),
    ("fading", "value", "Unhashable", "unhashable type"),
    ("fading", "mean", "Louder", "the mean gain is 1.0"),
    ("fading", "mean", "Ramped", "the mean gain in the first slot is 0."),
    ("fading", "determinism", "Global", "the same seed gave other gains"),
    ("fading", "determinism", "Remembering", "the same seed gave other gains"),
    ("fading", "streams", "Shared", "gains of two devices have the covariance"),
    ("fading", "slot", "Coarse", "the block raised ValueError: slots of 0.02 s are too long"),
    ("fading", "slot", "White", "from slot to slot of longest_slot_s the correlation is"),
    ("fading", "seconds", "Slotwise", "let fades last seconds, not slots"),
    ("fading", "repeats", "Torn", "where the trace repeats the gain jumps"),
    ("rate", "form", "Flat", "ratios of shape () gave float64 of shape (1,)"),
    ("rate", "form", "Overwriting", "bits_per_s changed the ratios"),
    ("rate", "value", "OtherRate", "two blocks of the same settings differ"),
    ("rate", "finite", "InDecibels", "a rate is below 0 or not finite"),
    ("rate", "finite", "Silent", "the rate is 0 at every ratio"),
    ("rate", "monotone", "Saturating", "the rate falls where the ratio rises, from 40.0 dB on"),
    ("rate", "memory", "Smoothed", "the same ratio gave another rate"),
    ("rate", "capacity", "Kilohertz", "above the capacity of"),
    ("rate", "bands", "FixedPower", "half of the band carries more than the whole"),
]


@pytest.fixture(scope="module")
def broken():
    spec = importlib.util.spec_from_file_location("broken_blocks", FILE)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(__import__("sys").modules, "broken_blocks", module)
        spec.loader.exec_module(module)
        yield module


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("kind", "rule", "block", "reason"), BROKEN, ids=[name for _, _, name, _ in BROKEN])
def test_a_broken_block_fails(broken, kind, rule, block, reason):
    (check,) = (check for check in CHECKS[kind] if check.name == rule)
    found = outcome(check, getattr(broken, block))
    assert (found.verdict, reason in found.reason) == ("FAIL", True), found.reason


def test_every_check_is_seen_to_fail():
    assert {(kind, rule) for kind, rule, _, _ in BROKEN} == {
        (kind, check.name) for kind, checks in CHECKS.items() for check in checks
    }


def test_a_channel_that_stands_still():
    verdicts = {check.name: outcome(check, NoFading).verdict for check in FADING_CHECKS}
    assert [name for name, verdict in verdicts.items() if verdict == "no"] == [
        "streams",
        "slot",
        "seconds",
        "repeats",
    ]
    assert "FAIL" not in verdicts.values()


class TestRician(FadingBattery):
    block = Rician
    settings = {"speed_mps": 20.0, "carrier_hz": 2.4e9, "k_db": 6.0}  # noqa: RUF012


class TestWideband(FadingBattery):
    block = partial(Wideband, 1.0, 3.5e9)
    settings = {"bandwidth_hz": 20e6, "rms_delay_spread_s": 1e-7}  # noqa: RUF012


class TestNrRate(RateBattery):
    block = NrRate


class TestShannonRate(RateBattery):
    block = ShannonRate
    settings = {"gap_db": 3.0, "cap_bps_per_hz": 7.4}  # noqa: RUF012
