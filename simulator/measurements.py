"""Measuring: the real codecs on the real images, once, and remembered on disk.

Each codec encodes every image into bytes and decodes those bytes again; what is kept is the length of each
message and whether the answer was right. Messages that can be cut are decoded at each of the codec's sizes as
well, where devices cut. For a link without retransmission the whole messages are also damaged in a few
independent ways, and decoded again. Simulating never runs a codec.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from coinfer.codecs.protocol import Codec, CodecError, Damaged
from coinfer.simulator import measurement_store
from coinfer.simulator.checked_codec import CheckedCodec
from coinfer.simulator.crossings import Crossings
from coinfer.simulator.errors import InputError
from coinfer.simulator.link.framing import Framing
from coinfer.simulator.link.loss import Loss
from coinfer.simulator.measurement_store import Measurement

__all__ = ["Candidate", "ImageSet", "Measurement", "measure"]

IPV6_UDP = Framing()

Rows = NDArray[np.int64]


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
    cuts: bool = True,
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
        cuts: measure messages that can be cut at each of the codec's sizes, too, which takes several times
            as long; without, measurements hold none.

    Returns:
        A measurement for each candidate, in order.

    Raises:
        CodecError: a codec does not take its settings, does not decode its own message, or breaks another
            rule of the contract; see `CheckedCodec`.
        InputError: `cache_dir` cannot be written to.
        ValueError: `draws` is less than 1.
    """
    if draws < 1:
        raise ValueError(f"draws must be at least 1, got {draws}")
    crossings = None if loss is None else Crossings(loss, framing, seed, draws)
    _make_writable(cache_dir)
    keys = [_key(candidate, images, batch, crossings) for candidate in candidates]
    found = [_read(cache_dir, key, cuts) for key in keys]
    missing = [index for index, measurement in enumerate(found) if measurement is None]
    if missing:
        fresh = _run([candidates[index] for index in missing], images, batch, crossings, cuts, progress)
        for index, table in zip(missing, fresh, strict=True):
            found[index] = measurement = table.measurement()
            measurement_store.write(_path(cache_dir, keys[index], table.lacks_cuts), measurement)
    return [measurement for measurement in found if measurement is not None]


def _read(folder: Path, key: str, cuts: bool) -> Measurement | None:
    """Reads a measurement, with cuts only if they are asked for, so that it is the same whatever is kept."""
    measurement = measurement_store.read(_path(folder, key))
    if cuts:
        return measurement
    if measurement is None:
        return measurement_store.read(_path(folder, key, lacks_cuts=True))
    return replace(measurement, cut_bytes=None, cut_correct=None)


def _path(folder: Path, key: str, lacks_cuts: bool = False) -> Path:
    return folder / f"{key}{'-whole' if lacks_cuts else ''}.measurement"


def _run(
    candidates: Sequence[Candidate],
    images: ImageSet,
    batch: int,
    crossings: Crossings | None,
    cuts: bool,
    progress: Callable[[str, int, int], None],
) -> list[_Table]:
    tables = [
        _Table(CheckedCodec(candidate.label, candidate.build()), len(images), crossings, cuts)
        for candidate in candidates
    ]
    done, total = 0, len(images) * len(tables)
    for start in range(0, len(images), batch):
        rows = np.arange(start, min(start + batch, len(images)))
        pixels, labels = images.load(rows.tolist()), images.labels[rows]
        for table in tables:
            progress(table.codec.label, done, total)
            table.fill(rows, pixels, labels)
            done += len(rows)
    progress("", done, total)
    return tables


class _Table:
    """What one codec does to the images, filled in batch by batch."""

    def __init__(self, codec: CheckedCodec, images: int, crossings: Crossings | None, cuts: bool) -> None:
        self.codec = codec
        self._crossings = crossings
        self.lacks_cuts = bool(codec.cuts()) and not cuts
        self._cuts = codec.cuts() if cuts else ()
        self._costs = codec.device_cost(), codec.edge_cost()
        self._answers_on_device = codec.answers_on_device()
        self._tolerates_loss = codec.tolerates_loss()
        self._bytes = np.zeros((len(self._cuts) + 1, images), dtype=np.int64)
        self._right = np.zeros((len(self._cuts) + 1, images), dtype=np.bool_)
        self._ideal_bits = np.full(images, np.nan)
        self._right_lossy = np.zeros((crossings.draws if crossings else 0, images), dtype=np.bool_)

    def fill(self, rows: Rows, pixels: NDArray[np.uint8], labels: NDArray[np.int64]) -> None:
        """Encode and decode a batch, whole, cut and damaged."""
        payloads = self.codec.encode(pixels)
        self._bytes[:, rows] = [len(payload) for payload in payloads]
        self._ideal_bits[rows] = self.codec.ideal_bits(payloads)
        right = self.codec.answers(payloads) == labels
        for verdicts in (*self._right, *self._right_lossy):
            verdicts[rows] = right
        self._cut(payloads, rows, labels)
        if self._crossings and not self._answers_on_device:
            self._cross(self._crossings, payloads, rows, labels)

    def _cut(self, payloads: Sequence[bytes], rows: Rows, labels: NDArray[np.int64]) -> None:
        """Overwrite what differs for messages that are longer than a size."""
        for size, sizes, verdicts in zip(self._cuts, self._bytes, self._right, strict=False):
            long = [place for place, payload in enumerate(payloads) if len(payload) > size]
            if long:
                messages = [self.codec.cut(payloads[place], size) for place in long]
                sizes[rows[long]] = [len(message) for message in messages]
                verdicts[rows[long]] = self.codec.answers(messages) == labels[long]

    def _cross(
        self, crossings: Crossings, payloads: Sequence[bytes], rows: Rows, labels: NDArray[np.int64]
    ) -> None:
        """Overwrite the verdicts on messages that do not arrive whole."""
        for draw, verdicts in enumerate(self._right_lossy):
            arrived = [
                crossings.damaged(payload, row, draw)
                for payload, row in zip(payloads, rows.tolist(), strict=True)
            ]
            hit = [place for place, message in enumerate(arrived) if message != Damaged(payloads[place])]
            verdicts[rows[hit]] = False
            if hit and self._tolerates_loss:
                messages = [arrived[place] for place in hit]
                verdicts[rows[hit]] = self.codec.answers_damaged(messages) == labels[hit]

    def measurement(self) -> Measurement:
        """Give all of it; the last row is that of whole messages."""
        if (np.diff(self._bytes, axis=0) < 0).any():
            raise CodecError(f"codec '{self.codec.label}': cut must not give fewer bytes for a larger size")
        return Measurement(
            self._bytes[-1],
            self._right[-1],
            *self._costs,
            self._answers_on_device,
            self._right_lossy if self._crossings else None,
            self._bytes[:-1] if self._cuts else None,
            self._right[:-1] if self._cuts else None,
            None if np.isnan(self._ideal_bits).any() else self._ideal_bits,
        )


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
    parts = [measurement_store.LAYOUT, candidate.identity, images.fingerprint, batch, repr(crossings)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
