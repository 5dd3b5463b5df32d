"""Slots to whom they suit best, in proportion."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf


@dataclass
class ProportionalFair:
    """Give each slot to the device whose rate is highest in proportion to what it has been served.

    Slot t goes to argmax r_i(t) / R_i(t), ties to the lower device; then
    R_i(t + 1) = (1 - 1/t_c) R_i(t) + (1/t_c) r_i(t) [i was chosen]. R_i starts at 0, and such a device comes
    first. Slots in which nobody was ready are not counted; a device that was not ready counts as not served.

    Args:
        time_constant_slots: The memory t_c of the average in slots, at least 1. Longer gains more from
            fading and shares less evenly over short times; for HDR 1000 slots of 1.67 ms are quoted, which we
            could not check.

    Raises:
        ValueError: If the memory is shorter than a slot.

    References:
        A. Jalali, R. Padovani and R. Pankaj, "Data throughput of CDMA-HDR", Proc. IEEE VTC (2000).
        P. Viswanath, D. Tse and R. Laroia, "Opportunistic beamforming using dumb antennas", IEEE Trans. Inf.
        Theory 48 (2002), section II.
    """

    time_constant_slots: float = 100.0
    _served_bps: dict[int, float] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.time_constant_slots >= 1.0:
            raise ValueError(f"time_constant_slots must be at least 1, got {self.time_constant_slots}")

    def choose(self, ready: Sequence[int], rate_bps: Callable[[int], float]) -> int:
        """Choose the device that gets a slot; see `Policy.choose`."""
        served_bps = self._served_bps
        best, best_bps, best_merit = -1, 0.0, -inf
        for device in ready:
            device_bps = rate_bps(device)
            average_bps = served_bps.get(device, 0.0)
            merit = device_bps / average_bps if average_bps > 0.0 else inf
            if merit > best_merit:
                best, best_bps, best_merit = device, device_bps, merit
        kept = 1.0 - 1.0 / self.time_constant_slots
        for device in served_bps:
            served_bps[device] *= kept
        served_bps[best] = served_bps.get(best, 0.0) + best_bps / self.time_constant_slots
        return best
