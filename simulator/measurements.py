"""Measuring: the real codecs on the real images, once, and remembered on disk.

Each codec encodes every image into bytes and decodes those bytes again; what is kept is the length of each
message and whether the answer was right. For a link without retransmission the same messages are also
damaged in a few independent ways, and decoded again. Simulating never runs a codec.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from traceback import extract_tb
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from coinfer.codecs.protocol import Codec, CodecError, Cost, Damaged
from coinfer.simulator.crossings import Crossings
from coinfer.simulator.errors import InputError
from coinfer.simulator.link.framing import Framing
from coinfer.simulator.link.loss import Loss

LAYOUT = 2
"""Part of the cache key: goes up when what is stored changes, or how messages are damaged."""

IPV6_UDP = Framing()

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
        correct_lossy: `[draws, images]` whether the answer is right after each independent crossing of a link
            without retransmission; None if the link loses nothing.
    """

    payload_bytes: NDArray[np.int64]
    correct: NDArray[np.bool_]
    device_cost: Cost
    edge_cost: Cost
    answers_on_device: bool
    correct_lossy: NDArray[np.bool_] | None = None


def measure(
    candidates: Sequence[Candidate],
    images: ImageSet,
    cache_dir: Path,
    progress: Callable[[str, int, int], None],
    batch: int = 32,
    loss: Loss | None = None,
    framing: Framing = IPV6_UDP,
    seed: int = 0,
    draws: int = 4,
) -> list[Measurement]:
    """Measures each codec on each image; what the cache holds is not measured again.

    Args:
        candidates: what to measure.
        images: what to measure it on.
        cache_dir: where results are kept, one file for each codec and image set.
        progress: called with (label, images done, images to do), the numbers over all codecs.
        batch: images encoded at a time.
        loss: what a link without retransmission does to messages; None loses nothing. A damaged message
            of a codec that does not tolerate loss is discarded: wrong, unless the device has the answer.
        framing: how messages are cut into the packets that get lost.
        seed: of the chance in losing, the same for all codecs.
        draws: independent crossings of each message, 1 or more.

    Returns:
        A measurement for each candidate, in order.

    Raises:
        CodecError: a codec does not take its settings, does not decode its own message, or returns
            something other than one message and one row of scores an image.
        InputError: `cache_dir` cannot be written to.
        ValueError: `draws` is less than 1.
    """
    if draws < 1:
        raise ValueError(f"draws must be at least 1, got {draws}")
    crossings = None if loss is None else Crossings(loss, framing, seed, draws)
    _make_writable(cache_dir)
    paths = [
        cache_dir / f"{_key(candidate, images, batch, crossings)}.measurement" for candidate in candidates
    ]
    found = [_read(path) for path in paths]
    missing = [index for index, measurement in enumerate(found) if measurement is None]
    if missing:
        fresh = _run([candidates[index] for index in missing], images, batch, crossings, progress)
        for index, measurement in zip(missing, fresh, strict=True):
            _write(paths[index], measurement)
            found[index] = measurement
    return [measurement for measurement in found if measurement is not None]


def _run(
    candidates: Sequence[Candidate],
    images: ImageSet,
    batch: int,
    crossings: Crossings | None,
    progress: Callable[[str, int, int], None],
) -> list[Measurement]:
    codecs = [candidate.build() for candidate in candidates]
    draws = crossings.draws if crossings else 0
    sizes = np.zeros((len(codecs), len(images)), dtype=np.int64)
    right = np.zeros((len(codecs), 1 + draws, len(images)), dtype=np.bool_)
    done, total = 0, len(images) * len(codecs)
    for start in range(0, len(images), batch):
        rows = list(range(start, min(start + batch, len(images))))
        pixels, labels = images.load(rows), images.labels[rows]
        for index, (candidate, codec) in enumerate(zip(candidates, codecs, strict=True)):
            progress(candidate.label, done, total)
            with _told_of(candidate.label, "encode"):
                payloads = codec.encode(pixels)
            sizes[index, rows] = _lengths(candidate.label, payloads, len(rows))
            with _told_of(candidate.label, "decode"):
                scores = codec.decode(payloads)
            right[index][:, rows] = _answers(candidate.label, scores, len(rows)) == labels
            if crossings and not codec.answers_on_device:
                _cross(crossings, candidate.label, codec, payloads, rows, labels, right[index, 1:])
            done += len(rows)
    progress("", done, total)
    return [
        Measurement(
            size,
            verdicts[0],
            codec.device_cost(),
            codec.edge_cost(),
            codec.answers_on_device,
            verdicts[1:] if crossings else None,
        )
        for size, verdicts, codec in zip(sizes, right, codecs, strict=True)
    ]


