"""What the published results have to show, and that they are those of the shipped weights."""

from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from coinfer.codecs.bitstream import HEADER_BYTES
from coinfer.models.checkpoints import file_sha256, shipped_path
from coinfer.simulator.evaluation import Evaluated
from coinfer.simulator.measurement_file import read_measurements
from coinfer.simulator.rate_accuracy import rate_accuracy

ROOT = Path(__file__).parents[1]
POINTS = {
    point.label: point
    for point in read_measurements(Path(str(files("coinfer.measurements"))) / "imagenette-val.parquet").points
}
UNCOMPRESSED = POINTS["raw"].measurement.correct
TABLE = rate_accuracy(list(POINTS.values()), UNCOMPRESSED).set_index("label")
TRAINED = [label for label, point in POINTS.items() if point.codec in ("aecnn", "anytime", "bottlenet++")]


def test_the_published_table_is_made_of_the_measurements() -> None:
    published = pd.read_csv(ROOT / "results" / "rate_accuracy.csv").set_index("label")
    assert published.index.tolist() == TABLE.index.tolist()
    for name in ("payload_bytes_mean", "top1", "loss_points", "feature_ratio"):
        np.testing.assert_allclose(published[name], TABLE[name].astype(float), rtol=1e-8, atol=1e-8)


def weights_of(point: Evaluated) -> list[str]:
    settings = point.facts.settings
    ratio = f"-{settings['ratio']}" if "ratio" in settings else ""
    kind = point.codec.rstrip("+")
    return ["resnet50-imagenette.safetensors", f"{kind}-{settings['split']}{ratio}.safetensors"]


@pytest.mark.parametrize("label", TRAINED)
def test_results_are_those_of_the_shipped_weights(label: str) -> None:
    evaluated_with = POINTS[label].circumstances["checkpoints"]
    for name in weights_of(POINTS[label]):
        shipped = file_sha256(shipped_path(name.removesuffix(".safetensors")))
        assert evaluated_with[name] == shipped, f"{name} has changed: coinfer evaluate --add --only '{label}'"


@pytest.mark.parametrize("split", ["layer1", "layer2", "layer3", "layer4"])
def test_aecnn_compresses_256_times_and_more_and_loses_at_most_4_points(split: str) -> None:
    row = TABLE.loc[f"aecnn(split={split})"]
    assert row["feature_ratio_before_coding"] == 256
    assert row["feature_ratio"] > 512
    assert row["loss_points"] <= 4


@pytest.mark.parametrize(("size", "points"), [(500, 2), (250, 4)])
def test_anytime_loses_little_however_short(size: int, points: float) -> None:
    row = TABLE.loc[f"anytime(split=layer2)@{size}"]
    assert row["payload_bytes_mean"] <= size
    assert row["loss_points"] <= points


@pytest.mark.parametrize("label", [label for label in TRAINED if POINTS[label].ideal_bytes_mean])
def test_messages_are_as_long_as_their_information(label: str) -> None:
    """Within 1 % and 3 bytes, beside the header of six; shorter where fixed width is."""
    row = TABLE.loc[label]
    ideal = row["ideal_bytes_mean"]
    assert row["payload_bytes_mean"] - HEADER_BYTES <= 1.01 * ideal + 3
