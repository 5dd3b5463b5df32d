"""The sections of a scenario that decide a channel's signal-to-noise ratio, and where a device is.

Formulas, sources and limits stand with the classes of `coinfer.simulator.link` that each section names.
"""

from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from coinfer.simulator.fields import (
    Choice,
    Number,
    PluginName,
    PluginSettings,
    Section,
    Switch,
    mistake,
    model_of_plugin,
)


class Fading(Choice):
    """How the channel's power gain moves around its mean."""

    keys_of: ClassVar = {
        "rician": ("k_db",),
        "nakagami": ("m",),
        "wideband": ("rms_delay_spread_s",),
        "plugin": ("plugin", "settings"),
    }
    needed: ClassVar = ("k_db", "m", "rms_delay_spread_s", "plugin")

    model: Literal["rayleigh", "rician", "nakagami", "wideband", "none", "plugin"] = Field(
        "rayleigh", description="law of the gain, with Clarke's spectrum; none: a constant channel"
    )
    speed_mps: Number | None = Field(
        None, ge=0, le=1_000, description="speed behind the Doppler shift; null: the device's, or 1 [m/s]"
    )
    carrier_hz: Number = Field(
        3.5e9, ge=1e6, le=1e12, description="carrier frequency, of the path loss as well [Hz]"
    )
    k_db: Number | None = Field(
        None, ge=-40, le=40, description="rician: power of the direct path over that of all others [dB]"
    )
    m: Number | None = Field(None, ge=0.5, le=1_000, description="nakagami: shape; 1 is Rayleigh [1]")
    rms_delay_spread_s: Number | None = Field(
        None, gt=0, le=1e-3, description="wideband: of the exponential power-delay profile [s]"
    )
    plugin: PluginName | None = Field(
        None, description="a fading of one's own, installed or path.py:ClassName; sets model: plugin"
    )
    settings: PluginSettings = Field({}, description="plugin: its constructor's arguments, as plain data")

    _plugin_is_a_model = model_validator(mode="before")(model_of_plugin)


class PathLoss(Choice):
    """Median loss over distance."""

    keys_of: ClassVar = {
        "umi": ("base_height_m", "device_height_m", "line_of_sight"),
        "uma": ("base_height_m", "device_height_m", "line_of_sight"),
        "indoor": ("base_height_m", "device_height_m", "line_of_sight"),
        "log_distance": ("exponent", "reference_m", "sigma_db", "correlation_m"),
    }

    model: Literal["umi", "uma", "indoor", "log_distance", "free_space"] = Field(
        "umi", description="3GPP TR 38.901 street canyon, macro or indoor office; or a power law"
    )
    exponent: Number = Field(
        3.5, ge=1, le=8, description="log_distance: loss grows 10 times this a decade [1]"
    )
    reference_m: Number = Field(1.0, ge=1e-3, le=1e5, description="log_distance: free space up to here [m]")
    sigma_db: Number = Field(8.0, ge=0, le=30, description="log_distance: of the shadowing [dB]")
    correlation_m: Number = Field(50.0, ge=1, le=1e6, description="log_distance: of the shadowing [m]")
    base_height_m: Number | None = Field(
        None, gt=0, le=1_000, description="of the base station's antenna; null: the model's [m]"
    )
    device_height_m: Number | None = Field(
        None, gt=0, le=100, description="of the device's antenna; null: the model's [m]"
    )
    line_of_sight: Literal["probability", "always", "never"] = Field(
        "probability", description="drawn by the model's probability, consistent in space; or fixed"
    )
    shadowing: Switch = Field(
        True, description="log-normal, correlated in distance, with the model's figures"
    )


class Interference(Section):
    """Rise of noise and interference over thermal noise."""

    rise_db: Number = Field(0.0, ge=0, le=60, description="median rise [dB]")
    sigma_db: Number = Field(0.0, ge=0, le=30, description="log-normal spread; 0: constant [dB]")
    interval_s: Number = Field(0.1, ge=1e-4, description="the rise is redrawn this often [s]")


class Budget(Section):
    """Mean SNR from transmit power, path loss and noise; instead of `mean_snr_db`."""

    tx_power_dbm: Number = Field(23.0, ge=-50, le=80, description="transmit power of a device [dBm]")
    antenna_gain_db: Number = Field(0.0, ge=-50, le=80, description="of both antennas together [dB]")
    noise_figure_db: Number = Field(5.0, ge=0, le=40, description="of the base station's receiver [dB]")
    path_loss: PathLoss = Field(default_factory=PathLoss, description="loss over distance")
    interference: Interference = Field(default_factory=Interference, description="beyond thermal noise")


class Mobility(Choice):
    """Where a device is, as seen from the base station."""

    keys_of: ClassVar = {
        "standing": ("distance_m",),
        "scattered": ("radius_m", "nearest_m"),
        "line": ("start_m", "end_m", "speed_mps"),
        "waypoint": ("radius_m", "speed_mps"),
    }
    needed: ClassVar = ("distance_m", "radius_m", "start_m", "end_m", "speed_mps")

    model: Literal["standing", "scattered", "line", "waypoint"] = Field(
        "standing",
        description="at a distance, anywhere in a disc, to and fro on a line, or from point to point",
    )
    distance_m: Number | None = Field(None, ge=0, le=1e6, description="standing: from the base station [m]")
    radius_m: Number | None = Field(None, ge=1, le=1e6, description="scattered, waypoint: of the disc [m]")
    nearest_m: Number = Field(10.0, ge=0, le=1e6, description="scattered: no device is nearer [m]")
    start_m: Number | None = Field(None, ge=0, le=1e6, description="line: distance at time 0 [m]")
    end_m: Number | None = Field(None, ge=0, le=1e6, description="line: distance where it turns back [m]")
    speed_mps: Number | None = Field(None, ge=1e-3, le=1_000, description="line, waypoint: speed [m/s]")

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Self:
        if self.model == "line" and self.start_m == self.end_m:
            raise mistake(
                "expected another distance than start_m; for a device at rest take standing", "end_m"
            )
        if self.model == "scattered" and self.radius_m is not None and self.nearest_m >= self.radius_m:
            raise mistake(
                f"expected a number below radius_m, {self.radius_m:g}, got {self.nearest_m:g}", "nearest_m"
            )
        return self


class Recording(Section):
    """A recorded channel, replayed; instead of `mean_snr_db`."""

    file: Path = Field(description="CSV with time_s and either snr_db or rate_bps, relative to the scenario")
