"""What measuring a codec gave, and how it is kept in a file."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from coinfer.codecs.protocol import Cost

LAYOUT = 4
"""Part of the cache key: goes up when what is stored changes, or how messages are cut or damaged."""

DIGEST_BYTES = 32
"""A file is the SHA-256 of the rest, then an .npz archive."""


@dataclass(frozen=True)
class Measurement:
    """One codec on one image set, a row an image.

    Args:
        payload_bytes: `[images]` length of each message.
        correct: `[images]` whether its decoded answer is right.
        device_cost: work of the encoder, an image.
        edge_cost: work of the decoder, an image.
        answers_on_device: whether the device itself has the answer.
        correct_lossy: `[draws, images]` whether the answer is right after each independent crossing of a link
            without retransmission; None if the link loses nothing.
        cut_bytes: `[cuts, images]` length of each message cut to the codec's sizes, ascending; that of
            the whole message where it is no longer than the size. None if messages cannot be cut.
        cut_correct: `[cuts, images]` whether the decoded answer of the cut message is right; None likewise.
        ideal_bits: `[images]` information of each message under the codec's own tables; None if it has none.
    """

    payload_bytes: NDArray[np.int64]
    correct: NDArray[np.bool_]
    device_cost: Cost
    edge_cost: Cost
    answers_on_device: bool
    correct_lossy: NDArray[np.bool_] | None = None
    cut_bytes: NDArray[np.int64] | None = None
    cut_correct: NDArray[np.bool_] | None = None
    ideal_bits: NDArray[np.float64] | None = None


def write(path: Path, measurement: Measurement) -> None:
    """Writes a measurement whole or not at all."""
    partial = path.with_suffix(f".{os.getpid()}.partial")
    device, edge = measurement.device_cost, measurement.edge_cost
    optional = {
        name: column
        for name in ("correct_lossy", "cut_bytes", "cut_correct", "ideal_bits")
        if (column := getattr(measurement, name)) is not None
    }
    body = BytesIO()
    np.savez(
        body,
        payload_bytes=measurement.payload_bytes,
        correct=measurement.correct,
        costs=np.array([device.flops, device.serial_s, edge.flops, edge.serial_s]),
        answers_on_device=np.array(measurement.answers_on_device),
        **optional,
    )
    partial.write_bytes(hashlib.sha256(body.getvalue()).digest() + body.getvalue())
    os.replace(partial, path)


def read(path: Path) -> Measurement | None:
    """Reads a measurement; None where there is none, or the file is damaged."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, body = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
    if hashlib.sha256(body).digest() != digest:
        return None
    with np.load(BytesIO(body), allow_pickle=False) as stored:
        costs = stored["costs"].tolist()
        return Measurement(
            stored["payload_bytes"],
            stored["correct"],
            Cost(costs[0], costs[1]),
            Cost(costs[2], costs[3]),
            bool(stored["answers_on_device"]),
            stored.get("correct_lossy"),
            stored.get("cut_bytes"),
            stored.get("cut_correct"),
            stored.get("ideal_bits"),
        )
