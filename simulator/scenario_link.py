"""The sections of a scenario that say how payloads cross the air and the network behind it.

Formulas, sources and limits stand with the classes of `coinfer.simulator.link` that each section names.
"""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from coinfer.simulator.fields import (
    Choice,
    Number,
    PluginName,
    PluginSettings,
    Section,
    Switch,
    Whole,
    mistake,
    model_of_plugin,
)
from coinfer.simulator.scenario_channel import Budget, Fading, Recording


class Rate(Choice):
    """From signal-to-noise ratio to bits a second."""

    keys_of: ClassVar = {
        "shannon": ("gap_db", "efficiency", "cap_bps_per_hz"),
        "nr": ("mcs_table", "subcarrier_hz", "target_bler", "report_delay_slots", "outer_loop"),
        "plugin": ("plugin", "settings"),
    }
    needed: ClassVar = ("plugin",)

    model: Literal["shannon", "nr", "plugin"] = Field(
        "shannon",
        description="ideal: bandwidth * efficiency * log2(1 + snr / gap); nr: 5G transport blocks",
    )
    gap_db: Number = Field(0.0, ge=0, le=100, description="shannon: distance to the limit [dB]")
    efficiency: Number = Field(
        1.0, ge=1e-3, le=1, description="shannon: airtime share that carries payload [1]"
    )
    cap_bps_per_hz: Number | None = Field(
        None, ge=1e-3, description="shannon: highest spectral efficiency; null: none [bit/s/Hz]"
    )
    mcs_table: Literal[1, 2] = Field(1, description="nr: up to 64-QAM (1) or 256-QAM (2), TS 38.214")
    subcarrier_hz: Whole = Field(
        30_000,
        json_schema_extra={"enum": [15_000, 30_000, 60_000, 120_000]},
        description="nr: subcarrier spacing, 15000 * 2^n up to 120000 [Hz]",
    )
    target_bler: Number = Field(0.1, gt=0, lt=1, description="nr: block error rate that the MCS aims at [1]")
    report_delay_slots: Whole = Field(
        8, ge=0, le=1_000, description="nr: age of the SNR that decides the MCS [slot]"
    )
    outer_loop: Switch = Field(True, description="nr: correct the choice of MCS by acknowledgements")
    plugin: PluginName | None = Field(
        None, description="a rate of one's own, installed or path.py:ClassName; sets model: plugin"
    )
    settings: PluginSettings = Field({}, description="plugin: its constructor's arguments, as plain data")

    _plugin_is_a_model = model_validator(mode="before")(model_of_plugin)

    @model_validator(mode="after")
    def _spacing_exists(self) -> Self:
        if self.subcarrier_hz not in (15_000, 30_000, 60_000, 120_000):
            raise mistake(
                f"expected 15000, 30000, 60000 or 120000, got {self.subcarrier_hz}", "subcarrier_hz"
            )
        return self


class Harq(Section):
    """Retransmissions of NR's transport blocks."""

    max_transmissions: Whole = Field(4, ge=1, le=32, description="of a block, before it starts anew [1]")
    combining: Literal["chase", "none"] = Field(
        "chase", description="add the SNRs of all transmissions, or judge each alone (ARQ)"
    )
    round_trip_slots: Whole = Field(8, ge=1, le=16, description="from a block to its repetition [slot]")


class Framing(Section):
    """How a payload is cut into packets."""

    mtu_bytes: Whole = Field(1400, ge=1, le=1_000_000, description="largest packet, headers included [byte]")
    header_bytes: Whole = Field(48, ge=0, le=10_000, description="headers of a packet (IPv6 and UDP) [byte]")

    @model_validator(mode="after")
    def _room_for_payload(self) -> Self:
        if self.header_bytes >= self.mtu_bytes:
            raise mistake(
                f"expected fewer than mtu_bytes, {self.mtu_bytes}, got {self.header_bytes}", "header_bytes"
            )
        return self


class Access(Choice):
    """What a payload waits for before it may be sent."""

    keys_of: ClassVar = {"grant": ("min_s", "max_s"), "configured": ("period_s",)}
    needed: ClassVar = ("period_s",)

    model: Literal["none", "grant", "configured"] = Field(
        "none", description="nothing, a scheduling request and its grant, or the next configured occasion"
    )
    min_s: Number = Field(0.002, ge=0, description="grant: shortest wait [s]")
    max_s: Number = Field(0.004, ge=0, description="grant: longest wait; uniform between [s]")
    period_s: Number | None = Field(None, gt=0, description="configured: between two occasions [s]")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max_s < self.min_s:
            raise mistake(f"expected at least min_s, {self.min_s:g}, got {self.max_s:g}", "max_s")
        return self


class Loss(Choice):
    """A link without retransmission: what arrives damaged is decoded as it is, if the codec can."""

    keys_of: ClassVar = {"erasure": ("probability",), "bit_flips": ("probability",)}
    needed: ClassVar = ("probability",)

    model: Literal["none", "erasure", "bit_flips"] = Field(
        "none", description="nothing is lost, packets are lost, or bits are flipped; independent of the SNR"
    )
    probability: Number | None = Field(None, ge=0, le=1, description="for each packet, or each bit [1]")


