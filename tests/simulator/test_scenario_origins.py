"""A resolved scenario as YAML: it loads again, and says where each value comes from."""

import pytest

from coinfer.simulator.loading import bundled_scenarios, load_scenario, resolved
from coinfer.simulator.plain_yaml import parse
from coinfer.simulator.scenario_origins import values, with_origins
from coinfer.simulator.scenario_yaml import commented

FILE = """
name: mine
tasks: 20
devices:
  - {profile: jetson-nano, arrivals: {rate_hz: 1.0}}
  - {profile: {effective_flops_per_s: 1.0e+12}, arrivals: {rate_hz: 2.0}, count: 3}
link: {bandwidth_hz: 1.0e+5, mean_snr_db: 5, deep_fade: null}
edge: {profile: rtx-3090}
codecs: [raw, {id: jpeg, settings: {quality: 30}}]
deadlines_s: [0.2, 0.05]
sweep: {link.mean_snr_db: [0, 5], zip: {edge.workers: [1, 2]}}
"""


@pytest.fixture
def origins(tmp_path):
    """Gives the origin of a value by its dotted path, and in the sweep by the path of its list."""
    file = tmp_path / "mine.yaml"
    file.write_text(FILE)

    def ask(*overrides):
        data, found = with_origins(str(file), overrides)
        assert [path for path, _ in values(data)] == list(found)
        return {".".join(path): origin for path, origin in found.items()}

    return ask


def test_what_the_file_says_and_what_it_leaves_out(origins):
    found = origins()
    for path in ("name", "devices.0.arrivals.rate_hz", "devices.1.count", "link.deep_fade", "deadlines_s"):
        assert found[path] == "file"
    for path in ("seed", "devices.0.count", "devices.0.arrivals.process", "link.fading.model", "warmup"):
        assert found[path] == "default"


def test_what_a_named_profile_says(origins):
    found = origins()
    assert found["devices.0.profile.overhead_s"] == "file, profile"
    assert found["edge.profile.name"] == "file, profile"
    assert found["devices.1.profile.effective_flops_per_s"] == "file"
    assert found["devices.1.profile.overhead_s"] == "default"


def test_codecs_and_sweeps(origins):
    found = origins()
    for path in ("codecs.0.id", "codecs.1.quality", "sweep.link.mean_snr_db", "sweep.zip.edge.workers"):
        assert found[path] == "file"


def test_what_was_set(origins):
    found = origins("devices.1.count=4", "edge.profile=jetson-nano", "codecs=[png]", "deadlines_s.0=0.3")
    assert found["devices.1.count"] == "--set"
    assert found["devices.0.count"] == "default"
    assert found["edge.profile.overhead_s"] == "--set, profile"
    assert found["codecs.0.id"] == "--set"
    assert found["deadlines_s"] == "--set"
    assert found["link.bandwidth_hz"] == "file"


@pytest.mark.parametrize("name", bundled_scenarios())
def test_what_is_printed_loads_to_the_same_scenario(name, tmp_path):
    data, found = with_origins(name)
    text = commented(data, found)
    assert parse(text) == data == resolved(load_scenario(name))
    copy = tmp_path / "copy.yaml"
    copy.write_text(text)
    assert load_scenario(copy) == load_scenario(name)
    assert text.count("# file") + text.count("# default") >= len(found)


@pytest.mark.parametrize(
    "value",
    [
        "no",
        "1e6",
        "null",
        "true",
        "",
        " a",
        "a: b",
        "a #b",
        "- a",
        "{a}",
        "~",
        "1.5",
        "0x1",
        "ü",
        'say "a"',
        "a\nb",
    ],
)
def test_text_stays_text(value):
    data = {"a": {"b": [{"c": value, "d": [value, 1]}, {"e": {}}], "f": [[value], [2]]}}
    assert parse(commented(data, {})) == data


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.0, "0.0"), (1e6, "1.0e+6"), (1.836e7, "1.836e+7"), (1e-5, "1.0e-5"), (0.1, "0.1"), (-2.5, "-2.5")],
)
def test_numbers_are_short(value, written):
    assert commented({"a": value}, {}) == f"a: {written}\n"
    assert parse(written) == value


def test_comments_stand_in_a_column():
    text = commented({"a": 1, "b": {"c": [1, 2]}}, {("a",): "file", ("b", "c"): "default"})
    first, heading, last = text.splitlines()
    assert heading == "b:"
    assert first.index("# file") == last.index("# default")