def _cross(
    crossings: Crossings,
    label: str,
    codec: Codec,
    payloads: Sequence[bytes],
    rows: Sequence[int],
    labels: NDArray[np.int64],
    right: NDArray[np.bool_],
) -> None:
    """Overwrites in `right` `[draws, images]` the verdicts on messages that do not arrive whole."""
    for draw, verdicts in enumerate(right):
        arrived = [crossings.damaged(*sent, draw) for sent in zip(payloads, rows, strict=True)]
        hit = [place for place, message in enumerate(arrived) if message != Damaged(payloads[place])]
        hit_rows = [rows[place] for place in hit]
        verdicts[hit_rows] = False
        if hit and codec.tolerates_loss:
            with _told_of(label, "decode_damaged"):
                scores = codec.decode_damaged([arrived[place] for place in hit])
            verdicts[hit_rows] = _answers(label, scores, len(hit), "decode_damaged") == labels[hit]


def _lengths(label: str, payloads: Sequence[bytes], images: int) -> list[int]:
    if len(payloads) != images or not all(isinstance(payload, bytes) for payload in payloads):
        raise CodecError(f"codec '{label}': encode must return a list of {images} bytes for {images} images")
    return [len(payload) for payload in payloads]


def _answers(
    label: str, scores: NDArray[np.float32], images: int, method: str = "decode"
) -> NDArray[np.intp]:
    shape = np.shape(scores)
    if len(shape) != 2 or shape[0] != images or not shape[1]:
        raise CodecError(
            f"codec '{label}': {method} must return scores of shape ({images}, classes), got {shape}"
        )
    if not np.isfinite(scores).all():
        raise CodecError(f"codec '{label}': {method} must return finite scores, got NaN or infinity")
    return np.asarray(np.argmax(scores, axis=1))


@contextmanager
def _told_of(label: str, method: str) -> Iterator[None]:
    """Names the codec and the method whose code failed: a plugin's author needs to know which."""
    try:
        yield
    except CodecError:
        raise
    except Exception as error:
        last = extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}, line {last.lineno}"
        raise CodecError(
            f"codec '{label}': {method} raised {type(error).__name__}: {error} ({place})"
        ) from error


def _make_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be made ({error.strerror}); set COINFER_CACHE to a folder"
        ) from error
    if not os.access(folder, os.W_OK):
        raise InputError(f"{folder}: cannot be written to; set COINFER_CACHE to another folder")


def _key(candidate: Candidate, images: ImageSet, batch: int, crossings: Crossings | None) -> str:
    parts = [LAYOUT, candidate.identity, images.fingerprint, batch, repr(crossings)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _write(path: Path, measurement: Measurement) -> None:
    """Writes a measurement whole or not at all."""
    partial = path.with_suffix(f".{os.getpid()}.partial")
    device, edge = measurement.device_cost, measurement.edge_cost
    no_draws = measurement.correct[:0, np.newaxis]
    body = BytesIO()
    np.savez(
        body,
        payload_bytes=measurement.payload_bytes,
        correct=measurement.correct,
        costs=np.array([device.flops, device.serial_s, edge.flops, edge.serial_s]),
        answers_on_device=np.array(measurement.answers_on_device),
        correct_lossy=no_draws if measurement.correct_lossy is None else measurement.correct_lossy,
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
            stored["correct_lossy"] if len(stored["correct_lossy"]) else None,
        )
