import numpy as np
import pytest
from scipy import stats

from coinfer.codecs.protocol import Cost
from coinfer.simulator.codec_spec import CodecSpec
from coinfer.simulator.evaluation import CodecFacts, Evaluated
from coinfer.simulator.measurements import Measurement
from coinfer.simulator.rate_accuracy import COLUMNS, family, paired_loss, rate_accuracy

UNCOMPRESSED = np.arange(100) < 90


def point(codec, sizes, right, cut=None, ideal_bytes=None, **facts):
    spec = CodecSpec.model_validate(codec)
    known = {
        "settings": spec.settings,
        "defaults": {},
        "cuts": (250,) if cut else (),
        "feature_bytes": None,
        "fixed_width_bytes": None,
        "device_parameters": 0,
        "device_parameter_bytes": 0,
        "encode_ms": 2.0,
        "decode_ms": 3.0,
        "load": 0.5,
    }
    cut_bytes, cut_correct = (np.array([column]) for column in cut) if cut else (None, None)
    measurement = Measurement(
        *(sizes, right, Cost(3e9), Cost(5e9, 1e-3), False),
        cut_bytes=cut_bytes,
        cut_correct=cut_correct,
    )
    return Evaluated(spec, measurement, CodecFacts(**{**known, **facts}), {}, ideal_bytes)


def test_the_columns_of_a_coded_feature_map():
    sizes = np.arange(1_000, 1_100)
    facts = {"feature_bytes": 1_605_632, "fixed_width_bytes": 6_272}
    ideal = {"ideal_bytes": 1_040.0}
    coded = point({"id": "aecnn", "split": "layer2"}, sizes, np.arange(100) < 85, **ideal, **facts)
    table = rate_accuracy([coded], UNCOMPRESSED)
    (row,) = table.to_dict("records")
    assert list(row) == list(COLUMNS)
    assert (row["codec"], row["label"], row["split"]) == ("aecnn", "aecnn(split=layer2)", "layer2")
    assert row["payload_bytes_mean"] == sizes.mean() == 1_049.5
    assert (row["payload_bytes_p5"], row["payload_bytes_p95"]) == (1_004.95, 1_094.05)
    assert row["ideal_bytes_mean"] == 1_040.0
    assert row["feature_ratio_before_coding"] == 256
    assert row["feature_ratio"] == pytest.approx(1_605_632 / 1_049.5)
    assert row["pixel_ratio"] == pytest.approx(150_528 / 1_049.5)
    assert (row["device_gmac"], row["edge_gmac"]) == (1.5, 2.5)
    assert row["top1"] == 0.85
    wilson = stats.binomtest(85, 100).proportion_ci(0.95, method="wilson")
    assert (row["top1_low"], row["top1_high"]) == pytest.approx((wilson.low, wilson.high))
    assert row["loss_points"] == pytest.approx(5.0)
    assert row["loss_points_low"] < 5.0 < row["loss_points_high"]


def test_what_a_codec_does_not_have_stays_empty():
    table = rate_accuracy([point("png", np.full(100, 9), UNCOMPRESSED)], UNCOMPRESSED)
    empty = ["split", "cut_bytes", "fixed_width_bytes", "ideal_bytes_mean", "feature_ratio"]
    assert table[[*empty, "feature_ratio_before_coding"]].isna().all(axis=None)
    assert table["loss_points"].tolist() == [0]


def test_settings_have_a_column_each():
    points = [
        point({"id": "jpeg", "quality": 5}, np.full(100, 9), UNCOMPRESSED),
        point({"id": "split", "split": "layer1", "bits": 8}, np.full(100, 9), UNCOMPRESSED),
    ]
    table = rate_accuracy(points, UNCOMPRESSED)
    assert table.columns.tolist()[3:7] == ["split", "setting.bits", "setting.quality", "cut_bytes"]
    assert table["setting.quality"].tolist()[0] == table["setting.bits"].tolist()[1] - 3 == 5
    assert table["setting.quality"].isna().tolist() == [False, True]


def test_each_cut_has_a_row():
    whole, cut = np.arange(100) < 88, np.arange(100) < 60
    sizes = np.full(100, 400)
    facts = {"feature_bytes": 1_000, "fixed_width_bytes": 500}
    ideal = 387.5
    anytime = point({"id": "anytime"}, sizes, whole, (np.full(100, 240), cut), ideal, **facts)
    table = rate_accuracy([anytime], UNCOMPRESSED)
    assert table["label"].tolist() == ["anytime", "anytime@250"]
    assert table["family"].tolist() == ["anytime", "anytime"]
    assert table["payload_bytes_mean"].tolist() == [400, 240]
    assert table["top1"].tolist() == [0.88, 0.6]
    assert table["cut_bytes"].isna().tolist() == [True, False]
    assert table["feature_ratio"].tolist() == pytest.approx([1_000 / 400, 1_000 / 240])
    for name in ("fixed_width_bytes", "ideal_bytes_mean", "feature_ratio_before_coding", "decode_ms"):
        assert table[name].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("raw", "raw"),
        ({"id": "jpeg", "quality": 75}, "jpeg(quality=*)"),
        ({"id": "b", "coded": True, "ratio": 4, "split": "layer2"}, "b(coded=true, ratio=*, split=layer2)"),
    ],
)
def test_a_family_differs_in_numbers_only(codec, name):
    assert family(CodecSpec.model_validate(codec)) == name


def test_a_paired_loss_by_hand():
    before, after = np.array([1] * 9 + [0], dtype=bool), np.array([1] * 6 + [0] * 3 + [1], dtype=bool)
    loss = paired_loss(before, after)
    assert loss.estimate == pytest.approx(0.2)
    half = stats.norm.ppf(0.975) * np.sqrt(3.5 + 1.5 - 2**2 / 12) / 12
    assert (loss.low, loss.high) == pytest.approx((2 / 12 - half, 2 / 12 + half))
    swapped = paired_loss(after, before)
    assert (swapped.estimate, swapped.low, swapped.high) == pytest.approx((-0.2, -loss.high, -loss.low))


def test_pairing_narrows_the_interval():
    changed = np.arange(1_000) < 30
    before = np.arange(1_000) % 2 == 0
    loss = paired_loss(before, before & ~changed)
    assert loss.estimate == 0.015
    assert loss.high - loss.low < 0.02 < 2 * 1.96 * np.sqrt(2 * 0.25 / 1_000)


def test_95_percent_intervals_hold_the_truth_19_times_of_20():
    rng = np.random.default_rng(7)
    held = []
    for _ in range(2_000):
        draw = rng.random(400)
        before, after = draw < 0.85, (draw < 0.80) | (draw > 0.98)
        loss = paired_loss(before, after)
        held.append(loss.low <= 0.85 - 0.82 <= loss.high)
    assert 0.935 < np.mean(held) < 0.97
