"""From evaluated operating points to one table: bytes against accuracy, and what both cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from coinfer.simulator.codec_spec import CodecSpec
from coinfer.simulator.evaluation import Evaluated
from coinfer.simulator.intervals import CONFIDENCE, Interval, wilson

FLOPS_PER_MAC = 2

PIXEL_BYTES = 3 * 224 * 224
"""An image as uint8 RGB."""

COLUMNS = {
    "codec": "name of the codec",
    "label": "the operating point; LABEL@SIZE: its messages cut to SIZE bytes",
    "family": "operating points that differ in a number only",
    "split": "stage after which the network is cut; empty if it is not",
    "cut_bytes": "size to which longer messages are cut; empty if they are sent whole",
    "images": "number of images",
    "payload_bytes_mean": "length of a message, mean",
    "payload_bytes_p5": "5 % quantile",
    "payload_bytes_p95": "95 % quantile",
    "fixed_width_bytes": "an image's symbols before entropy coding; empty if there are none",
    "ideal_bytes_mean": "information of a message's symbols under the codec's own tables, mean",
    "feature_ratio_before_coding": "float32 features at the split, bytes, over fixed_width_bytes",
    "feature_ratio": "float32 features at the split, bytes, over payload_bytes_mean",
    "pixel_ratio": "150,528 bytes of uint8 pixels over payload_bytes_mean",
    "top1": "share of images answered right",
    "top1_low": "limits of its 95 % interval (Wilson), as if images were drawn at random",
    "top1_high": "",
    "loss_points": "percentage points lost against the uncompressed network on the same images",
    "loss_points_low": "limits of its 95 % interval (paired, Agresti and Min)",
    "loss_points_high": "",
    "device_gmac": "work of the encoder's network, 10^9 multiply-accumulates an image",
    "edge_gmac": "work of the decoder's network",
    "device_parameters": "parameters of the networks on the device",
    "device_parameter_bytes": "what they take as float16",
    "encode_ms": "median CPU time of encoding an image alone on one thread; depends on the machine: compare "
    "rows of the same machine only, told by `evaluations` in rate_accuracy.json",
    "decode_ms": "the same of decoding a message; empty for cut messages",
}
"""What the columns of rate_accuracy.csv mean; settings stand before `cut_bytes`, as `setting.NAME`."""


def rate_accuracy(evaluated: Sequence[Evaluated], uncompressed: NDArray[np.bool_]) -> pd.DataFrame:
    """Makes the table of rate_accuracy.csv.

    Args:
        evaluated: the operating points, all on the same images.
        uncompressed: `[images]` whether the uncompressed network's answer is right.

    Returns:
        A row an operating point, below it one for each size to which its messages were cut.
    """
    rows = [row for point in evaluated for row in _rows(point, uncompressed)]
    names = {name for point in evaluated for name in point.spec.settings} - {"split"}
    settings = [f"setting.{name}" for name in sorted(names)]
    place = list(COLUMNS).index("cut_bytes")
    table = pd.DataFrame(rows, columns=[*list(COLUMNS)[:place], *settings, *list(COLUMNS)[place:]])
    for name in settings:  # as they are: a column of whole numbers and gaps would become one of floats
        table[name] = pd.Series([row.get(name) for row in rows], dtype=object)
    return table


def family(spec: CodecSpec) -> str:
    """What figures draw as one line: the label with a star for each number, as in `jpeg(quality=*)`."""
    settings = {name: "*" if _is_number(value) else value for name, value in spec.settings.items()}
    return spec.model_copy(update={"settings": settings}).label


def _rows(point: Evaluated, uncompressed: NDArray[np.bool_]) -> Iterator[dict[str, Any]]:
    measured, facts = point.measurement, point.facts
    settings = {f"setting.{name}": value for name, value in point.spec.settings.items() if name != "split"}
    common = {
        "codec": point.spec.id or str(point.spec.plugin).rpartition(":")[2],
        "family": family(point.spec),
        "split": facts.settings.get("split"),
        **settings,
        "device_gmac": _gmac(measured.device_cost.flops),
        "edge_gmac": _gmac(measured.edge_cost.flops),
        "device_parameters": facts.device_parameters,
        "device_parameter_bytes": facts.device_parameter_bytes,
        "encode_ms": facts.encode_ms,
    }
    whole = {
        "fixed_width_bytes": facts.fixed_width_bytes,
        "ideal_bytes_mean": point.ideal_bytes_mean,
        "feature_ratio_before_coding": _ratio(facts.feature_bytes, facts.fixed_width_bytes),
        "decode_ms": facts.decode_ms,
    }
    label = point.label
    yield {"label": label, **common, **whole} | _measured(
        measured.payload_bytes, measured.correct, uncompressed, facts.feature_bytes
    )
    if measured.cut_bytes is None or measured.cut_correct is None:
        return
    for size, sizes, right in zip(facts.cuts, measured.cut_bytes, measured.cut_correct, strict=True):
        yield {"label": f"{label}@{size}", "cut_bytes": size, **common} | _measured(
            sizes, right, uncompressed, facts.feature_bytes
        )


def _measured(
    sizes: NDArray[np.int64],
    right: NDArray[np.bool_],
    uncompressed: NDArray[np.bool_],
    feature_bytes: int | None,
) -> dict[str, Any]:
    mean = float(sizes.mean())
    top1 = wilson(float(right.mean()), len(right), _quantile())
    loss = paired_loss(uncompressed, right)
    return {
        "images": len(right),
        "payload_bytes_mean": mean,
        "payload_bytes_p5": float(np.quantile(sizes, 0.05)),
        "payload_bytes_p95": float(np.quantile(sizes, 0.95)),
        "feature_ratio": _ratio(feature_bytes, mean),
        "pixel_ratio": _ratio(PIXEL_BYTES, mean),
        "top1": top1.estimate,
        "top1_low": top1.low,
        "top1_high": top1.high,
        "loss_points": 100 * loss.estimate,
        "loss_points_low": 100 * loss.low,
        "loss_points_high": 100 * loss.high,
    }


def paired_loss(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> Interval:
    """How much smaller the share of `after` is than that of `before`, with its 95 % interval.

    The same images are in both, so only those count whose answer changes: b of n became wrong, c became
    right. The interval is Wald's, (b - c)/n +- z sqrt(b + c - (b - c)^2/n)/n, with half an image added to
    each cell of the 2 x 2 table, so that it has some width even where all answers are the same.

    Args:
        before: `[images]` outcomes of the one.
        after: `[images]` outcomes of the other.

    References:
        Agresti and Min (2005), Simple improved confidence intervals for comparing matched proportions.
    """
    lost, won, images = int((before & ~after).sum()), int((after & ~before).sum()), len(before)
    estimate = (lost - won) / images
    difference, changed, trials = lost - won, lost + won + 1, images + 2
    half = _quantile() * np.sqrt(changed - difference**2 / trials) / trials
    return Interval(estimate, float(difference / trials - half), float(difference / trials + half))


def _quantile() -> float:
    return float(stats.norm.ppf(0.5 + CONFIDENCE / 2))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _gmac(flops: float) -> float:
    return flops / FLOPS_PER_MAC / 1e9


def _ratio(feature_bytes: int | None, sent_bytes: float | None) -> float | None:
    return feature_bytes / sent_bytes if feature_bytes and sent_bytes else None
