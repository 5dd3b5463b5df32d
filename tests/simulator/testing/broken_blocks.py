"""Blocks that each break one rule of `coinfer.simulator.testing`."""

from dataclasses import dataclass

import numpy as np

from coinfer.simulator.link.fading import Rayleigh
from coinfer.simulator.link.rate import ShannonRate


@dataclass(frozen=True)
class Sound(Rayleigh):
    speed_mps: float = 1.0
    carrier_hz: float = 3.5e9


class Decibels(Sound):
    def gains(self, slots, slot_s, rng):
        return 10.0 * np.log10(super().gains(slots, slot_s, rng))


class Single(Sound):
    def gains(self, slots, slot_s, rng):
        return super().gains(slots, slot_s, rng).astype(np.float32)


class Instant(Sound):
    longest_slot_s = 0.0


class Identity(Sound):
    __eq__ = object.__eq__
    __hash__ = object.__hash__


class Unhashable(Sound):
    __hash__ = None


class Louder(Sound):
    def gains(self, slots, slot_s, rng):
        return 1.1 * super().gains(slots, slot_s, rng)


class Ramped(Sound):
    """The mean over a trace is right, and that in its middle is not."""

    def gains(self, slots, slot_s, rng):
        ramp = 1.0 - 0.9 * np.cos(2.0 * np.pi * np.arange(slots) / slots)
        return ramp * super().gains(slots, slot_s, rng)


class Global(Sound):
    def gains(self, slots, slot_s, rng):
        return super().gains(slots, slot_s, np.random.default_rng(np.random.randint(2**31)))  # noqa: NPY002


class Remembering(Sound):
    drawn = 0

    def gains(self, slots, slot_s, rng):
        type(self).drawn += 1
        return super().gains(slots, slot_s, np.random.default_rng(self.drawn))


class Shared(Sound):
    """All devices fade alike."""

    def gains(self, slots, slot_s, rng):
        return super().gains(slots, slot_s, np.random.default_rng(7))


class Coarse(Sound):
    longest_slot_s = 0.02


class White(Sound):
    """A gain of its own in every slot: no correlation at all."""

    def gains(self, slots, slot_s, rng):
        return rng.exponential(size=slots)


class Slotwise(Sound):
    """Fades last so many slots, however long these are."""

    def gains(self, slots, slot_s, rng):
        return super().gains(slots, self.longest_slot_s, rng)


class Torn(Sound):
    """A part of a longer trace, which does not close."""

    def gains(self, slots, slot_s, rng):
        return super().gains(2 * slots, slot_s, rng)[:slots]


class OtherRate(ShannonRate):
    __eq__ = object.__eq__
    __hash__ = object.__hash__


class InDecibels(ShannonRate):
    def bits_per_s(self, snr):
        return super().bits_per_s(10.0 * np.log10(np.maximum(snr, 1e-300)))


class Flat(ShannonRate):
    def bits_per_s(self, snr):
        return np.atleast_1d(super().bits_per_s(snr))


class Overwriting(ShannonRate):
    def bits_per_s(self, snr):
        rates = super().bits_per_s(snr)
        snr *= 0.5
        return rates


class Silent(ShannonRate):
    def bits_per_s(self, snr):
        return np.zeros_like(snr)


class Saturating(ShannonRate):
    """A receiver that is overdriven."""

    def bits_per_s(self, snr):
        return super().bits_per_s(np.minimum(snr, 1e8 / np.maximum(snr, 1.0)))


class Smoothed(ShannonRate):
    def bits_per_s(self, snr):
        return super().bits_per_s(np.maximum.accumulate(np.atleast_1d(snr)).reshape(np.shape(snr)))


class Kilohertz(ShannonRate):
    def bits_per_s(self, snr):
        return 1e3 * super().bits_per_s(snr)


class FixedPower(ShannonRate):
    """Half of the band, and four times the rate."""

    def bits_per_s(self, snr):
        return super().bits_per_s(snr) * min((1e7 / self.bandwidth_hz) ** 2, 1.0)
