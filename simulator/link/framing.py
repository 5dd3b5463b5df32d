"""How a payload is cut into packets, and what their headers add to the air."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Framing:
    """Packets of at most `mtu_bytes`, each with a header.

    A payload of L bytes takes n = ceil(L / (mtu - header)) packets, and L + n header bytes on the air. The
    headers of a radio's own layers are not counted here: they belong to the efficiency of its rate.

    Args:
        mtu_bytes: The largest packet, header included. 1400 leaves room for a tunnel in Ethernet's 1500.
        header_bytes: The header of a packet. 48 is IPv6 (40) and UDP (8), without header compression.

    Raises:
        ValueError: If the header is negative, or leaves no room for payload.

    References:
        RFC 8200 (2017), section 3, the IPv6 header; RFC 768 (1980), the UDP header.

    Examples:
        >>> Framing().on_air_bytes(np.array([0, 1, 1352, 1353])).tolist()
        [0, 49, 1400, 1449]
    """

    mtu_bytes: int = 1400
    header_bytes: int = 48

    def __post_init__(self) -> None:
        if not 0 <= self.header_bytes < self.mtu_bytes:
            raise ValueError(
                f"a header must have at least 0 bytes and fewer than the MTU of {self.mtu_bytes} bytes, "
                f"got {self.header_bytes} bytes"
            )

    @property
    def room_bytes(self) -> int:
        """The most payload that a packet carries, in bytes."""
        return self.mtu_bytes - self.header_bytes

    def packets(self, payload_bytes: NDArray[np.integer]) -> NDArray[np.int64]:
        """Give the number of packets of each payload; a payload of 0 bytes sends nothing.

        Args:
            payload_bytes: Sizes in bytes, of any shape.

        Returns:
            Numbers of packets, of the same shape.
        """
        return -(-np.asarray(payload_bytes, dtype=np.int64) // self.room_bytes)

    def on_air_bytes(self, payload_bytes: NDArray[np.integer]) -> NDArray[np.int64]:
        """Give the size of each payload with the headers of its packets.

        Args:
            payload_bytes: Sizes in bytes, of any shape.

        Returns:
            Bytes, of the same shape.
        """
        sizes = np.asarray(payload_bytes, dtype=np.int64)
        return sizes + self.header_bytes * self.packets(sizes)
