from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from coinfer.simulator.codec_spec import CodecSpec
from coinfer.simulator.fields import Choice, Section, first_mistake
from coinfer.simulator.profiles import profile
from coinfer.simulator.scenario import Scenario

UNITS = ("_s", "_hz", "_db", "_dbm", "_bps", "_bps_per_hz", "_m", "_mps", "_w", "_flops_per_s")
PLAIN_RATIOS = {
    *("efficiency", "cpu_speed", "service_cv", "m", "exponent", "probability", "target_bler", "sigma_log"),
    *("margin", "half_width"),
}


def scenario_data(**changes: Any) -> dict[str, Any]:
    """The shortest scenario there is."""
    return {
        "name": "short",
        "tasks": 10,
        "devices": [{"profile": "jetson-nano", "arrivals": {"rate_hz": 1}}],
        "link": {"bandwidth_hz": 1e6, "mean_snr_db": 5},
        "edge": {"profile": "rtx-3090"},
        "codecs": ["raw"],
        "deadlines_s": [0.1],
    } | changes


def mistake_in(**changes: Any) -> tuple[str, str]:
    with pytest.raises(ValidationError) as caught:
        Scenario.model_validate(scenario_data(**changes))
    return first_mistake(caught.value)


def all_sections() -> list[type[BaseModel]]:
    def below(section: type[BaseModel]) -> list[type[BaseModel]]:
        return [section, *(deeper for child in section.__subclasses__() for deeper in below(child))]

    return [kind for kind in [*below(Section)[1:], CodecSpec] if kind is not Choice]


def test_the_shortest_scenario_gets_the_documented_defaults() -> None:
    scenario = Scenario.model_validate(scenario_data())
    assert (scenario.seed, scenario.replications, scenario.drain) == (0, 1, True)
    assert (scenario.images.source, scenario.images.count) == ("scenes", 256)
    assert (scenario.devices[0].count, scenario.devices[0].buffer) == (1, None)
    assert (scenario.devices[0].arrivals.process, scenario.link.sharing) == ("poisson", "fifo")
    assert (scenario.link.fading.model, scenario.link.deep_fade) == ("rayleigh", None)
    assert (scenario.link.policy, scenario.on_deadline) == ("integrate", "finish")
    assert (scenario.link.rate.model, scenario.link.rate.gap_db, scenario.edge.workers) == ("shannon", 0.0, 1)


def test_a_profile_is_named_or_written_out() -> None:
    edge = {"profile": {"effective_flops_per_s": 1e12, "cpu_speed": 0.5}}
    scenario = Scenario.model_validate(scenario_data(edge=edge))
    assert scenario.devices[0].profile == profile("jetson-nano")
    assert scenario.edge.profile.name == "custom"
    assert scenario.edge.profile.compute_s(2e12, cpu_s=0.25) == 2.5


def test_deadlines_are_kept_in_ascending_order() -> None:
    assert Scenario.model_validate(scenario_data(deadlines_s=[1, 0.1, 0.5])).deadlines_s == (0.1, 0.5, 1.0)


def test_a_whole_number_may_be_written_as_a_float() -> None:
    assert Scenario.model_validate(scenario_data(tasks=2e3)).tasks == 2000


def test_a_scenario_cannot_be_changed() -> None:
    scenario = Scenario.model_validate(scenario_data())
    with pytest.raises(ValidationError, match="frozen"):
        scenario.seed = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("codec", "label"),
    [
        ("png", "png"),
        ({"id": "png"}, "png"),
        ({"id": "jpeg", "quality": 75}, "jpeg(quality=75)"),
        ({"id": "aecnn", "split": "layer2", "bits": 8}, "aecnn(bits=8, split=layer2)"),
        ({"bits": 8, "split": "layer2", "id": "aecnn"}, "aecnn(bits=8, split=layer2)"),
        ({"id": "x", "on": True, "off": None, "taps": [1, 2.5]}, "x(off=null, on=true, taps=[1, 2.5])"),
        ({"plugin": "my/codecs.py:Fast"}, "Fast"),
        ({"plugin": "my/codecs.py:Fast", "level": 3}, "Fast(level=3)"),
    ],
)
def test_codecs_have_stable_labels(codec: Any, label: str) -> None:
    assert CodecSpec.model_validate(codec).label == label


def test_every_key_of_a_codec_but_its_name_is_a_setting() -> None:
    codec = CodecSpec.model_validate({"id": "jpeg", "quality": 75})
    assert (codec.id, codec.plugin, codec.settings) == ("jpeg", None, {"quality": 75})
    assert codec.model_dump() == {"id": "jpeg", "quality": 75}
    assert CodecSpec(id="jpeg", settings={"quality": 75}) == codec


