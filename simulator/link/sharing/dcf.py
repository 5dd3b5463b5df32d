"""The timing of the distributed coordination function of IEEE 802.11."""

from dataclasses import dataclass, fields
from math import inf

from coinfer.simulator.units import bytes_to_bits


@dataclass(frozen=True)
class Dcf:
    """The parameters of the distributed coordination function, by default of 802.11a/g OFDM at 20 MHz.

    A frame takes `preamble_s`, then `mac_header_bytes` and its part of the payload at the data rate. What
    follows is a SIFS, the ACK and a DIFS; after a collision it is a SIFS, the wait for an ACK, and a DIFS
    (as long as the standard's EIFS). The service and tail bits of a data frame and its padding to whole
    symbols (at most 4 us) are left out, and so is propagation.

    Args:
        slot_s: A backoff slot in seconds.
        sifs_s: The short interframe space in seconds.
        difs_s: The DCF interframe space in seconds, SIFS + 2 slots.
        preamble_s: PHY preamble and header in seconds.
        ack_s: An ACK in seconds: 14 B with 22 service and tail bits fill six symbols of 4 us at the basic
            rate of 6 Mbit/s, after a preamble.
        mac_header_bytes: MAC header 24 B, LLC and SNAP 8 B, frame check sequence 4 B.
        mtu_bytes: The most bytes of a payload in a frame.
        window: The smallest contention window W: backoffs are drawn from 0 to W - 1.
        stages: How many times a collision doubles the window, m.

    Raises:
        ValueError: If a value makes no sense.

    References:
        IEEE Std 802.11-2020, clauses 10.3 (DCF) and 17 (OFDM PHY, its characteristics at 20 MHz).
        G. Bianchi, "Performance analysis of the IEEE 802.11 distributed coordination function", IEEE J. Sel.
        Areas Commun. 18 (2000).
    """

    slot_s: float = 9e-6
    sifs_s: float = 16e-6
    difs_s: float = 34e-6
    preamble_s: float = 20e-6
    ack_s: float = 44e-6
    mac_header_bytes: int = 36
    mtu_bytes: int = 1500
    window: int = 16
    stages: int = 6

    def __post_init__(self) -> None:
        for parameter in fields(self):
            least = 1 if parameter.name in ("mtu_bytes", "window") else 0
            value = getattr(self, parameter.name)
            if not least <= value < inf:
                raise ValueError(f"{parameter.name} must be at least {least}, got {value}")
        if not self.slot_s > 0.0:
            raise ValueError(f"slot_s must be longer than 0 s, got {self.slot_s} s")

    @property
    def after_frame_s(self) -> float:
        """From the end of a frame, or of the longest in a collision, to the next backoff slot."""
        return self.sifs_s + self.ack_s + self.difs_s

    @property
    def mtu_bits(self) -> float:
        """The most bits of a payload in a frame."""
        return bytes_to_bits(self.mtu_bytes)

    @property
    def header_bits(self) -> float:
        """The bits that a frame adds to its part of the payload."""
        return bytes_to_bits(self.mac_header_bytes)

    def window_at(self, stage: int) -> int:
        """Give the contention window after a number of collisions, 2^min(stage, m) W."""
        return self.window << min(stage, self.stages)
