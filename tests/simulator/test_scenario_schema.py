"""The JSON Schema: up to date, fits every scenario that loads, and refuses what a typo makes."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from coinfer.simulator.loading import bundled_scenarios, load_scenario, resolved
from coinfer.simulator.plain_yaml import parse
from coinfer.simulator.scenario_schema import schema

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
FILES = sorted(SCENARIOS.glob("*.yaml"))
CHECK = Draft202012Validator(schema())

SMALL = """
name: small
tasks: 20
devices: [{profile: jetson-nano, arrivals: {rate_hz: 1.0}}]
link: {bandwidth_hz: 1.0e+5, mean_snr_db: 5}
edge: {profile: rtx-3090}
codecs: [raw, {id: jpeg, quality: 30}, {plugin: "own.py:Own", every: 4}]
deadlines_s: [0.05, 0.2]
"""


def faults(text):
    return ["/".join(map(str, fault.path)) for fault in CHECK.iter_errors(parse(text))]


def test_the_schema_is_one():
    Draft202012Validator.check_schema(schema())


def test_the_shipped_file_is_up_to_date():
    shipped = json.loads((SCENARIOS / "scenario.schema.json").read_text(encoding="utf-8"))
    assert shipped == schema(), "run: coinfer scenario schema --out scenarios/scenario.schema.json"


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_every_bundled_scenario_fits(file):
    assert faults(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", bundled_scenarios())
def test_every_bundled_scenario_names_the_schema(name):
    first = (SCENARIOS / f"{name}.yaml").read_text(encoding="utf-8").partition("\n")[0]
    assert first == "# yaml-language-server: $schema=scenario.schema.json"


@pytest.mark.parametrize("name", bundled_scenarios())
def test_a_resolved_scenario_fits(name):
    assert list(CHECK.iter_errors(resolved(load_scenario(name)))) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tasks: 20", "tasks: 2.0e+3"),
        ("tasks: 20", "tasks: null\nduration_s: 5"),
        ("{bandwidth_hz", "{fading: {model: rician, k_db: 3}, bandwidth_hz"),
        ("{bandwidth_hz", '{fading: {plugin: "own.py:Own", settings: {a: 1}}, bandwidth_hz'),
        ("deadlines_s", "warmup: 3\ndeadlines_s"),
        ("deadlines_s", "sweep: {link.mean_snr_db: [0, 5], zip: {edge.workers: [1, 2]}}\ndeadlines_s"),
        ("deadlines_s", "sweep: {devices.0.profile: [a, b], csv: points.csv}\ndeadlines_s"),
        ("deadlines_s", "sweep: {codecs.0.quality: [30, 50], link.fading.settings.a: [1]}\ndeadlines_s"),
        ("profile: rtx-3090", "profile: {effective_flops_per_s: 1.0e+12}"),
    ],
)
def test_what_loads_fits(old, new):
    assert faults(SMALL.replace(old, new)) == []


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        ("tasks: 20", "task: 20", ""),
        ("bandwidth_hz", "bandwith_hz", "link"),
        ("mean_snr_db: 5", "mean_snr_db: '5'", "link/mean_snr_db"),
        ("mean_snr_db: 5", "mean_snr_db: 500", "link/mean_snr_db"),
        ("tasks: 20", "tasks: 0", "tasks"),
        ("tasks: 20", "tasks: 2.5", "tasks"),
        ("tasks: 20", "tasks: 20\nwarmup: mser", "warmup"),
        ("rate_hz: 1.0", "rate_hz: 0", "devices/0/arrivals/rate_hz"),
        ("profile: jetson-nano", "profile: jetson-nono", "devices/0/profile"),
        ("{bandwidth_hz", "{fading: {model: rician}, bandwidth_hz", "link/fading"),
        ("{bandwidth_hz", "{fading: {model: rice}, bandwidth_hz", "link/fading/model"),
        ("{bandwidth_hz", "{rate: {subcarrier_hz: 20000}, bandwidth_hz", "link/rate/subcarrier_hz"),
        ("{bandwidth_hz", "{access: {model: configured}, bandwidth_hz", "link/access"),
        ("{id: jpeg,", "{id: jpeg, plugin: 'a.py:B',", "codecs/1"),
        ("own.py:Own", "own.Own", "codecs/2"),
        ("deadlines_s", "sweep: {link.mean_snr: [0]}\ndeadlines_s", "sweep"),
        ("deadlines_s", "sweep: {devices.profile: [a]}\ndeadlines_s", "sweep"),
        ("deadlines_s", "sweep: {link.mean_snr_db: []}\ndeadlines_s", "sweep/link.mean_snr_db"),
        ("deadlines_s", "sweep: {link.mean_snr_db: 3}\ndeadlines_s", "sweep/link.mean_snr_db"),
        ("deadlines_s: [0.05, 0.2]", "deadlines_s: []", "deadlines_s"),
    ],
)
def test_a_mistake_is_marked_where_it_stands(old, new, at):
    changed = SMALL.replace(old, new)
    assert changed != SMALL
    assert set(faults(changed)) == {at}
