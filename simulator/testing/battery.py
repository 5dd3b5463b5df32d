"""The checks of both kinds of block, and test classes for pytest that run them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from coinfer.codecs.testing.check import Battery, Check
from coinfer.simulator.testing import fading_checks, rate_checks
from coinfer.simulator.testing.value_checks import value

Make = Callable[..., Any]
"""Makes a block anew, always the same; a rate for the band given as `bandwidth_hz`."""


class BlockCheck(Check[Make]):
    """One rule of the contract of a link's block."""

    kind = "block"


_VALUE = BlockCheck("value", "Equal settings make equal blocks, which hash alike and pickle.", value)

FADING_CHECKS = (
    BlockCheck("form", "Gains are finite float64 from 0 up, one a slot.", fading_checks.form),
    _VALUE,
    BlockCheck("mean", "The mean gain over all traces is 1, in every slot.", fading_checks.mean),
    BlockCheck("determinism", "The generator given decides, and nothing else.", fading_checks.determinism),
    BlockCheck("streams", "Devices with generators of their own fade apart.", fading_checks.streams),
    BlockCheck("slot", "In the longest slot that is stated, the gain hardly changes.", fading_checks.slot),
    BlockCheck("seconds", "Fades last seconds, whatever the length of a slot.", fading_checks.seconds),
    BlockCheck("repeats", "A trace leads from its end to its start without a jump.", fading_checks.repeats),
)

RATE_CHECKS = (
    BlockCheck("form", "Rates are float64 of the shape of the ratios.", rate_checks.form),
    BlockCheck(_VALUE.name, _VALUE.rule, rate_checks.value),
    BlockCheck("finite", "Rates are finite and at least 0, and not all 0.", rate_checks.finite),
    BlockCheck("monotone", "A better signal never carries less.", rate_checks.monotone),
    BlockCheck("memory", "A rate depends on its own ratio, and nothing else.", rate_checks.memory),
    BlockCheck("capacity", "One stream carries at most Shannon's capacity.", rate_checks.capacity),
    BlockCheck("bands", "From 0 dB on, half of the band carries no more than the whole.", rate_checks.bands),
)


class _BlockBattery(Battery):
    """Checks as tests of one class.

    Attributes:
        block: The class under test, or a function that makes blocks.
        settings: What it is called with, by name.
    """

    block: ClassVar[Callable[..., Any]]
    settings: ClassVar[Mapping[str, Any]] = {}

    def subject(self) -> Make:
        """Give what makes the block."""
        return partial(type(self).block, **self.settings)


class FadingBattery(_BlockBattery):
    """All checks of a fading as one test class for pytest; see `coinfer.simulator.testing`."""

    checks = FADING_CHECKS


class RateBattery(_BlockBattery):
    """All checks of a rate as one test class for pytest; `bandwidth_hz` is no part of its settings."""

    checks = RATE_CHECKS
