from typing import Any

import numpy as np
import pytest

from coinfer.codecs.protocol import Cost
from coinfer.simulator.codec_spec import CodecSpec
from coinfer.simulator.errors import InputError, ScenarioError
from coinfer.simulator.evaluation import CodecFacts, Evaluated
from coinfer.simulator.measurement_file import write_measurements
from coinfer.simulator.measurements import Measurement
from coinfer.simulator.replay_measurements import described, find_file, replay
from coinfer.simulator.scenario import Scenario

IMAGES = 6


def evaluated(number: int, codec: Any, defaults: dict[str, Any], cuts: tuple[int, ...] = ()) -> Evaluated:
    """An operating point whose messages are `number` bytes and more."""
    spec = CodecSpec.model_validate(codec)
    sizes = number + np.arange(IMAGES)
    curve = np.array([np.minimum(sizes, size) for size in cuts]) if cuts else None
    measurement = Measurement(
        sizes,
        np.arange(IMAGES) < number,
        Cost(1e9),
        Cost(2e9),
        False,
        cut_bytes=curve,
        cut_correct=None if curve is None else curve > 0,
    )
    settings = {**defaults, **spec.settings}
    facts = CodecFacts(settings, defaults, cuts, None, None, 0, 0, 1.0, 1.0, None)
    return Evaluated(spec, measurement, facts)


JPEG = {"quality": None, "max_bytes": None}
POINTS = [
    evaluated(1, "raw", {}),
    evaluated(2, {"id": "jpeg", "quality": 5}, JPEG),
    evaluated(3, {"id": "jpeg", "quality": 75}, JPEG),
    evaluated(4, {"id": "anytime", "split": "layer2"}, {"split": "layer2", "taps": [1, 2]}, (2, 5)),
    evaluated(5, {"plugin": "mine.py:Grey"}, {}),
]


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    about = {"images": {"fingerprint": "six"}, "versions": {"torch": "1"}}
    write_measurements(tmp_path / "six.parquet", POINTS, np.arange(IMAGES), about)
    return tmp_path / "six.parquet"


def scenario(*codecs: Any, images: dict[str, Any] | None = None, **link: Any) -> Scenario:
    return Scenario.model_validate(
        {
            "name": "replayed",
            "tasks": 10,
            "images": {"replay": "six.parquet", **(images or {})},
            "devices": [{"profile": "jetson-nano", "arrivals": {"rate_hz": 1}}],
            "link": {"bandwidth_hz": 1e6, "mean_snr_db": 5, **link},
            "edge": {"profile": "rtx-3090"},
            "codecs": codecs or ("raw",),
            "deadlines_s": [0.1],
        }
    )


def refusal(described: Scenario) -> str:
    with pytest.raises(ScenarioError) as caught:
        replay(described)
    return str(caught.value)


def test_each_codec_gets_its_own_measurement(file):
    found = replay(scenario({"id": "jpeg", "quality": 75}, "raw", {"plugin": "mine.py:Grey"}))
    assert (found.count, found.fingerprint) == (IMAGES, "six")
    first = {label: measured.payload_bytes[0] for label, measured in found.measurements.items()}
    assert first == {"jpeg(quality=75)": 3, "raw": 1, "Grey": 5}
    assert found.measurements["raw"].device_cost == Cost(1e9)


@pytest.mark.parametrize(
    ("codec", "label"),
    [
        ("anytime", "anytime"),
        ({"id": "anytime", "taps": [1, 2]}, "anytime(taps=[1, 2])"),
        ({"id": "jpeg", "quality": 5, "max_bytes": None}, "jpeg(max_bytes=null, quality=5)"),
        ({"id": "jpeg", "quality": 5.0}, "jpeg(quality=5.0)"),
    ],
)
def test_defaults_need_not_be_written_out(file, codec, label):
    assert list(replay(scenario(codec)).measurements) == [label]


def test_the_first_images_are_taken_with_all_that_belongs_to_them(file):
    found = replay(scenario("anytime", images={"count": 2}))
    assert (found.count, found.fingerprint) == (2, "six, first 2")
    (measured,) = found.measurements.values()
    np.testing.assert_array_equal(measured.payload_bytes, [4, 5])
    np.testing.assert_array_equal(measured.cut_bytes, [[2, 2], [4, 5]])
    assert measured.cut_correct.shape == (2, 2)
    assert replay(scenario("anytime", images={"count": IMAGES})).fingerprint == "six"


@pytest.mark.parametrize(
    ("codec", "line"),
    [
        (
            {"id": "jpeg", "quality": 33},
            "codecs: six.parquet has no jpeg(quality=33), only jpeg(quality=5), jpeg(quality=75); "
            "take one of these, or measure",
        ),
        ("jpeg", "codecs: six.parquet has no jpeg, only jpeg(quality=5), jpeg(quality=75); "),
        ({"id": "raw", "bits": 8}, "codecs: six.parquet has no raw(bits=8), only raw; "),
        ("rew", "codecs: six.parquet has no codec 'rew', did you mean 'raw'?"),
    ],
)
def test_an_operating_point_that_is_not_there(file, codec, line):
    assert refusal(scenario(codec)).startswith(line)


def test_more_images_than_there_are(file):
    line = refusal(scenario(images={"count": 7}))
    assert line == "images.count: expected at most the 6 images of six.parquet, got 7"


def test_a_link_that_damages_messages(file):
    line = refusal(scenario(loss={"model": "erasure", "probability": 0.1}))
    assert line.startswith("link.loss.model: expected none with images.replay, got erasure: ")


def test_a_set_that_does_not_exist(file):
    line = refusal(scenario(images={"replay": "gone.parquet"}))
    assert line.startswith(
        "images.replay: 'gone.parquet' is neither a file of 'coinfer evaluate' nor a bundled set"
    )


def test_a_file_of_something_else(file):
    file.with_name("other.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match="expected a whole file of 'coinfer evaluate'"):
        replay(scenario(images={"replay": "other.parquet"}))


def test_a_bundled_set_is_found_by_name(file, monkeypatch):
    monkeypatch.setattr("coinfer.simulator.replay_measurements.files", lambda package: file.parent)
    assert find_file("six") == file
    with pytest.raises(ScenarioError, match="did you mean 'six'"):
        find_file("sixx")


def test_the_file_is_described_for_the_manifest(file):
    found = described(scenario())
    assert (found["file"], found["images"], found["versions"]) == (
        "six.parquet",
        {"fingerprint": "six"},
        {"torch": "1"},
    )
    assert len(found["sha256"]) == 64
