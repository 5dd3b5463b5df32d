"""The section `cut` of a scenario."""

import pytest
from pydantic import ValidationError

from coinfer.simulator.experiment import check_link
from coinfer.simulator.fields import first_mistake
from coinfer.simulator.loading import expand
from coinfer.simulator.scenario import Scenario

NR = {"rate": {"model": "nr"}, "bandwidth_hz": 7.2e5}


def scenario(cut=None, link=None, **changes):
    return Scenario.model_validate(
        {
            "name": "cut",
            "tasks": 10,
            "devices": [{"profile": "jetson-nano", "arrivals": {"rate_hz": 1}}],
            "link": {"bandwidth_hz": 1e6, "mean_snr_db": 5, **(link or {})},
            "edge": {"profile": "rtx-3090"},
            "codecs": ["raw"],
            "deadlines_s": [0.1, 0.5],
            "cut": cut,
            **changes,
        }
    )


def test_nobody_cuts_unless_told():
    assert scenario().cut is None
    cut = scenario({}).cut
    assert (cut.deadline_s, cut.knowledge, cut.delay_s, cut.margin) == (None, "delayed", 0.01, 1.0)


def test_a_sweep_compares_knowledge_and_deadlines():
    swept = {"cut.knowledge": ["perfect", "none"], "cut.deadline_s": [0.2, 0.5]}
    points = expand(scenario(sweep=swept))
    assert [(point.scenario.cut.knowledge, point.scenario.cut.deadline_s) for point in points] == [
        ("perfect", 0.2),
        ("perfect", 0.5),
        ("none", 0.2),
        ("none", 0.5),
    ]
    for point in points:
        check_link(point.scenario)


@pytest.mark.parametrize(
    ("cut", "link", "key", "problem"),
    [
        ({"deadline_s": 0}, {}, "cut.deadline_s", "expected a number above 0, got 0"),
        ({"margin": 0}, {}, "cut.margin", "expected a number above 0, got 0"),
        ({"margin": 1.1}, {}, "cut.margin", "expected a number of at most 1, got 1.1"),
        ({"delay_s": -1}, {}, "cut.delay_s", "expected a number of at least 0, got -1"),
        ({"knowledge": "perfct"}, {}, "cut.knowledge", "did you mean 'perfect'?"),
        ({"deadlines_s": 1}, {}, "cut.deadlines_s", "unknown key, did you mean 'deadline_s'?"),
        ({}, {"sharing": "equal"}, "cut", "take link.sharing: fifo, or cut: null"),
        ({}, {"sharing": "tdma"}, "cut", "with link.sharing tdma a device cannot tell what it will get"),
        (
            {},
            {"loss": {"model": "erasure", "probability": 0.1}},
            "cut",
            "no verdict after link.loss erasure; take link.loss.model: none, or cut: null",
        ),
        ({"knowledge": "perfect"}, NR, "cut.knowledge", "take delayed or none, or link.deep_fade: integrate"),
    ],
)
def test_what_cannot_be_cut_is_told(cut, link, key, problem):
    with pytest.raises(ValidationError) as caught:
        scenario(cut, link)
    found, told = first_mistake(caught.value)
    assert found == key
    assert problem in told
