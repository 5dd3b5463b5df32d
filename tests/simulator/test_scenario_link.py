from typing import Any

import pytest
from pydantic import ValidationError

from coinfer.simulator.fields import first_mistake
from coinfer.simulator.scenario_link import Backhaul, Downlink, Framing, Harq, Link

NR = {"rate": {"model": "nr"}}
RECORDING = {"file": "day.csv"}


def link(**changes: Any) -> Link:
    return Link.model_validate({"bandwidth_hz": 1e6, "mean_snr_db": 5} | changes)


def mistake_in(**changes: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        link(**changes)
    return ": ".join(first_mistake(caught.value))


def test_the_shortest_link_gets_the_documented_defaults() -> None:
    shortest = link()
    assert (shortest.framing, shortest.harq) == (Framing(mtu_bytes=1400, header_bytes=48), Harq())
    assert (shortest.harq.max_transmissions, shortest.harq.round_trip_slots) == (4, 8)
    assert (shortest.access.model, shortest.loss.model, shortest.sharing) == ("none", "none", "fifo")
    assert (shortest.tdd, shortest.receive_antennas, shortest.policy) == (None, 1, "integrate")
    assert (Downlink().model, Downlink().delay_s, Backhaul().median_s) == ("fixed", 0.005, 0.0)


@pytest.mark.parametrize(
    ("rate", "deep_fade", "policy"),
    [
        ("shannon", None, "integrate"),
        ("nr", None, "harq"),
        ("nr", "integrate", "integrate"),
        ("nr", "frozen", "frozen"),
        ("shannon", "frozen", "frozen"),
    ],
)
def test_the_rate_decides_what_a_deep_fade_does_unless_told(
    rate: str, deep_fade: str | None, policy: str
) -> None:
    assert link(rate={"model": rate}, deep_fade=deep_fade).policy == policy


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"mean_snr_db": None}, "mean_snr_db: missing; give mean_snr_db, budget or recording"),
        ({"budget": {}}, "budget: mean_snr_db is given as well; keep one and set the other to null"),
        (
            {"recording": RECORDING},
            "recording: mean_snr_db is given as well; keep one and set the other to null",
        ),
        (
            {"mean_snr_db": None, "budget": {}, "recording": RECORDING},
            "recording: budget is given as well; keep one and set the other to null",
        ),
        (
            {"mean_snr_db": None, "recording": RECORDING},
            "fading.model: a recording holds its own fading; set model: none",
        ),
        (
            {"mean_snr_db": None, "recording": RECORDING, "fading": {"model": "none"}, "receive_antennas": 2},
            "receive_antennas: a recording is of one antenna, or of all; remove this key",
        ),
        ({"mean_snr_db": 101}, "mean_snr_db: expected a number of at most 100, got 101"),
        ({"bandwidth_hz": 1e13}, "bandwidth_hz: expected a number of at most 1e+12, got 10000000000000.0"),
        ({"receive_antennas": 3}, "receive_antennas: expected 1, 2 or 4, got 3"),
    ],
)
def test_one_level_is_given(changes: dict[str, Any], line: str) -> None:
    assert mistake_in(**changes) == line


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"deep_fade": "harq"},
            "deep_fade: harq repeats blocks of rate model nr; take integrate or frozen",
        ),
        (
            {"harq": {"max_transmissions": 2}},
            "harq: nothing is repeated with deep_fade integrate; remove this key",
        ),
        (
            {**NR, "deep_fade": "frozen", "harq": {"combining": "none"}},
            "harq: nothing is repeated with deep_fade frozen; remove this key",
        ),
        *(
            (
                {**NR, "sharing": sharing},
                f"sharing: {sharing} has no retransmissions; take fifo, round_robin or proportional_fair, "
                f"or deep_fade: integrate",
            )
            for sharing in ("equal", "tdma", "ofdma", "csma")
        ),
        *(
            (
                {"deep_fade": "frozen", "sharing": sharing},
                "deep_fade: frozen is a baseline for fifo and equal; take integrate",
            )
            for sharing in ("tdma", "ofdma", "round_robin", "proportional_fair", "csma")
        ),
        (
            {**NR, "harq": {"round_trip_slots": 17}},
            "harq.round_trip_slots: expected a number of at most 16, got 17",
        ),
        ({**NR, "harq": {"combining": "sum"}}, "harq.combining: expected 'chase' or 'none', got 'sum'"),
    ],
)
def test_deep_fade_rate_and_sharing_go_together(changes: dict[str, Any], line: str) -> None:
    assert mistake_in(**changes) == line


