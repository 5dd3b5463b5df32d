"""Measurements in a file to share: what every operating point did to each image of a set.

The file is Parquet, a row an image: its `label`, and for each operating point two columns, `NAME bytes`
(length of the message) and `NAME correct` (whether its decoded answer is right), NAME being the operating
point's label; for each size to which its messages were cut, two more under `NAME@SIZE`. What belongs to the
whole file or to an operating point as such stands as JSON under the key `coinfer` of the schema's metadata:
its `evaluations` hold versions, code, files and machine, and each operating point the place of its own there.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from coinfer.codecs.protocol import Cost
from coinfer.simulator.codec_spec import CodecSpec
from coinfer.simulator.errors import InputError
from coinfer.simulator.evaluation import CodecFacts, Evaluated
from coinfer.simulator.measurements import Measurement

LAYOUT = 2
"""Version of the layout; a file of another version is refused."""

KEY = b"coinfer"
SEAL = b"coinfer.sha256"
"""Beside it: SHA-256 over it and the columns, in hex."""


@dataclass(frozen=True)
class MeasurementFile:
    """What a file of measurements holds.

    Args:
        path: the file.
        sha256: of its bytes, in hex.
        about: the image set, and the circumstances of its evaluations.
        labels: `[images]` right answers.
        points: its operating points.
    """

    path: Path
    sha256: str
    about: Mapping[str, Any]
    labels: NDArray[np.int64]
    points: tuple[Evaluated, ...]


def write_measurements(
    path: Path, points: Sequence[Evaluated], labels: NDArray[np.int64], about: Mapping[str, Any]
) -> None:
    """Writes a file of measurements, whole or not at all; the same operating points give the same bytes.

    Args:
        path: the file; its folder is made if missing.
        points: the operating points.
        labels: `[images]` right answers.
        about: what to say of the image set; plain data.

    Raises:
        OSError: it cannot be written.
    """
    columns: dict[str, NDArray[Any]] = {"label": labels.astype(np.int32)}
    for point in points:
        for name, sizes, verdicts in _curves(point):
            columns |= {f"{name} bytes": sizes.astype(np.int32), f"{name} correct": verdicts}
    evaluations: list[Mapping[str, Any]] = []
    for point in points:
        if point.circumstances not in evaluations:
            evaluations.append(point.circumstances)
    described = [_described(point, evaluations.index(point.circumstances)) for point in points]
    text = json.dumps({**about, "layout": LAYOUT, "evaluations": evaluations, "points": described})
    table = pa.table(columns).replace_schema_metadata({KEY: text, SEAL: _seal(text, columns)})
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    try:
        pq.write_table(table, partial, compression="zstd", compression_level=19)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _seal(text: str, columns: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256(text.encode())
    for name, column in columns.items():
        digest.update(f"{name}:{column.dtype}:".encode())
        digest.update(column.tobytes())
    return digest.hexdigest()


def _curves(point: Evaluated) -> list[tuple[str, NDArray[np.int64], NDArray[np.bool_]]]:
    """Name, bytes and verdicts, `[images]` each: of the whole messages, then of each cut."""
    measured, label = point.measurement, point.label
    curves = [(label, measured.payload_bytes, measured.correct)]
    if measured.cut_bytes is not None and measured.cut_correct is not None:
        names = [f"{label}@{size}" for size in point.facts.cuts]
        curves += list(zip(names, measured.cut_bytes, measured.cut_correct, strict=True))
    return curves


def _described(point: Evaluated, evaluation: int) -> dict[str, Any]:
    measured = point.measurement
    return {
        "label": point.label,
        "codec": point.spec.model_dump(),
        "evaluation": evaluation,
        "facts": asdict(point.facts),
        "ideal_bytes_mean": point.ideal_bytes_mean,
        "device_cost": asdict(measured.device_cost),
        "edge_cost": asdict(measured.edge_cost),
        "answers_on_device": measured.answers_on_device,
    }


def read_measurements(path: Path) -> MeasurementFile:
    """Reads a file of measurements.

    Raises:
        InputError: there is none, or it is damaged, or of another layout.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    try:
        # Without threads: where one still starts while a mistake ends the process, C++ aborts it.
        table = pq.read_table(pa.BufferReader(content), use_threads=False, pre_buffer=False)
        metadata = table.schema.metadata or {}
        text = metadata[KEY].decode()
        about = json.loads(text)
        if about["layout"] != LAYOUT:
            raise InputError(
                f"{path}: expected layout {LAYOUT}, got {about['layout']}; run 'coinfer evaluate' again"
            )
        columns = {name: table[name].to_numpy() for name in table.column_names}
        if metadata[SEAL].decode() != _seal(text, columns):
            raise ValueError("altered or damaged")
        points = tuple(_stored(described, about, columns) for described in about.pop("points"))
        labels = columns["label"].astype(np.int64)
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
        problem = " ".join(str(error).split())
        raise InputError(
            f"{path}: expected a whole file of 'coinfer evaluate' ({problem}); make it again"
        ) from error
    return MeasurementFile(path, hashlib.sha256(content).hexdigest(), about, labels, points)


def _stored(
    described: Mapping[str, Any], about: Mapping[str, Any], columns: Mapping[str, NDArray[Any]]
) -> Evaluated:
    label, facts = described["label"], described["facts"]
    cuts = tuple(facts["cuts"])
    names = [f"{label}@{size}" for size in cuts]
    measurement = Measurement(
        payload_bytes=columns[f"{label} bytes"].astype(np.int64),
        correct=columns[f"{label} correct"],
        device_cost=Cost(**described["device_cost"]),
        edge_cost=Cost(**described["edge_cost"]),
        answers_on_device=described["answers_on_device"],
        cut_bytes=np.stack([columns[f"{name} bytes"].astype(np.int64) for name in names]) if cuts else None,
        cut_correct=np.stack([columns[f"{name} correct"] for name in names]) if cuts else None,
    )
    return Evaluated(
        CodecSpec.model_validate(described["codec"]),
        measurement,
        CodecFacts(**{**facts, "cuts": cuts}),
        about["evaluations"][described["evaluation"]],
        described["ideal_bytes_mean"],
    )
