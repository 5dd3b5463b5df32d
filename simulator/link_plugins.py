"""Blocks of one's own in a link: found by entry point or in a file, made, and watched while they work.

A fading is a class as `coinfer.simulator.link.fading.Fading` describes it, a rate one as
`coinfer.simulator.link.rate.Rate` does. `coinfer.simulator.testing` tries what they must keep to.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coinfer.codecs import registry
from coinfer.codecs.protocol import CodecError
from coinfer.simulator.errors import ScenarioError, suggestion
from coinfer.simulator.link.fading import Fading
from coinfer.simulator.link.rate import Rate
from coinfer.simulator.scenario_channel import Fading as FadingSection
from coinfer.simulator.scenario_link import Link
from coinfer.simulator.scenario_link import Rate as RateSection

FADING_GROUP = "coinfer.fading"
RATE_GROUP = "coinfer.rate"

FloatArray = NDArray[np.float64]


def fading(described: FadingSection, speed_mps: float, bandwidth_hz: float) -> Fading:
    """Make a fading of one's own.

    Args:
        described: The section that names it.
        speed_mps: The speed behind the Doppler shift in metres a second.
        bandwidth_hz: The occupied bandwidth in hertz.

    Raises:
        ScenarioError: There is none of this name, it does not take its settings, or it is no fading.
    """
    link = {"speed_mps": speed_mps, "carrier_hz": described.carrier_hz, "bandwidth_hz": bandwidth_hz}
    name = str(described.plugin)
    made = _made("link.fading", _class("link.fading", FADING_GROUP, name), described.settings, link)
    with _told("link.fading", name):
        if not callable(getattr(made, "gains", None)) or not made.longest_slot_s > 0.0:
            raise TypeError("a fading has gains(slots, slot_s, rng), and longest_slot_s above 0")
        hash(made)  # Traces are kept by the fading they are of.
    return _WatchedFading(made, name)


def rate(described: RateSection, bandwidth_hz: float) -> Rate:
    """Make a rate of one's own.

    Args:
        described: The section that names it.
        bandwidth_hz: The band that is its to use, in hertz.

    Raises:
        ScenarioError: There is none of this name, it does not take its settings, or it is no rate.
    """
    name = str(described.plugin)
    made = _made(
        "link.rate",
        _class("link.rate", RATE_GROUP, name),
        described.settings,
        {"bandwidth_hz": bandwidth_hz},
    )
    if not callable(getattr(made, "bits_per_s", None)):
        raise ScenarioError(f"link.rate.plugin: {name}: a rate has bits_per_s(snr)")
    return _WatchedRate(made, name)


def digests(link: Link) -> dict[str, str]:
    """Tell the content of the files that a link's blocks come from: SHA-256, or version, by plugin."""
    named = {FADING_GROUP: link.fading.plugin, RATE_GROUP: link.rate.plugin}
    return {name: _digest(group, name) for group, name in named.items() if name is not None}


def _digest(group: str, name: str) -> str:
    entry = _entries(group).get(name)
    path = Path(name.rpartition(":")[0])
    if entry is not None:
        return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"


@cache
def _entries(group: str) -> Mapping[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=group)}


def _class(key: str, group: str, name: str) -> Callable[..., Any]:
    with _told(key, name):
        if ".py:" in name:
            found = registry.in_file(name)
        elif name in _entries(group):
            found = _entries(group)[name].load()
        else:
            known = _entries(group)
            hint = suggestion(name, known) if known else f"; nothing is installed under {group}"
            raise ScenarioError(f"{key}.plugin: unknown '{name}'{hint}; or give path/to/file.py:ClassName")
    if not inspect.isclass(found):
        raise ScenarioError(f"{key}.plugin: {name}: no class of this name is there")
    return found


def _made(key: str, made: Callable[..., Any], settings: Mapping[str, Any], link: Mapping[str, float]) -> Any:
    """Call a class with its settings, and with what it wants to know of the link."""
    known = inspect.signature(made).parameters
    own = [name for name in known if name not in link]
    for name in settings:
        if name in link:
            raise ScenarioError(f"{key}.settings.{name}: the link gives it; remove this key")
        if name not in own:
            hint = suggestion(name, own) if own else "; it takes no settings"
            raise ScenarioError(f"{key}.settings.{name}: unknown setting{hint}")
    with _told(key, getattr(made, "__name__", "plugin"), "settings"):
        return made(**{name: value for name, value in link.items() if name in known}, **settings)


@dataclass(frozen=True)
class _WatchedFading:
    """A fading of one's own, whose gains are looked at before they are used."""

    fading: Fading
    name: str

    @property
    def longest_slot_s(self) -> float:
        return self.fading.longest_slot_s

    def gains(self, slots: int, slot_s: float, rng: np.random.Generator) -> FloatArray:
        with _told("link.fading", self.name):
            return _numbers(self.fading.gains(slots, slot_s, rng), (slots,), "gains")


@dataclass(frozen=True)
class _WatchedRate:
    """A rate of one's own, whose rates are looked at before they are used."""

    rate: Rate
    name: str

    def bits_per_s(self, snr: FloatArray) -> FloatArray:
        with _told("link.rate", self.name):
            return _numbers(self.rate.bits_per_s(snr), np.shape(snr), "bits_per_s")


def _numbers(given: object, shape: tuple[int, ...], method: str) -> FloatArray:
    numbers = np.asarray(given, dtype=np.float64)
    if numbers.shape != shape:
        raise ValueError(f"{method} gave shape {numbers.shape}, expected {shape}")
    if not np.all(np.isfinite(numbers) & (numbers >= 0.0)):
        raise ValueError(f"{method} gave NaN, infinity or numbers below 0")
    return numbers


@contextmanager
def _told(key: str, name: str, part: str = "plugin") -> Iterator[None]:
    """Turn what somebody else's code raises into the user's mistake."""
    try:
        yield
    except ScenarioError:
        raise
    except CodecError as error:  # Of the file, which it names.
        raise ScenarioError(f"{key}.{part}: {str(error).removeprefix('plugin ')}") from error
    except Exception as error:
        kind = "" if isinstance(error, TypeError | ValueError) else f"{type(error).__name__}: "
        raise ScenarioError(f"{key}.{part}: {name}: {kind}{error}") from error
