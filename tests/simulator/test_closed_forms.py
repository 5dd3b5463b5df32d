"""Closed forms against what the engine finds, and where there is none."""

from dataclasses import replace

import numpy as np
import pytest

from coinfer.codecs.protocol import Cost
from coinfer.simulator.account import account
from coinfer.simulator.by_point import by_codec
from coinfer.simulator.closed_forms import closed_form, closed_form_table
from coinfer.simulator.experiment import run_replication
from coinfer.simulator.measurements import Measurement
from coinfer.simulator.point_account import together

RATE_HZ = 0.5
REPLICATIONS, TASKS = 25, 4000
CAMERA = {
    "profile": {"effective_flops_per_s": 1.0},
    "arrivals": {"process": "poisson", "rate_hz": RATE_HZ},
}
CONSTANT = {
    "bandwidth_hz": 8000.0,
    "mean_snr_db": 0,
    "fading": {"model": "none"},
    "framing": {"header_bytes": 0},
}
"""It carries 1,000 bytes a second."""


def measured(device_s, payload_bytes, edge_s, on_device=False):
    sizes = np.broadcast_to(np.asarray(payload_bytes), 3).copy()
    return Measurement(sizes, np.ones(3, dtype=bool), Cost(device_s), Cost(edge_s), on_device)


LOCAL, RAW = measured(1.2, 8, 0.0, on_device=True), measured(0.3, 1200, 0.4)


@pytest.fixture
def ran(experiments):
    """Runs codecs through a scenario with one device: the scenario, and the account of each replication."""

    def run(codecs, replications=1, tasks=300, **changes):
        (point,) = experiments(
            {},
            **{
                "tasks": tasks,
                "replications": replications,
                "devices": [CAMERA],
                "link": CONSTANT,
                "edge": {"profile": {"effective_flops_per_s": 1.0}},
                **changes,
            },
        )
        point = replace(point, measurements=codecs)
        units = [run_replication(point, number) for number in range(replications)]
        return point.scenario, [account(by_codec(unit), point.scenario, 0.0) for unit in units]

    return run


def form_of(ran, codec, **changes):
    scenario, units = ran({"codec": codec}, **changes)
    return closed_form(scenario, together(units).codecs["codec"])


def misses(form, units, interval_99):
    """At which of some latencies a closed form is outside the interval of the replications."""
    found = []
    for share in (0.45, 0.6, 0.75, 0.9, 0.99):
        curve = form.curve()
        latency_s = np.interp(share, curve["answered"], curve["latency_s"])
        shares = [
            np.mean([batch.at_most(latency_s) / batch.total for batch in unit.codecs["codec"].latency_s])
            for unit in units
        ]
        low, high = interval_99(shares)
        if not low < form.answered(np.array([latency_s]))[0] < high:
            found.append(share)
    return found


@pytest.mark.parametrize(
    ("codec", "changes", "longest_s", "fixed_s"),
    [
        (LOCAL, {}, 1.2, 1.2),
        (RAW, {}, 1.2, 0.3 + 1.2 + 0.4 + 0.0050512),
        (measured(0.9, 1200, 1.3), {"backhaul": {"median_s": 0.25}}, 1.3, 0.9 + 1.2 + 0.25 + 1.3 + 0.0050512),
        (measured(1.3, 1200, 0.4), {"downlink": {"model": "link"}}, 1.3, None),
    ],
    ids=["local", "slow link", "slow edge", "slow device"],
)
def test_the_engine_finds_what_theory_says(ran, interval_99, codec, changes, longest_s, fixed_s):
    scenario, units = ran({"codec": codec}, REPLICATIONS, TASKS, **changes)
    form = closed_form(scenario, together(units).codecs["codec"])
    assert form.name == ("M/D/1" if codec.answers_on_device else "M/D/1 in tandem")
    assert form.longest_s == pytest.approx(longest_s, rel=1e-9)
    if fixed_s is not None:
        assert form.fixed_s == pytest.approx(fixed_s, rel=1e-9)
    assert not misses(form, units, interval_99)
    assert misses(replace(form, rate_hz=1.04 * RATE_HZ), units, interval_99)
    assert misses(replace(form, longest_s=0.96 * form.longest_s), units, interval_99)


