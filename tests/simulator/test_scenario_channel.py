from typing import Any

import pytest
from pydantic import ValidationError

from coinfer.simulator.fields import first_mistake
from coinfer.simulator.scenario import Scenario

BUDGET: dict[str, Any] = {}
STANDING = {"model": "standing", "distance_m": 100}


def described(link: dict[str, Any], mobility: dict[str, Any] | None = None) -> dict[str, Any]:
    device: dict[str, Any] = {"profile": "jetson-nano", "arrivals": {"rate_hz": 1}}
    return {
        "name": "channel",
        "tasks": 10,
        "devices": [device | ({"mobility": mobility} if mobility is not None else {})],
        "link": {"bandwidth_hz": 1e6} | link,
        "edge": {"profile": "rtx-3090"},
        "codecs": ["raw"],
        "deadlines_s": [0.1],
    }


def mistake_in(data: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        Scenario.model_validate(data)
    return ": ".join(first_mistake(caught.value))


@pytest.mark.parametrize(
    ("fading", "line"),
    [
        ({"model": "rician"}, "k_db: missing; model rician needs it"),
        ({"model": "nakagami"}, "m: missing; model nakagami needs it"),
        ({"model": "wideband"}, "rms_delay_spread_s: missing; model wideband needs it"),
        ({"k_db": 3}, "k_db: this key belongs to model rician, not to rayleigh; remove it"),
        ({"model": "none", "m": 2}, "m: this key belongs to model nakagami, not to none; remove it"),
        ({"model": "nakagami", "m": 0.4}, "m: expected a number of at least 0.5, got 0.4"),
        ({"speed_mps": -1}, "speed_mps: expected a number of at least 0, got -1"),
        ({"carrier_hz": 3.5}, "carrier_hz: expected a number of at least 1e+06, got 3.5"),
    ],
)
def test_keys_of_fading(fading: dict[str, Any], line: str) -> None:
    assert mistake_in(described({"mean_snr_db": 5, "fading": fading})) == f"link.fading.{line}"


@pytest.mark.parametrize(
    ("path_loss", "line"),
    [
        ({"exponent": 2}, "exponent: this key belongs to model log_distance, not to umi; remove it"),
        (
            {"model": "free_space", "base_height_m": 10},
            "base_height_m: this key belongs to model umi or uma or indoor, not to free_space; remove it",
        ),
        (
            {"model": "log_distance", "line_of_sight": "always"},
            "line_of_sight: this key belongs to model umi or uma or indoor, not to log_distance; remove it",
        ),
        ({"model": "log_distance", "exponent": 0.5}, "exponent: expected a number of at least 1, got 0.5"),
        ({"shadowing": 8}, "shadowing: expected true or false, got 8"),
    ],
)
def test_keys_of_path_loss(path_loss: dict[str, Any], line: str) -> None:
    data = described({"budget": {"path_loss": path_loss}}, STANDING)
    assert mistake_in(data) == f"link.budget.path_loss.{line}"


@pytest.mark.parametrize(
    ("mobility", "line"),
    [
        ({}, "distance_m: missing; model standing needs it"),
        ({"model": "scattered"}, "radius_m: missing; model scattered needs it"),
        ({"model": "waypoint", "radius_m": 100}, "speed_mps: missing; model waypoint needs it"),
        ({"model": "line", "end_m": 9, "speed_mps": 1}, "start_m: missing; model line needs it"),
        (
            STANDING | {"speed_mps": 1},
            "speed_mps: this key belongs to model line or waypoint, not to standing; remove it",
        ),
        (
            {"model": "waypoint", "radius_m": 100, "speed_mps": 1, "nearest_m": 5},
            "nearest_m: this key belongs to model scattered, not to waypoint; remove it",
        ),
        (
            {"model": "line", "start_m": 9, "end_m": 9, "speed_mps": 1},
            "end_m: expected another distance than start_m; for a device at rest take standing",
        ),
        (
            {"model": "scattered", "radius_m": 20, "nearest_m": 20},
            "nearest_m: expected a number below radius_m, 20, got 20",
        ),
        ({"model": "scattered", "radius_m": 10}, "nearest_m: expected a number below radius_m, 10, got 10"),
    ],
)
def test_keys_of_mobility(mobility: dict[str, Any], line: str) -> None:
    assert mistake_in(described({"budget": BUDGET}, mobility)) == f"devices.0.mobility.{line}"


def test_a_disc_to_walk_in_may_be_small() -> None:
    walked = {"model": "waypoint", "radius_m": 5, "speed_mps": 1}
    assert Scenario.model_validate(described({"budget": BUDGET}, walked)).devices[0].mobility is not None


def test_a_budget_needs_places_and_only_a_budget() -> None:
    line = mistake_in(described({"budget": BUDGET}))
    assert line == "devices.0.mobility: missing; link.budget needs to know where devices are"
    line = mistake_in(described({"mean_snr_db": 5}, STANDING))
    assert line == "devices.0.mobility: only link.budget asks where a device is; remove it"


@pytest.mark.parametrize(
    ("budget", "line"),
    [
        ({"interference": {"rise_db": -1}}, "interference.rise_db: expected a number of at least 0, got -1"),
        (
            {"interference": {"interval_s": 0}},
            "interference.interval_s: expected a number of at least 0.0001, got 0",
        ),
        ({"tx_power_db": 23}, "tx_power_db: unknown key, did you mean 'tx_power_dbm'?"),
    ],
)
def test_keys_of_a_budget(budget: dict[str, Any], line: str) -> None:
    assert mistake_in(described({"budget": budget}, STANDING)) == f"link.budget.{line}"


def test_a_key_of_another_model_at_its_default_is_no_mistake() -> None:
    scenario = Scenario.model_validate(described({"budget": BUDGET}, STANDING))
    again = Scenario.model_validate(scenario.model_dump(mode="json"))
    assert again == scenario
