"""What theory says of saturated stations that contend by 802.11's rules."""

from typing import NamedTuple

from scipy.optimize import brentq

from coinfer.simulator.link.sharing.dcf import Dcf


class Contention(NamedTuple):
    """The fixed point of Bianchi's model.

    Attributes:
        tau: The probability that a station sends in a slot.
        collision: The probability that a frame collides, p.
    """

    tau: float
    collision: float


def bianchi(stations: int, window: int = 16, stages: int = 6) -> Contention:
    """Solve p = 1 - (1 - tau(p))^(n - 1) for stations that always have a frame to send.

    tau(p) = 2 / (1 + W + p W sum_{i < m} (2 p)^i), Bianchi's equation (7) with the fraction written out as a
    sum, so that p = 1/2 is no exception. The model takes collisions for independent of the past; its error
    in p is below a few percent, largest for few stations.

    Args:
        stations: Their number n, at least 1.
        window: The smallest contention window W.
        stages: How many times a collision doubles it, m.

    Returns:
        tau and p.

    Raises:
        ValueError: If there is no station, or no window.

    References:
        G. Bianchi, IEEE J. Sel. Areas Commun. 18 (2000) 535-547, equations (7) and (9).

    Examples:
        >>> bianchi(stations=1, window=15)
        Contention(tau=0.125, collision=0.0)
    """
    if stations < 1 or window < 1 or stages < 0:
        raise ValueError(
            f"needs at least 1 station, a window of 1 and 0 stages, got {stations}, {window} and {stages}"
        )

    def tau(collision: float) -> float:
        doublings = sum((2.0 * collision) ** stage for stage in range(stages))
        return 2.0 / (1.0 + window + collision * window * doublings)

    def excess(collision: float) -> float:
        return float(collision - 1.0 + (1.0 - tau(collision)) ** (stations - 1))

    collision = 0.0 if stations == 1 else float(brentq(excess, 0.0, 1.0, xtol=1e-14))
    return Contention(tau(collision), collision)


def saturation_throughput_bps(stations: int, rate_bps: float, dcf: Dcf | None = None) -> float:
    """Give the payload bits a second of saturated stations with full frames.

    S = P_s E[P] / (P_idle sigma + P_s T_s + P_c T_c), Bianchi's equation (13), with one rate for all, so that
    T_s = T_c: preamble, frame, SIFS, ACK, DIFS.

    Args:
        stations: Their number n, at least 1.
        rate_bps: The data rate in bits a second.
        dcf: Windows and timing; 802.11a/g by default.

    Returns:
        Bits a second, of all stations together, without headers.
    """
    dcf = dcf or Dcf()
    tau, _ = bianchi(stations, dcf.window, dcf.stages)
    idle = (1.0 - tau) ** stations
    success = stations * tau * (1.0 - tau) ** (stations - 1)
    busy_s = dcf.preamble_s + (dcf.header_bits + dcf.mtu_bits) / rate_bps + dcf.after_frame_s
    return float(success * dcf.mtu_bits / (idle * dcf.slot_s + (1.0 - idle) * busy_s))