class Link(Section):
    """The uplink that all devices share."""

    bandwidth_hz: Number = Field(gt=0, le=1e12, description="occupied bandwidth [Hz]")
    mean_snr_db: Number | None = Field(
        None,
        ge=-100,
        le=100,
        description="averaged over fading, after path loss and shadowing, in the bandwidth [dB]",
    )
    budget: Budget | None = Field(None, description="power, path loss and noise; instead of mean_snr_db")
    recording: Recording | None = Field(None, description="a recorded channel; instead of mean_snr_db")
    receive_antennas: Literal[1, 2, 4] = Field(
        1, description="maximum-ratio combining; mean_snr_db is per antenna"
    )
    fading: Fading = Field(default_factory=Fading, description="small-scale fading")
    rate: Rate = Field(default_factory=Rate, description="rate at a signal-to-noise ratio")
    harq: Harq = Field(default_factory=Harq, description="retransmissions; only with deep_fade harq")
    deep_fade: Literal["integrate", "harq", "frozen"] | None = Field(
        None,
        description="the rate follows the fading (default of shannon), blocks are repeated (default of nr), "
        "or the rate at the start is kept (a baseline of the literature)",
    )
    tdd: str | None = Field(
        None, description="slots as letters: D down, U up, S neither, such as DDDSU; null: always up"
    )
    framing: Framing = Field(default_factory=Framing, description="packets and their headers")
    access: Access = Field(default_factory=Access, description="wait before sending")
    sharing: Literal["fifo", "equal", "tdma", "ofdma", "round_robin", "proportional_fair", "csma"] = Field(
        "fifo", description="who sends when several devices could"
    )
    slot_s: Number = Field(
        1e-3, ge=1e-5, le=10, description="turn of tdma, round_robin, proportional_fair without harq [s]"
    )
    fairness_slots: Whole = Field(
        100, ge=1, le=1_000_000, description="proportional_fair: time constant of its averages [slot]"
    )
    loss: Loss = Field(default_factory=Loss, description="damage to payloads")

    @property
    def policy(self) -> str:
        """What happens in a deep fade: as given, or the rate's default."""
        return self.deep_fade or ("harq" if self.rate.model == "nr" else "integrate")

    @model_validator(mode="after")
    def _one_level(self) -> Self:
        given = [key for key in ("mean_snr_db", "budget", "recording") if getattr(self, key) is not None]
        if not given:
            raise mistake("missing; give mean_snr_db, budget or recording", "mean_snr_db")
        if len(given) > 1:
            raise mistake(f"{given[0]} is given as well; keep one and set the other to null", given[1])
        return self

    @model_validator(mode="after")
    def _recordings_are_whole(self) -> Self:
        if self.recording is not None and self.fading.model != "none":
            raise mistake("a recording holds its own fading; set model: none", "fading.model")
        if self.recording is not None and self.receive_antennas != 1:
            raise mistake("a recording is of one antenna, or of all; remove this key", "receive_antennas")
        return self

    @model_validator(mode="after")
    def _blocks_and_sharing(self) -> Self:
        harq = self.policy == "harq"
        if harq and self.rate.model != "nr":
            raise mistake("harq repeats blocks of rate model nr; take integrate or frozen", "deep_fade")
        if not harq and self.harq != Harq():
            raise mistake(f"nothing is repeated with deep_fade {self.policy}; remove this key", "harq")
        if harq and self.sharing not in ("fifo", "round_robin", "proportional_fair"):
            raise mistake(
                f"{self.sharing} has no retransmissions; take fifo, round_robin or proportional_fair, "
                f"or deep_fade: integrate",
                "sharing",
            )
        if self.policy == "frozen" and self.sharing not in ("fifo", "equal"):
            raise mistake("frozen is a baseline for fifo and equal; take integrate", "deep_fade")
        return self

    @model_validator(mode="after")
    def _pattern_has_uplink(self) -> Self:
        if self.tdd is not None and (set(self.tdd) - set("DSU") or "U" not in self.tdd):
            raise mistake(f"expected letters D, S and U with at least one U, got '{self.tdd}'", "tdd")
        return self


class Downlink(Choice):
    """The way back of the answer, without contention."""

    keys_of: ClassVar = {"fixed": ("rate_bps",), "link": ("snr_gain_db",)}

    model: Literal["fixed", "link"] = Field(
        "fixed", description="a constant rate, or the device's own channel at another power"
    )
    delay_s: Number = Field(0.005, ge=0, description="fixed delay, access and core network included [s]")
    answer_bytes: Whole = Field(64, ge=0, description="size of an answer, headers included [byte]")
    rate_bps: Number = Field(10e6, gt=0, description="fixed: downlink rate [bit/s]")
    snr_gain_db: Number = Field(
        10.0, ge=-50, le=80, description="link: SNR at the device over that at the base station [dB]"
    )


class Backhaul(Section):
    """Between the base station and the edge server."""

    median_s: Number = Field(0.0, ge=0, description="delay one way [s]")
    sigma_log: Number = Field(0.0, ge=0, le=5, description="log-normal spread; 0: constant [1]")