def test_all_tasks_together_follow_the_curve(ran):
    scenario, units = ran({"codec": LOCAL}, 2, 20_000)
    total = together(units).codecs["codec"]
    curve = closed_form(scenario, total).curve()
    shares = [
        total.latency_s.at_most(limit_s) / total.latency_s.total for limit_s in curve["latency_s"] + 1e-9
    ]
    assert np.abs(curve["answered"] - shares).max() < 0.015


def test_nothing_is_answered_before_its_services_are_done(ran):
    form = form_of(ran, RAW)
    shares = form.answered(np.array([0.0, 0.999 * form.fixed_s, form.fixed_s]))
    assert shares.tolist() == pytest.approx([0.0, 0.0, 1 - form.load])


SCATTERED = {"profile": {"effective_flops_per_s": 1.0, "service_cv": 0.5}}
NOWHERE = [
    {"devices": [CAMERA | {"arrivals": {"process": "periodic", "rate_hz": RATE_HZ}}]},
    {"devices": [CAMERA | {"arrivals": {"rate_hz": 3.0}}]},
    {"devices": [CAMERA | {"buffer": 2}]},
    {"devices": [CAMERA | {"profile": {"effective_flops_per_s": 1.0, "service_cv": 0.5}}]},
    {"devices": [CAMERA, CAMERA | {"arrivals": {"rate_hz": 0.1}}]},
    {"drain": False},
    {"tasks": 50},
    {"tasks": None, "duration_s": 100},
]
ONLY_ON_THE_DEVICE = [
    {"devices": [CAMERA | {"count": 2, "arrivals": {"rate_hz": 0.3}}]},
    {"link": CONSTANT | {"mean_snr_db": 5, "fading": {"model": "rayleigh"}}},
    {"link": CONSTANT | {"mean_snr_db": 5, "fading": {"model": "rayleigh", "speed_mps": 0}}},
    {"link": CONSTANT | {"sharing": "round_robin", "slot_s": 0.1}},
    {
        "link": CONSTANT | {"mean_snr_db": None, "budget": {}},
        "devices": [CAMERA | {"mobility": {"model": "scattered", "radius_m": 300}}],
    },
    {"link": CONSTANT | {"access": {"model": "grant"}}},
    {"link": CONSTANT | {"bandwidth_hz": 1e6, "rate": {"model": "nr"}}},
    {"backhaul": {"median_s": 0.1, "sigma_log": 0.5}},
    {"edge": SCATTERED},
    {"edge": {"profile": {"effective_flops_per_s": 1.0}, "workers": 2}},
    {"on_deadline": "abort", "deadlines_s": [5.0]},
    {"cut": {"knowledge": "none"}},
]


@pytest.mark.parametrize("changes", NOWHERE, ids=str)
def test_there_is_none_where_the_queue_at_the_device_is_another(ran, changes):
    assert form_of(ran, LOCAL, **changes) is None
    assert form_of(ran, RAW, **changes) is None


@pytest.mark.parametrize("changes", ONLY_ON_THE_DEVICE, ids=str)
def test_what_happens_on_the_way_does_not_matter_to_an_answer_on_the_device(ran, changes):
    assert form_of(ran, LOCAL, **changes) is not None
    assert form_of(ran, RAW, **changes) is None


def test_payloads_that_differ_have_none(ran):
    assert form_of(ran, measured(0.3, [1200, 1201, 1200], 0.4)) is None


def test_what_takes_no_time_has_none(ran):
    assert form_of(ran, measured(0.0, 8, 0.0, on_device=True)) is None


def test_a_sweep_point_has_a_curve_for_each_codec_with_a_closed_form(ran):
    codecs = {"raw": RAW, "varying": measured(0.3, [100, 200, 300], 0.4), "local": LOCAL}
    scenario, units = ran(codecs)
    table = closed_form_table(scenario, together(units))
    assert table.columns.tolist() == ["codec", "form", "latency_s", "answered"]
    forms = table.groupby("codec", sort=False)["form"].first()
    assert forms.to_dict() == {"raw": "M/D/1 in tandem", "local": "M/D/1"}
    for _, rows in table.groupby("codec"):
        assert rows["latency_s"].is_monotonic_increasing
        assert rows["answered"].is_monotonic_increasing
        assert rows["answered"].iloc[-1] > 0.999
    scenario, units = ran({"varying": codecs["varying"]})
    assert closed_form_table(scenario, together(units)).empty
