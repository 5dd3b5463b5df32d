import subprocess
import sys
from pathlib import Path

import pytest

from coinfer.simulator.errors import ScenarioError
from coinfer.simulator.loading import bundled_scenarios, expand, load_scenario, resolved
from coinfer.simulator.scenario import Scenario
from coinfer.simulator.scenario_sweep import Sweep

SCENARIO = """\
name: poor_channel
description: A camera at the edge of a cell. Which codec answers in time?
seed: 1
tasks: 2000                # for each device and replication; or duration_s
replications: 5
images: {source: scenes, count: 256}
devices:
  - {count: 1, profile: jetson-nano, arrivals: {process: poisson, rate_hz: 1.0}}
link:
  bandwidth_hz: 1.0e+6
  mean_snr_db: 5
  fading: {model: rayleigh, speed_mps: 1.0, carrier_hz: 3.5e+9}
  rate: {model: shannon, gap_db: 0}
  deep_fade: integrate
  sharing: fifo
edge: {profile: rtx-3090, workers: 1, queue: fifo}
codecs: [raw, png, {id: jpeg, quality: 75}, local, {id: aecnn, split: layer2}]
deadlines_s: [0.05, 0.1, 0.2, 0.5, 1.0]
sweep: {link.mean_snr_db: [-5, 0, 5, 10, 15, 20]}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "poor_channel.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    return path


def line_of(name_or_path: str | Path, *overrides: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(name_or_path, overrides)
    assert caught.value.exit_code == 2
    line = str(caught.value)
    assert "\n" not in line
    return line


def line_after(file: Path, old: str, new: str) -> str:
    assert old in SCENARIO
    file.write_text(SCENARIO.replace(old, new), encoding="utf-8")
    return line_of(file)


def test_the_scenario_of_the_architecture_loads(file: Path) -> None:
    scenario = load_scenario(file)
    assert (scenario.name, scenario.seed, scenario.tasks, scenario.replications) == (
        "poor_channel",
        1,
        2000,
        5,
    )
    assert (scenario.link.bandwidth_hz, scenario.link.fading.carrier_hz) == (1e6, 3.5e9)
    assert (scenario.devices[0].profile.name, scenario.edge.profile.name) == ("jetson-nano", "rtx-3090")
    assert [codec.label for codec in scenario.codecs][::4] == ["raw", "aecnn(split=layer2)"]


def test_bundled_scenarios_are_found_by_name() -> None:
    assert {"good_channel", "poor_channel"} <= set(bundled_scenarios())
    for name in bundled_scenarios():
        assert load_scenario(name).name == name
        assert load_scenario(f"{name}.yaml") == load_scenario(name)


def test_a_folder_does_not_hide_a_bundled_scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "poor_channel").mkdir()
    monkeypatch.chdir(tmp_path)
    assert load_scenario("poor_channel").name == "poor_channel"


def test_a_scenario_loads_again_from_its_resolved_data(file: Path) -> None:
    scenario = load_scenario(file)
    assert Scenario.model_validate(resolved(scenario)) == scenario
    assert resolved(scenario)["devices"][0]["profile"]["name"] == "jetson-nano"
    assert resolved(scenario)["codecs"][2] == {"id": "jpeg", "quality": 75}


@pytest.mark.parametrize("number", ["1e6", "1.0e+6", "1.0e6", "1000000", "+1E6"])
def test_numbers_are_those_of_yaml_1_2(file: Path, number: str) -> None:
    file.write_text(SCENARIO.replace("1.0e+6", number), encoding="utf-8")
    assert load_scenario(file).link.bandwidth_hz == 1e6


# --- the file ---------------------------------------------------------------------------------------------


def test_a_missing_file() -> None:
    names = ", ".join(bundled_scenarios())
    assert line_of("nowhere/qqq.yaml") == f"nowhere/qqq.yaml: no such file; bundled scenarios: {names}"
    assert line_of("scenarios/poor_chanel.yaml") == (
        "scenarios/poor_chanel.yaml: no such file, did you mean the bundled scenario 'poor_channel'?"
    )


def test_a_folder(tmp_path: Path) -> None:
    assert line_of(tmp_path) == f"{tmp_path}: this is a folder; expected a scenario file"


def test_a_file_that_is_not_text(file: Path) -> None:
    file.write_bytes(b"name: caf\xe9\n")
    assert line_of(file) == "poor_channel.yaml: byte 9 is not UTF-8; save the file as UTF-8 text"


def test_a_file_that_is_too_large(file: Path) -> None:
    file.write_text(SCENARIO + "#" * 1_000_000, encoding="utf-8")
    assert line_of(file) == "poor_channel.yaml: larger than 1 MB; expected a short scenario file"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name: [a\nseed: 1\n", "line 2: while parsing a flow sequence, expected ',' or ']', but got ':'"),
        ("seed: 1\nname: a\nseed: 2\n", "line 3: duplicate key 'seed'; keep one"),
        ("name: !!python/name:os.system\n", "line 1: tags (!) are not allowed; write plain data"),
        ("", "expected keys and values such as 'name: my_scenario' at the top level"),
        ("- name: a\n", "expected keys and values such as 'name: my_scenario' at the top level"),
    ],
)
def test_a_file_that_is_not_plain_yaml(file: Path, text: str, problem: str) -> None:
    file.write_text(text, encoding="utf-8")
    assert line_of(file) == f"poor_channel.yaml: {problem}"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "bandwidth_hz: 1.0e+6",
            "bandwith_hz: 1e6",
            "link.bandwith_hz: unknown key, did you mean 'bandwidth_hz'?",
        ),
        ("1.0e+6", "-1.0e+6", "link.bandwidth_hz: expected a number above 0, got -1000000.0"),
        ("1.0e+6", "wide", "link.bandwidth_hz: expected a number, got 'wide'"),
        ("1.0e+6", "'1e6'", "link.bandwidth_hz: expected a number, got '1e6'; remove the quotes"),
        ("1.0e+6", "yes", "link.bandwidth_hz: expected a number, got 'yes'"),
        ("1.0e+6", ".inf", "link.bandwidth_hz: expected a finite number, got inf"),
        ("tasks: 2000", "tasks: many", "tasks: expected a whole number, got 'many'"),
        (
            "sharing: fifo",
            "sharing: tmda",
            "link.sharing: expected 'fifo', 'equal', 'tdma', 'ofdma', 'round_robin', 'proportional_fair' or "
            "'csma', got 'tmda', did you mean 'tdma'?",
        ),
        (
            "model: rayleigh",
            "model: raleigh",
            "link.fading.model: expected 'rayleigh', 'rician', 'nakagami', 'wideband', 'none' or 'plugin', "
            "got 'raleigh', did you mean 'rayleigh'?",
        ),
        (
            "profile: jetson-nano",
            "profile: jetson-nan",
            "devices.0.profile: unknown profile 'jetson-nan', did you mean 'jetson-nano'?",
        ),
        (
            "sweep: {link.mean_snr_db:",
            "sweep: {link.mean_snr:",
            "sweep.link.mean_snr: unknown key, did you mean 'mean_snr_db'?",
        ),
        (
            "sweep: {link.mean_snr_db: [-5,",
            "sweep: {link.bandwidth_hz: [-5,",
            "sweep.link.bandwidth_hz: expected a number above 0, got -5",
        ),
        (
            "sweep: {link.mean_snr_db:",
            "sweep: {devices.1.count:",
            "sweep.devices.1.count: devices has no entry '1'; known: 0",
        ),
        (
            "sweep: {link.mean_snr_db:",
            "sweep: {name.x:",
            "sweep.name.x: name is 'poor_channel' and has no key 'x'",
        ),
    ],
)
def test_a_mistake_in_the_file(file: Path, old: str, new: str, line: str) -> None:
    assert line_after(file, old, new) == f"poor_channel.yaml: {line}"


# --- --set ------------------------------------------------------------------------------------------------


def test_overrides_reach_every_key(file: Path) -> None:
    overrides = (
        "seed=7 devices.0.count=4 edge.profile.cpu_speed=2 codecs.2.quality=30 tasks=null duration_s=1e2"
    )
    scenario = load_scenario(file, [*overrides.split(), "link.mean_snr_db=12", "sweep={}", "seed=8"])
    assert (scenario.seed, scenario.devices[0].count, scenario.edge.profile.cpu_speed) == (8, 4, 2.0)
    assert (scenario.codecs[2].label, scenario.tasks, scenario.duration_s) == (
        "jpeg(quality=30)",
        None,
        100.0,
    )
    assert (scenario.sweep, scenario.link.mean_snr_db) == (Sweep(), 12.0)


def test_a_sweep_can_be_set(file: Path) -> None:
    scenario = load_scenario(file, ["sweep.link.mean_snr_db=[3]", "sweep.devices.0.count=[1, 2]"])
    assert [point.coordinates for point in expand(scenario)] == [
        {"link.mean_snr_db": 3, "devices.0.count": 1},
        {"link.mean_snr_db": 3, "devices.0.count": 2},
    ]


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("tasks", "--set: expected key=value such as link.mean_snr_db=5, got 'tasks'"),
        ("=5", "--set: expected key=value such as link.mean_snr_db=5, got '=5'"),
        ("link..x=5", "--set: link..x: a key is empty; expected a path such as link.mean_snr_db"),
        ("link.bandwith_hz=5", "--set: link.bandwith_hz: unknown key, did you mean 'bandwidth_hz'?"),
        ("link.bandwidth_hz=-5", "--set: link.bandwidth_hz: expected a number above 0, got -5"),
        ("link.bandwidth_hz=", "--set: link.bandwidth_hz: expected a number, got nothing"),
        ("devices.2.count=1", "--set: devices.2.count: devices has no entry '2'; known: 0"),
        ("name.x=1", "--set: name.x: name is 'poor_channel' and has no key 'x'"),
        (
            "link.mean_snr_db=5",
            "--set: link.mean_snr_db: this key is swept; set sweep.link.mean_snr_db instead",
        ),
        (
            "seed=[1",
            "--set: seed: line 1: while parsing a flow sequence, expected ',' or ']', but got '<stream end>'",
        ),
        ("sweep=5", "--set: sweep: expected a mapping of keys to values, got 5"),
        ("seed=!!int 5", "--set: seed: line 1: tags (!) are not allowed; write plain data"),
        (
            "duration_s=5",
            "--set: duration_s: tasks is given as well; keep one of them and set the other to null",
        ),
    ],
)
def test_a_mistake_in_an_override(file: Path, override: str, line: str) -> None:
    assert line_of(file, override) == line


# --- sweeps -----------------------------------------------------------------------------------------------


def test_a_sweep_makes_a_grid_in_the_order_of_the_file(file: Path) -> None:
    scenario = load_scenario(
        file, ["sweep={link.mean_snr_db: [0, 10], edge.profile: [rtx-3090, cpu-server]}"]
    )
    points = expand(scenario)
    assert [tuple(point.coordinates.values()) for point in points] == [
        (0, "rtx-3090"),
        (0, "cpu-server"),
        (10, "rtx-3090"),
        (10, "cpu-server"),
    ]
    assert list(points[0].coordinates) == ["link.mean_snr_db", "edge.profile"]
    for point in points:
        assert point.scenario.link.mean_snr_db == point.coordinates["link.mean_snr_db"]
        assert point.scenario.edge.profile.name == point.coordinates["edge.profile"]
        assert point.scenario.sweep == Sweep()
        assert point.scenario.seed == scenario.seed


def test_without_a_sweep_there_is_one_point(file: Path) -> None:
    scenario = load_scenario(file, ["sweep={}"])
    (point,) = expand(scenario)
    assert (point.coordinates, point.scenario) == ({}, scenario)


def test_a_grid_has_a_limit(file: Path) -> None:
    values = list(range(101))
    assert line_of(file, f"sweep={{seed: {values}, replications: {values[1:]}}}") == (
        "--set: sweep: expected at most 10000 points, got 10100; shorten a list"
    )


def test_values_that_do_not_fit_together_are_told_with_their_point(file: Path) -> None:
    assert line_of(file, "sweep={images.source: [scenes, imagefolder]}") == (
        "--set: sweep: at images.source=imagefolder: images.root: missing;"
        " source imagefolder needs the folder of class folders"
    )


def test_an_error_stays_on_one_line(file: Path) -> None:
    line = line_after(file, "name: poor_channel", r'name: "poor\n\nchannel"')
    assert (
        line == "poor_channel.yaml: name: expected letters, digits, '_', '-' and '.' only, got 'poor channel'"
    )


def test_loading_imports_nothing_heavy() -> None:
    code = "import sys, coinfer.simulator.loading; print({'torch', 'numpy', 'pandas'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"