@pytest.mark.parametrize(
    ("changes", "key", "problem"),
    [
        ({"sed": 1}, "sed", "unknown key, did you mean 'seed'?"),
        ({"name": "a/b"}, "name", "expected letters, digits, '_', '-' and '.' only, got 'a/b'"),
        ({"seed": -1}, "seed", "expected a number of at least 0, got -1"),
        ({"seed": True}, "seed", "expected a whole number, got true"),
        ({"tasks": 2.5}, "tasks", "expected a whole number, got 2.5"),
        ({"tasks": "2000"}, "tasks", "expected a whole number, got '2000'; remove the quotes"),
        ({"tasks": "2_000"}, "tasks", "expected a whole number, got '2_000'; remove the underscores"),
        ({"tasks": None}, "tasks", "missing; give tasks or duration_s"),
        (
            {"duration_s": 5},
            "duration_s",
            "tasks is given as well; keep one of them and set the other to null",
        ),
        ({"drain": "no"}, "drain", "expected true or false, got 'no'"),
        ({"seed": -1, "tasks": 0}, "seed", "expected a number of at least 0, got -1 (and 1 more)"),
        ({"devices": []}, "devices", "expected at least one entry, got an empty list"),
        ({"devices": {"count": 1}}, "devices", "expected a list, got a mapping"),
        ({"edge": None}, "edge", "expected a mapping of keys to values, got nothing"),
        ({"edge": {"profile": "rtx-3090", "queue": "lifo"}}, "edge.queue", "expected 'fifo', got 'lifo'"),
        (
            {"edge": {"profile": "rtx-3900"}},
            "edge.profile",
            "unknown profile 'rtx-3900', did you mean 'rtx-3090'?",
        ),
        (
            {"edge": {"profile": {"effective_flops": 1e9}}},
            "edge.profile.effective_flops",
            "unknown key, did you mean 'effective_flops_per_s'?",
        ),
        ({"deadlines_s": [0.1, 0]}, "deadlines_s.1", "expected a number above 0, got 0"),
        ({"deadlines_s": [0.1, 0.1]}, "deadlines_s", "0.1 is listed twice; keep one"),
    ],
)
def test_a_mistake_is_told_at_its_key(changes: dict[str, Any], key: str, problem: str) -> None:
    assert mistake_in(**changes) == (key, problem)


@pytest.mark.parametrize(
    ("images", "key", "problem"),
    [
        ({"source": "imagefolder"}, "root", "missing; source imagefolder needs the folder of class folders"),
        ({"root": "photos"}, "root", "scenes are drawn and have no folder; remove this key"),
        (
            {"source": "imagenette", "seed": 3},
            "seed",
            "only scenes are drawn with a seed; remove this key",
        ),
        ({"download": True}, "download", "only imagenette can be downloaded; remove this key"),
    ],
)
def test_image_keys_fit_the_source(images: dict[str, Any], key: str, problem: str) -> None:
    assert mistake_in(images=images) == (f"images.{key}", problem)


@pytest.mark.parametrize(
    ("codecs", "key", "problem"),
    [
        ("raw", "codecs", "expected a list, got 'raw'"),
        (["raw", {"id": "raw"}], "codecs", "raw is listed twice; keep one"),
        ([75], "codecs.0", "expected a codec's name or a mapping with id or plugin, got 75"),
        ([{"quality": 75}], "codecs.0", "expected either id or plugin, got neither"),
        ([{"id": "a", "plugin": "b.py:C"}], "codecs.0", "expected either id or plugin, got both"),
        ([{"plugin": "b.py"}], "codecs.0.plugin", "expected path/to/file.py:ClassName, got 'b.py'"),
        ([{"id": 5}], "codecs.0.id", "expected text, got 5"),
        ([{"id": "a", "settings": 5}], "codecs.0.settings", "expected a mapping of keys to values, got 5"),
    ],
)
def test_a_codec_has_one_name(codecs: Any, key: str, problem: str) -> None:
    assert mistake_in(codecs=codecs) == (key, problem)


@pytest.mark.parametrize(
    ("sweep", "key", "problem"),
    [
        ({"seed": 5}, "seed", "expected a list, got 5"),
        ({"seed": []}, "seed", "expected at least one value, got an empty list"),
        ({"seed": [1, 1]}, "seed", "1 is listed twice; keep one"),
        ({"seed": [[1]]}, "seed.0", "expected a finite number, text, true, false or null, got a list"),
        ({"sweep.seed": [1]}, "sweep.seed", "a sweep cannot sweep itself; remove this key"),
    ],
)
def test_a_sweep_lists_different_values(sweep: dict[str, Any], key: str, problem: str) -> None:
    assert mistake_in(sweep=sweep) == (f"sweep.{key}", problem)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (-1e6, "expected a number above 0, got -1000000.0"),
        (0, "expected a number above 0, got 0"),
        ("fast", "expected a number, got 'fast'"),
        ("1e6", "expected a number, got '1e6'; remove the quotes"),
        (True, "expected a number, got true"),
        (None, "expected a number, got nothing"),
        ([1e6], "expected a number, got a list"),
        (float("nan"), "expected a finite number, got nan"),
        (float("inf"), "expected a finite number, got inf"),
    ],
)
def test_a_number_is_a_finite_number(value: Any, problem: str) -> None:
    assert mistake_in(link={"bandwidth_hz": value, "mean_snr_db": 5}) == ("link.bandwidth_hz", problem)


@pytest.mark.parametrize("missing", ["name", "devices", "link", "edge", "codecs", "deadlines_s"])
def test_a_missing_key_is_told(missing: str) -> None:
    data = scenario_data()
    del data[missing]
    with pytest.raises(ValidationError) as caught:
        Scenario.model_validate(data)
    assert first_mistake(caught.value) == (missing, "missing; this key is required")


@pytest.mark.parametrize("section", all_sections(), ids=lambda section: section.__name__)
def test_every_key_is_described_and_numbers_have_units(section: type[BaseModel]) -> None:
    for name, field in section.model_fields.items():
        assert field.description, f"{section.__name__}.{name} has no description"
        if field.annotation in {float, float | None} and name not in PLAIN_RATIOS:
            assert name.endswith(UNITS), f"{section.__name__}.{name} has no unit"
            assert "[" in field.description, f"{section.__name__}.{name} describes no unit"
