"""Measuring: the real codecs on the real images, once, and remembered on disk.

Each codec encodes every image into bytes and decodes those bytes again; what is kept is the length of each
message and whether the answer was right. Simulating never runs a codec.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from coinfer.codecs.protocol import Codec, CodecError, Cost
from coinfer.simulator.errors import InputError

LAYOUT = 1
"""Part of the cache key: goes up when what is stored changes."""

DIGEST_BYTES = 32
"""A cached file is the SHA-256 of the rest, then an .npz archive."""


class ImageSet(Protocol):
    """What measuring needs of an image set."""

    def __len__(self) -> int:
        """Number of images."""
        ...

    @property
    def labels(self) -> NDArray[np.int64]:
        """`[images]` right answers."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes whenever the pixels or labels change."""
        ...

    def load(self, indices: Sequence[int]) -> NDArray[np.uint8]:
        """`[len(indices), 3, 224, 224]` RGB pixels."""
        ...


@dataclass(frozen=True)
class Candidate:
    """A codec to measure, not yet built: building one loads torch, which a cached result can do without.

    Args:
        label: what progress and errors call it.
        identity: changes whenever its messages or answers could: settings, weights, version of the code.
        build: makes it.
    """

    label: str
    identity: str
    build: Callable[[], Codec]


@dataclass(frozen=True)
class Measurement:
    """One codec on one image set, a row an image.

    Args:
        payload_bytes: `[images]` length of each message.
        correct: `[images]` whether its decoded answer is right.
        device_cost: work of the encoder, an image.
        edge_cost: work of the decoder, an image.
        answers_on_device: whether the device itself has the answer.
    """

    payload_bytes: NDArray[np.int64]
    correct: NDArray[np.bool_]
    device_cost: Cost
    edge_cost: Cost
    answers_on_device: bool


def measure(
    candidates: Sequence[Candidate],
    images: ImageSet,
    cache_dir: Path,
    progress: Callable[[str, int, int], None],
    batch: int = 32,
) -> list[Measurement]:
    """Measures each codec on each image; what the cache holds is not measured again.

    Args:
        candidates: what to measure.
        images: what to measure it on.
        cache_dir: where results are kept, one file for each codec and image set.
        progress: called with (label, images done, images to do), the numbers over all codecs.
        batch: images encoded at a time.

    Returns:
        A measurement for each candidate, in order.

    Raises:
        CodecError: a codec does not take its settings, does not decode its own message, or returns
            something other than one message and one row of scores an image.
        InputError: `cache_dir` cannot be written to.
    """
    _make_writable(cache_dir)
    paths = [cache_dir / f"{_key(candidate, images, batch)}.measurement" for candidate in candidates]
    found = [_read(path) for path in paths]
    missing = [index for index, measurement in enumerate(found) if measurement is None]
    if missing:
        fresh = _run([candidates[index] for index in missing], images, batch, progress)
        for index, measurement in zip(missing, fresh, strict=True):
            _write(paths[index], measurement)
            found[index] = measurement
    return [measurement for measurement in found if measurement is not None]


def _run(
    candidates: Sequence[Candidate], images: ImageSet, batch: int, progress: Callable[[str, int, int], None]
) -> list[Measurement]:
    codecs = [candidate.build() for candidate in candidates]
    sizes = np.zeros((len(codecs), len(images)), dtype=np.int64)
    right = np.zeros((len(codecs), len(images)), dtype=np.bool_)
    done, total = 0, len(images) * len(codecs)
    for start in range(0, len(images), batch):
        rows = list(range(start, min(start + batch, len(images))))
        pixels, labels = images.load(rows), images.labels[rows]
        for index, codec in enumerate(codecs):
            progress(candidates[index].label, done, total)
            payloads = codec.encode(pixels)
            sizes[index, rows] = _lengths(candidates[index].label, payloads, len(rows))
            scores = codec.decode(payloads)
            right[index, rows] = _answers(candidates[index].label, scores, len(rows)) == labels
            done += len(rows)
    progress("", done, total)
    return [
        Measurement(size, verdict, codec.device_cost(), codec.edge_cost(), codec.answers_on_device)
        for size, verdict, codec in zip(sizes, right, codecs, strict=True)
    ]


def _lengths(label: str, payloads: Sequence[bytes], images: int) -> list[int]:
    if len(payloads) != images or not all(isinstance(payload, bytes) for payload in payloads):
        raise CodecError(f"codec '{label}': encode must return a list of {images} bytes for {images} images")
    return [len(payload) for payload in payloads]


def _answers(label: str, scores: NDArray[np.float32], images: int) -> NDArray[np.intp]:
    shape = np.shape(scores)
    if len(shape) != 2 or shape[0] != images or not shape[1]:
        raise CodecError(
            f"codec '{label}': decode must return scores of shape ({images}, classes), got {shape}"
        )
    return np.asarray(np.argmax(scores, axis=1))


def _make_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be made ({error.strerror}); set COINFER_CACHE to a folder"
        ) from error
    if not os.access(folder, os.W_OK):
        raise InputError(f"{folder}: cannot be written to; set COINFER_CACHE to another folder")


def _key(candidate: Candidate, images: ImageSet, batch: int) -> str:
    parts = [LAYOUT, candidate.identity, images.fingerprint, batch]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _write(path: Path, measurement: Measurement) -> None:
    """Writes a measurement whole or not at all."""
    partial = path.with_suffix(f".{os.getpid()}.partial")
    device, edge = measurement.device_cost, measurement.edge_cost
    body = BytesIO()
    np.savez(
        body,
        payload_bytes=measurement.payload_bytes,
        correct=measurement.correct,
        costs=np.array([device.flops, device.serial_s, edge.flops, edge.serial_s]),
        answers_on_device=np.array(measurement.answers_on_device),
    )
    partial.write_bytes(hashlib.sha256(body.getvalue()).digest() + body.getvalue())
    os.replace(partial, path)


def _read(path: Path) -> Measurement | None:
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
        )
