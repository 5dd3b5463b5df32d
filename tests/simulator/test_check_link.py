"""Whatever the schema lets pass is either built and simulated, or refused in one line."""

import math
import typing

import numpy as np
import pytest
from pydantic import ValidationError

from coinfer.codecs.protocol import Cost
from coinfer.simulator import channel
from coinfer.simulator.errors import CoinferError
from coinfer.simulator.experiment import Experiment, check_link, run_replication
from coinfer.simulator.fields import Choice
from coinfer.simulator.measurements import Measurement
from coinfer.simulator.scenario import Cut, Scenario
from coinfer.simulator.scenario_channel import Budget, Mobility
from coinfer.simulator.scenario_link import Backhaul, Downlink, Link

LEAST, MOST = 1e-9, 1e9
MEASURED = Measurement(
    np.array([1, 40, 3000]),
    np.ones(3, dtype=bool),
    Cost(),
    Cost(),
    False,
    cut_bytes=np.array([[1, 20, 20]]),
    cut_correct=np.ones((1, 3), dtype=bool),
)


def drawn_number(field, rng):
    """Often an end of the range, else spread over its orders of magnitude."""
    limits = {
        key: getattr(limit, key) for limit in field.metadata for key in dir(limit) if key in "ge gt le lt"
    }
    low = limits.get("ge", limits.get("gt", -MOST) or LEAST)
    high = limits.get("le", limits.get("lt", MOST))
    end = rng.random()
    if end < 0.1 and "gt" not in limits:
        return low
    if end < 0.2 and "lt" not in limits:
        return high
    if low < 0.0:
        return rng.uniform(low, high)
    return math.exp(rng.uniform(math.log(max(low, LEAST)), math.log(high)))


def drawn_value(field, rng):
    kind = field.annotation
    while typing.get_args(kind) and typing.get_origin(kind) is not typing.Literal:
        kind = typing.get_args(kind)[0]
    if typing.get_origin(kind) is typing.Literal:
        choices = typing.get_args(kind)
        return choices[rng.integers(len(choices))]
    simple = {
        bool: lambda: bool(rng.random() < 0.5),
        int: lambda: int(drawn_number(field, rng)),
        float: lambda: drawn_number(field, rng),
        str: lambda: "".join(rng.choice(list("DSU"), size=4)) + "U",
    }
    return simple[kind]() if kind in simple else drawn_section(kind, rng)


def drawn_section(kind, rng, without=()):
    """Keys of a section within their bounds, all that it needs and half of the others, fit for its model."""
    fields, given, others = kind.model_fields, {}, set(without)
    needed = {name for name, field in fields.items() if field.is_required()}
    if issubclass(kind, Choice):
        given["model"] = drawn_value(fields["model"], rng)
        own = set(kind.keys_of.get(given["model"], ()))
        others |= {key for keys in kind.keys_of.values() for key in keys} - own
        needed |= own & set(kind.needed)
    for name, field in fields.items():
        if name not in given and name not in others and (name in needed or rng.random() < 0.5):
            given[name] = drawn_value(field, rng)
    return given


def drawn_scenario(rng):
    link = drawn_section(Link, rng, without=("mean_snr_db", "budget", "recording", "harq"))
    if "subcarrier_hz" in link.get("rate", {}):
        link["rate"]["subcarrier_hz"] = int(15_000 * 2 ** rng.integers(4))
    device = {"count": 2, "profile": "jetson-nano", "arrivals": {"rate_hz": 1.0}}
    if rng.random() < 0.6:
        link["budget"] = drawn_section(Budget, rng)
        device["mobility"] = drawn_section(Mobility, rng)
    else:
        link["mean_snr_db"] = drawn_value(Link.model_fields["mean_snr_db"], rng)
    return {
        "name": "drawn",
        "tasks": 2,
        "devices": [device],
        "link": link,
        "backhaul": drawn_section(Backhaul, rng),
        "downlink": drawn_section(Downlink, rng),
        "edge": {"profile": "rtx-3090"},
        "codecs": ["raw"],
        "deadlines_s": [0.3],
        "on_deadline": "abort",
        "cut": drawn_section(Cut, rng) if rng.random() < 0.5 else None,
    }


@pytest.fixture
def short_traces(monkeypatch):
    monkeypatch.setattr(channel, "FEWEST_SLOTS", 2**6)
    monkeypatch.setattr(channel, "MOST_SLOTS", 2**8)
    monkeypatch.setattr(channel, "MOST_SLOTS_ON_THE_WAY", 2**12)


@pytest.mark.parametrize("seed", range(2))
def test_what_the_schema_lets_pass_is_simulated_or_refused_in_one_line(seed, short_traces):
    rng = np.random.default_rng(seed)
    built = refused = 0
    while built < 20:
        data = drawn_scenario(rng)
        try:
            scenario = Scenario.model_validate(data)
        except ValidationError:
            refused += 1
            continue
        try:
            check_link(scenario)
            table = run_replication(Experiment({}, scenario, 3, "", {"coded": MEASURED}), 0)
        except CoinferError as error:
            line = str(error)
            assert "\n" not in line
            assert line.startswith(("link", "devices: ", "downlink.model: ")), line
            refused += 1
        else:
            assert len(table) == 4
            assert set(table["outcome"]) <= {"done", "aborted"}
            built += 1
    assert refused < 10 * built
