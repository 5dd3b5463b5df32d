"""One battery of checks for any fading, and one for any rate: what a link expects of a block of one's own.

In a test of your own:

    from coinfer.simulator.testing import FadingBattery
    from two_ray import TwoRay

    class TestTwoRay(FadingBattery):
        block = TwoRay
        settings = {"speed_mps": 1.0, "carrier_hz": 3.5e9}

By hand: `outcome(check, lambda: TwoRay(1.0, 3.5e9))` for each check of `FADING_CHECKS`; `RATE_CHECKS` and
`RateBattery` do the same for rates.
"""

from coinfer.codecs.testing.check import Check, ContractError, DoesNotApply, Outcome, outcome
from coinfer.simulator.testing.battery import FADING_CHECKS, RATE_CHECKS, FadingBattery, RateBattery

__all__ = [
    "FADING_CHECKS",
    "RATE_CHECKS",
    "Check",
    "ContractError",
    "DoesNotApply",
    "FadingBattery",
    "Outcome",
    "RateBattery",
    "outcome",
]
