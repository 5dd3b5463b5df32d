"""Time-division duplex: which slots carry the uplink."""

from dataclasses import dataclass
from functools import cached_property
from math import inf


@dataclass(frozen=True)
class TddPattern:
    """A pattern of slots, repeated for ever from slot 0 on.

    Args:
        pattern: A letter a slot: D (downlink), U (uplink) or S (special: guard time, carries nothing here).
            "U" alone is the uplink of frequency-division duplex.
        slot_s: The length of a slot in seconds.

    Raises:
        ValueError: If the pattern has other letters or no U, or the slot has no length.

    References:
        3GPP TS 38.213, section 11.1; DDDSU is the usual pattern of the 3.5 GHz band.

    Examples:
        >>> tdd = TddPattern("DDDSU", slot_s=0.5e-3)
        >>> tdd.share, tdd.next_uplink(4), tdd.next_uplink(5)
        (0.2, 4, 9)
    """

    pattern: str
    slot_s: float

    def __post_init__(self) -> None:
        if not set(self.pattern) <= set("DSU"):
            raise ValueError(f"a TDD pattern is made of the letters D, S and U, got {self.pattern!r}")
        if "U" not in self.pattern:
            raise ValueError(f"a TDD pattern needs an uplink slot (U), got {self.pattern!r}")
        if not 0.0 < self.slot_s < inf:
            raise ValueError(f"a slot must last longer than 0 s, got {self.slot_s} s")

    @property
    def share(self) -> float:
        """The part of the slots that carries the uplink."""
        return self.pattern.count("U") / len(self.pattern)

    @cached_property
    def waits(self) -> tuple[int, ...]:
        """How many slots pass from each slot of the pattern until an uplink slot; 0 in an uplink slot."""
        twice = self.pattern * 2
        return tuple(twice.index("U", slot) - slot for slot in range(len(self.pattern)))

    def next_uplink(self, slot: int) -> int:
        """Give the first uplink slot from `slot` on."""
        return slot + self.waits[slot % len(self.pattern)]
