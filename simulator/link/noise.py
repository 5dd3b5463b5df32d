"""Noise and interference: what a signal has to stand out from."""

from dataclasses import dataclass
from math import inf
from typing import overload

import numpy as np
from numpy.typing import NDArray

from coinfer.simulator.units import linear_to_db

BOLTZMANN_J_PER_K = 1.380649e-23
MILLIWATTS_PER_WATT = 1000.0

FloatArray = NDArray[np.float64]


def thermal_noise_dbm(bandwidth_hz: float, noise_figure_db: float, temperature_k: float = 290.0) -> float:
    """Give the thermal noise of a receiver, 10 lg(k T B / 1 mW) + NF.

    Args:
        bandwidth_hz: The occupied bandwidth B in hertz.
        noise_figure_db: The noise figure NF of the receiver in dB.
        temperature_k: The temperature T in kelvin; noise figures are defined at 290 K.

    Returns:
        The power of the noise in dBm.

    Raises:
        ValueError: If the bandwidth or the temperature is not above 0.

    References:
        J. B. Johnson and H. Nyquist, Phys. Rev. 32 (1928) 97-113; k = 1.380649e-23 J/K (SI, 2019).

    Examples:
        >>> round(thermal_noise_dbm(bandwidth_hz=20e6, noise_figure_db=5.0), 5)
        -95.96489
    """
    if not (0.0 < bandwidth_hz < inf and 0.0 < temperature_k < inf):
        raise ValueError(
            f"bandwidth and temperature must be above 0, got {bandwidth_hz} Hz and {temperature_k} K"
        )
    noise_mw = BOLTZMANN_J_PER_K * temperature_k * bandwidth_hz * MILLIWATTS_PER_WATT
    return linear_to_db(noise_mw) + noise_figure_db


@overload
def mean_snr_db(
    tx_power_dbm: float,
    antenna_gain_db: float,
    loss_db: float,
    bandwidth_hz: float,
    noise_figure_db: float,
    rise_db: float = 0.0,
) -> float: ...
@overload
def mean_snr_db(
    tx_power_dbm: float,
    antenna_gain_db: float,
    loss_db: FloatArray,
    bandwidth_hz: float,
    noise_figure_db: float,
    rise_db: float | FloatArray = 0.0,
) -> FloatArray: ...
def mean_snr_db(
    tx_power_dbm: float,
    antenna_gain_db: float,
    loss_db: float | FloatArray,
    bandwidth_hz: float,
    noise_figure_db: float,
    rise_db: float | FloatArray = 0.0,
) -> float | FloatArray:
    """Give the mean signal-to-noise ratio: averaged over fading, after path loss and shadowing.

    Args:
        tx_power_dbm: The transmit power over the occupied bandwidth in dBm.
        antenna_gain_db: The gains of both antennas together, less the losses of cables, in dB.
        loss_db: Path loss and shadowing in dB, a number or an array.
        bandwidth_hz: The occupied bandwidth in hertz.
        noise_figure_db: The noise figure of the receiver in dB.
        rise_db: How far noise and interference together are above the noise alone, in dB.

    Returns:
        The ratio in dB, of the shape of the loss; with a rise, signal to interference and noise.

    Examples:
        >>> round(mean_snr_db(23.0, 0.0, 110.0, bandwidth_hz=20e6, noise_figure_db=5.0, rise_db=3.0), 5)
        5.96489
    """
    noise_dbm = thermal_noise_dbm(bandwidth_hz, noise_figure_db)
    return tx_power_dbm + antenna_gain_db - loss_db - noise_dbm - rise_db


@dataclass(frozen=True)
class Interference:
    """Interference of other cells as a rise over thermal (IoT): (N + I) / N in dB, fixed or log-normal.

    Log-normal, the rise in dB is normal around its median and drawn anew, independently, at each multiple of
    the interval (when other cells schedule other devices). Values below 0 dB become 0 dB, as interference
    cannot lower the noise: the median stays, the mean grows. The default is no interference. The model knows
    nothing of where the interference comes from, and is the same for the whole band.

    Args:
        rise_db: The median rise in dB, at least 0.
        sigma_db: The standard deviation of the rise in dB before the cut at 0; 0 keeps it fixed.
        interval_s: How long a drawn rise lasts, in seconds.

    References:
        A log-normal sum of interferers: L. F. Fenton, "The sum of log-normal probability distributions in
        scatter transmission systems", IRE Trans. Commun. Syst. 8 (1960) 57-67.
    """

    rise_db: float = 0.0
    sigma_db: float = 0.0
    interval_s: float = 0.1

    def __post_init__(self) -> None:
        if not (0.0 <= self.rise_db < inf and 0.0 <= self.sigma_db < inf):
            raise ValueError(
                f"rise and sigma must be at least 0 dB, got {self.rise_db} dB and {self.sigma_db} dB"
            )
        if not 0.0 < self.interval_s < inf:
            raise ValueError(f"the interval must be above 0 s, got {self.interval_s} s")

    def rise_db_at(self, time_s: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Draw the rise at each time.

        Args:
            time_s: Times from 0 on in seconds, of any shape.
            rng: The source of chance; the same seed gives the same rise at a time, however many are asked.

        Returns:
            The rise in dB, of the same shape.

        Raises:
            ValueError: If a time is below 0.
        """
        if not self.sigma_db:
            return np.full(np.shape(time_s), self.rise_db)
        interval = np.floor_divide(time_s, self.interval_s).astype(np.int64)
        if interval.min(initial=0) < 0:
            raise ValueError(f"times must be at least 0 s, got {np.min(time_s)} s")
        drawn_db = self.rise_db + self.sigma_db * rng.standard_normal(int(interval.max(initial=0)) + 1)
        return np.asarray(np.maximum(drawn_db, 0.0)[interval])
