"""Replay of a recorded link: a CSV of signal-to-noise ratios or rates, as a modem or iperf gives them."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, inf
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from coinfer.simulator.errors import TraceError, suggestion
from coinfer.simulator.link.capacity import ConstantRate

FloatArray = NDArray[np.float64]

HEADERS = "'time_s,snr_db' or 'time_s,rate_bps'"

_RANGES = {"time_s": (-1e12, 1e12), "snr_db": (-300.0, 300.0), "rate_bps": (0.0, 1e15)}
"""What a column may hold: beyond it a value is of another unit, and no float arithmetic holds."""


@dataclass(frozen=True, eq=False)
class Recording:
    """What was recorded: each value holds from its time on until the next row's.

    The last row lasts the median step, and the whole repeats for ever. Only differences of times count, so
    a clock may start anywhere.

    Args:
        time_s: Times, `[rows]`, ascending, in seconds.
        snr_db: The instantaneous signal-to-noise ratios, `[rows]`, in dB; None where rates were recorded.
        rate_bps: The rates, `[rows]`, in bits a second; None where ratios were recorded.
    """

    time_s: FloatArray
    snr_db: FloatArray | None = None
    rate_bps: FloatArray | None = None

    @property
    def edges_s(self) -> FloatArray:
        """When each row begins, and when the last one ends, `[rows + 1]`, in seconds from the first row."""
        start_s = self.time_s - self.time_s[0]
        return np.append(start_s, start_s[-1] + np.median(np.diff(start_s)))


def read_recording(path: Path, max_gap_factor: float = 10.0) -> Recording:
    """Read a recording: a header, then a row for each time; blank lines and lines with # are skipped.

    Args:
        path: UTF-8 text with values between commas, the columns `time_s` and one of `snr_db` and `rate_bps`.
        max_gap_factor: The longest step between two rows, as a multiple of the median step.

    Raises:
        TraceError: The file is not there or not such a recording; one line with the file, the line, what was
            expected, what came, and what to do.
    """
    rows = _rows(path.name, _text(path))
    line, header = next(rows, (1, []))
    columns = _columns(f"{path.name}: line {line}", header)
    read = [(line, _values(f"{path.name}: line {line}", columns, cells)) for line, cells in rows]
    if len(read) < 2:
        raise TraceError(
            f"{path.name}: expected at least 2 rows of values, got {len(read)}; record for longer"
        )
    values = dict(zip(columns, np.array([row for _, row in read]).T, strict=True))
    _check_steps(path.name, [line for line, _ in read], values["time_s"], max_gap_factor)
    if "rate_bps" in values and not values["rate_bps"].any():
        raise TraceError(
            f"{path.name}: rate_bps: expected a rate above 0 somewhere, got 0 in all {len(read)} rows; "
            f"record a link that carries something"
        )
    return Recording(**{name: np.ascontiguousarray(column) for name, column in values.items()})


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise TraceError(f"{path}: cannot be read ({error.strerror}); give the path of a CSV file") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise TraceError(
            f"{path.name}: line {line}: expected UTF-8 text, got byte 0x{raw[error.start]:02x}; "
            f"export the recording as CSV in UTF-8"
        ) from error


def _rows(name: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """Give the line number and the cells of each line that holds some."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, [cell.strip().strip('"') for cell in line.split(",")]


def _columns(where: str, header: list[str]) -> list[str]:
    for name in header:
        if name not in _RANGES:
            raise TraceError(
                f"{where}: unknown column {_shown(name)}{suggestion(name, _RANGES)}; "
                f"expected the header {HEADERS}, separated by commas"
            )
    if sorted(header) not in (["snr_db", "time_s"], ["rate_bps", "time_s"]):
        raise TraceError(
            f"{where}: expected the header {HEADERS}, got {_shown(','.join(header))}; "
            f"keep the time and one other column"
        )
    return header


def _values(where: str, columns: list[str], cells: list[str]) -> list[float]:
    if len(cells) != len(columns):
        raise TraceError(
            f"{where}: expected {len(columns)} values, got {len(cells)}; mend or remove the row, "
            f"and write decimals with a point"
        )
    return [_value(f"{where}: {name}", name, cell) for name, cell in zip(columns, cells, strict=True)]


def _value(where: str, name: str, cell: str) -> float:
    lowest, highest = _RANGES[name]
    try:
        value = float(cell)
    except ValueError as error:
        raise TraceError(f"{where}: expected a number, got {_shown(cell)}; mend or remove the row") from error
    if not lowest <= value <= highest:
        raise TraceError(
            f"{where}: expected a number from {lowest:g} to {highest:g}, got {_shown(cell)}; "
            f"mend or remove the row"
        )
    return value


def _check_steps(file: str, lines: list[int], time_s: FloatArray, max_gap_factor: float) -> None:
    """Refuse times out of order, and gaps that nothing was recorded in."""
    steps_s = np.diff(time_s)
    median_s = float(np.median(steps_s))
    for row in np.flatnonzero(steps_s <= 0.0)[:1]:
        raise TraceError(
            f"{file}: line {lines[row + 1]}: time_s: expected a time after {time_s[row]} s, "
            f"got {time_s[row + 1]} s; sort the rows by time and keep one for each time"
        )
    for row in np.flatnonzero(steps_s > max_gap_factor * median_s * (1.0 + 1e-9))[:1]:
        raise TraceError(
            f"{file}: line {lines[row + 1]}: time_s: expected at most {max_gap_factor:g} times the median "
            f"step of {median_s:g} s after {time_s[row]} s, got a gap of {steps_s[row]:g} s; "
            f"fill the gap, or cut the recording there"
        )


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}...")