@pytest.mark.parametrize("tdd", ["", "DDDS", "DXU", "ddu", "D U"])
def test_a_pattern_has_an_uplink_slot(tdd: str) -> None:
    assert mistake_in(tdd=tdd) == f"tdd: expected letters D, S and U with at least one U, got '{tdd}'"


@pytest.mark.parametrize(
    ("rate", "line"),
    [
        ({"model": "nr", "gap_db": 3}, "gap_db: this key belongs to model shannon, not to nr; remove it"),
        ({"mcs_table": 2}, "mcs_table: this key belongs to model nr, not to shannon; remove it"),
        ({"outer_loop": False}, "outer_loop: this key belongs to model nr, not to shannon; remove it"),
        (
            {"model": "nr", "subcarrier_hz": 45_000},
            "subcarrier_hz: expected 15000, 30000, 60000 or 120000, got 45000",
        ),
        ({"model": "nr", "mcs_table": 3}, "mcs_table: expected 1 or 2, got 3"),
        ({"model": "nr", "target_bler": 1}, "target_bler: expected a number below 1, got 1"),
        ({"gap_db": 101}, "gap_db: expected a number of at most 100, got 101"),
        ({"efficiency": 0}, "efficiency: expected a number of at least 0.001, got 0"),
    ],
)
def test_keys_of_a_rate(rate: dict[str, Any], line: str) -> None:
    assert mistake_in(rate=rate) == f"rate.{line}"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"framing": {"mtu_bytes": 48}},
            "framing.header_bytes: expected fewer than mtu_bytes, 48, got 48",
        ),
        ({"framing": {"mtu_bytes": 0}}, "framing.mtu_bytes: expected a number of at least 1, got 0"),
        ({"access": {"model": "configured"}}, "access.period_s: missing; model configured needs it"),
        (
            {"access": {"min_s": 0.001}},
            "access.min_s: this key belongs to model grant, not to none; remove it",
        ),
        (
            {"access": {"model": "grant", "min_s": 0.005}},
            "access.max_s: expected at least min_s, 0.005, got 0.004",
        ),
        ({"loss": {"model": "erasure"}}, "loss.probability: missing; model erasure needs it"),
        (
            {"loss": {"probability": 0.1}},
            "loss.probability: this key belongs to model erasure or bit_flips, not to none; remove it",
        ),
        (
            {"loss": {"model": "bit_flips", "probability": 1.5}},
            "loss.probability: expected a number of at most 1, got 1.5",
        ),
        ({"slot_s": 0}, "slot_s: expected a number of at least 1e-05, got 0"),
        ({"fairness_slots": 0}, "fairness_slots: expected a number of at least 1, got 0"),
    ],
)
def test_keys_of_packets_access_and_loss(changes: dict[str, Any], line: str) -> None:
    assert mistake_in(**changes) == line


@pytest.mark.parametrize(
    ("downlink", "line"),
    [
        ({"snr_gain_db": 3}, "snr_gain_db: this key belongs to model link, not to fixed; remove it"),
        (
            {"model": "link", "rate_bps": 1e6},
            "rate_bps: this key belongs to model fixed, not to link; remove it",
        ),
        ({"delay_s": -1}, "delay_s: expected a number of at least 0, got -1"),
    ],
)
def test_keys_of_the_downlink(downlink: dict[str, Any], line: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Downlink.model_validate(downlink)
    assert ": ".join(first_mistake(caught.value)) == line
