"""Every device with something to send gets the same part of the band."""

from collections.abc import Callable

from simpy import Environment

from coinfer.simulator.link.capacity import Capacity
from coinfer.simulator.link.sharing.shared import SharedUplink
from coinfer.simulator.link.uplink import Notices


class OfdmaUplink(SharedUplink):
    """The n devices with something to send split the band equally, at all times.

    A device sends with all its power however little band it has: in B/n the noise is 1/n, and the SNR n times
    that over B. So the rate is not r(B, snr)/n but r(B/n, n snr), which is more: `capacity_of` must say so.
    The split changes at once when somebody starts or stops; subcarriers are not matched to fading.

    Args:
        env: The simulated time.
        notices: Whom to tell.
        devices: How many there are.
        capacity_of: Gives what the channel of a device carries when a number of devices, itself among them,
            share the band. Asked once for each pair that occurs and kept: traces of S slots may come to
            16 S devices^2 bytes.
    """

    def __init__(
        self,
        env: Environment,
        notices: Notices,
        devices: int,
        capacity_of: Callable[[int, int], Capacity],
    ) -> None:
        super().__init__(env, notices, devices)
        self._capacity_of = capacity_of
        self._capacities: dict[tuple[int, int], Capacity] = {}

    def _part(self, device: int, started_s: float, sharers: int) -> tuple[Capacity, int]:
        capacity = self._capacities.get((device, sharers))
        if capacity is None:
            capacity = self._capacities[device, sharers] = self._capacity_of(device, sharers)
        return capacity, 1