class StepCapacity:
    """A rate for each step of its own length, repeated for ever: `CapacityTrace` with unequal slots.

    Args:
        edges_s: When each step begins and the last one ends, `[steps + 1]`, ascending from 0, in seconds.
        rates_bps: The rate in each step, `[steps]`, in bits a second.

    Raises:
        ValueError: If the edges do not ascend from 0 or are not one more than the rates, if a rate is
            negative or not finite, or if all rates are 0.
    """

    def __init__(self, edges_s: FloatArray, rates_bps: FloatArray) -> None:
        edges_s = np.ascontiguousarray(edges_s, dtype=np.float64)
        rates_bps = np.ascontiguousarray(rates_bps, dtype=np.float64)
        if rates_bps.ndim != 1 or not len(rates_bps) or edges_s.shape != (len(rates_bps) + 1,):
            raise ValueError(
                f"steps need one edge more than rates, got {edges_s.shape} and {rates_bps.shape}"
            )
        if edges_s[0] != 0.0 or not (np.diff(edges_s) > 0.0).all() or not edges_s[-1] < inf:
            raise ValueError("the edges of steps must ascend from 0 s and be finite")
        if not (np.isfinite(rates_bps).all() and (rates_bps >= 0.0).all()):
            raise ValueError("every rate must be finite and at least 0 bit/s")
        edges_bits = np.concatenate(([0.0], np.cumsum(rates_bps * np.diff(edges_s))))
        if not edges_bits[-1] > 0.0:
            raise ValueError(f"the link carries nothing: its rate is 0 in all {len(rates_bps)} steps")
        self.edges_s = edges_s
        self.rates_bps = rates_bps
        self.period_s = float(edges_s[-1])
        self._edges_bits = edges_bits
        self._period_bits = float(edges_bits[-1])
        # Memoryviews read plain floats; see CapacityTrace.
        self._starts, self._rates, self._edges = edges_s[:-1].data, rates_bps.data, edges_bits.data

    def slot_index(self, time_s: FloatArray) -> NDArray[np.int64]:
        """Give the step in which each time falls, of the same shape."""
        offset_s = np.mod(time_s, self.period_s)
        return np.asarray(np.searchsorted(self.edges_s[:-1], offset_s, side="right") - 1, dtype=np.int64)

    def work_bits(self, time_s: FloatArray) -> FloatArray:
        """Give W(t), the bits that the link can carry from time 0 until each time, of the same shape."""
        periods, offset_s = np.divmod(time_s, self.period_s)
        step = self.slot_index(offset_s)
        partial_bits = (offset_s - self.edges_s[step]) * self.rates_bps[step]
        return np.asarray(periods * self._period_bits + self._edges_bits[step] + partial_bits)

    def time_s(self, work_bits: FloatArray) -> FloatArray:
        """Give W^-1(w), the earliest time at which each number of bits can be through, of the same shape."""
        work_bits = np.asarray(work_bits, dtype=np.float64)
        periods = np.maximum(np.ceil(work_bits / self._period_bits) - 1.0, 0.0)
        # Rounding may leave an ulp more than a period holds, which a last step at rate 0 would never carry.
        rest_bits = np.minimum(work_bits - periods * self._period_bits, self._period_bits)
        step = np.clip(np.searchsorted(self._edges_bits, rest_bits) - 1, 0, len(self.rates_bps) - 1)
        partial_bits = rest_bits - self._edges_bits[step]
        partial_s = np.divide(
            partial_bits, self.rates_bps[step], out=np.zeros_like(rest_bits), where=partial_bits > 0.0
        )
        return np.asarray(periods * self.period_s + self.edges_s[step] + partial_s)

    def finish_s(self, start_s: float, bits: float, until_s: float = inf) -> float:
        """Give W^-1(W(start) + bits) for one payload, on plain floats; see `Capacity.finish_s`."""
        if bits <= 0.0:
            return start_s
        start_periods, start_bits = self._locate(start_s)
        target_bits = start_bits + bits
        periods = max(ceil(target_bits / self._period_bits) - 1, 0)
        rest_bits = min(target_bits - periods * self._period_bits, self._period_bits)
        step = min(max(bisect_left(self._edges, rest_bits) - 1, 0), len(self._rates) - 1)
        partial_bits = rest_bits - self._edges[step]
        partial_s = partial_bits / self._rates[step] if partial_bits > 0.0 else 0.0
        return max((start_periods + periods) * self.period_s + self._starts[step] + partial_s, start_s)

    def sent_bits(self, start_s: float, end_s: float) -> float:
        """Give W(end) - W(start), the bits that cross between two times, on plain floats."""
        start_periods, start_bits = self._locate(start_s)
        end_periods, end_bits = self._locate(end_s)
        return (end_periods - start_periods) * self._period_bits + end_bits - start_bits

    def frozen_at(self, time_s: float) -> ConstantRate:
        """Give a channel that keeps for ever the rate of this one at a time."""
        return ConstantRate(self._rates[bisect_right(self._starts, time_s % self.period_s) - 1])

    def _locate(self, time_s: float) -> tuple[float, float]:
        """Give the whole periods before a time, and the bits carried since the last of them ended."""
        periods, offset_s = divmod(time_s, self.period_s)
        step = bisect_right(self._starts, offset_s) - 1
        return periods, self._edges[step] + (offset_s - self._starts[step]) * self._rates[step]
