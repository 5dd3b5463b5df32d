"""The checks of both kinds of block, and test classes for pytest that run them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from coinfer.simulator.testing import fading_checks, rate_checks
from coinfer.simulator.testing.check import Check
from coinfer.simulator.testing.value_checks import value

if TYPE_CHECKING:
    import pytest

_VALUE = Check("value", "Equal settings make equal blocks, which hash alike and pickle.", value)

FADING_CHECKS = (
    Check("form", "Gains are finite float64 from 0 up, one a slot.", fading_checks.form),
    _VALUE,
    Check("mean", "The mean gain over all traces is 1, in every slot.", fading_checks.mean),
    Check("determinism", "The generator given decides, and nothing else.", fading_checks.determinism),
    Check("streams", "Devices with generators of their own fade apart.", fading_checks.streams),
    Check("slot", "In the longest slot that is stated, the gain hardly changes.", fading_checks.slot),
    Check("seconds", "Fades last seconds, whatever the length of a slot.", fading_checks.seconds),
    Check("repeats", "A trace leads from its end to its start without a jump.", fading_checks.repeats),
)

RATE_CHECKS = (
    Check("form", "Rates are float64 of the shape of the ratios.", rate_checks.form),
    Check(_VALUE.name, _VALUE.rule, rate_checks.value),
    Check("finite", "Rates are finite and at least 0, and not all 0.", rate_checks.finite),
    Check("monotone", "A better signal never carries less.", rate_checks.monotone),
    Check("memory", "A rate depends on its own ratio, and nothing else.", rate_checks.memory),
    Check("capacity", "One stream carries at most Shannon's capacity.", rate_checks.capacity),
    Check("bands", "From 0 dB on, half of the band carries no more than the whole.", rate_checks.bands),
)


class _Battery:
    """Checks as tests of one class.

    Attributes:
        block: The class under test, or a function that makes blocks.
        settings: What it is called with, by name.
    """

    block: ClassVar[Callable[..., Any]]
    settings: ClassVar[Mapping[str, Any]] = {}
    _checks: ClassVar[tuple[Check, ...]]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Make a test of each check."""
        if "check" in metafunc.fixturenames:
            metafunc.parametrize("check", self._checks, ids=[check.name for check in self._checks])

    def test_contract(self, check: Check) -> None:
        """Run a check."""
        check(partial(type(self).block, **self.settings))


class FadingBattery(_Battery):
    """All checks of a fading as one test class for pytest; see `coinfer.simulator.testing`."""

    _checks = FADING_CHECKS


class RateBattery(_Battery):
    """All checks of a rate as one test class for pytest; `bandwidth_hz` is no part of its settings."""

    _checks = RATE_CHECKS
