"""What a codec says of itself beside its messages and answers, and how long it takes on this machine."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from reprlib import repr as short
from statistics import median
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from coinfer.codecs.protocol import CodecError
from coinfer.simulator.checked_codec import CheckedCodec
from coinfer.simulator.codec_spec import CodecSpec
from coinfer.simulator.evaluation import CodecFacts
from coinfer.simulator.measurements import Candidate

if TYPE_CHECKING:
    from coinfer.models.images import ImageSet

LAYOUT = 2
"""Part of the cache key: goes up when what is stored, or how it is found out, changes."""

TIMED_IMAGES = 24

Result = TypeVar("Result")


def find_facts(spec: CodecSpec, candidate: Candidate, images: ImageSet, folder: Path) -> CodecFacts:
    """Examines a codec, or reads what was found out before.

    Args:
        spec: the operating point.
        candidate: the same, to build.
        images: those that it was measured on.
        folder: where facts are kept, one file for each codec and image set.

    Raises:
        CodecError: the codec fails, or breaks a rule of the contract.
    """
    key = json.dumps([LAYOUT, candidate.identity, images.fingerprint, TIMED_IMAGES])
    path = folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
    known = _read(path)
    if known is None:
        known = _examine(spec, CheckedCodec(spec.label, candidate.build()), images)
        _write(path, known)
    return known


def _examine(spec: CodecSpec, codec: CheckedCodec, images: ImageSet) -> CodecFacts:
    encode_ms, decode_ms, load = _timed(codec, images)
    parameters, parameter_bytes = codec.device_parameters()
    defaults = _defaults(codec)
    return CodecFacts(
        settings={**defaults, **spec.settings},
        defaults=defaults,
        cuts=codec.cuts(),
        feature_bytes=_feature_bytes(codec.settings().get("split")),
        fixed_width_bytes=codec.fixed_width_bytes(),
        device_parameters=parameters,
        device_parameter_bytes=parameter_bytes,
        encode_ms=encode_ms,
        decode_ms=decode_ms,
        load=load,
    )


def _defaults(codec: CheckedCodec) -> dict[str, Any]:
    """Defaults of the constructor's arguments, the classifier left out."""
    parameters = inspect.signature(type(codec.codec)).parameters.items()
    defaults = {
        name: parameter.default
        for name, parameter in parameters
        if name != "classifier" and parameter.default is not parameter.empty
    }
    for name, default in defaults.items():
        try:
            json.dumps(default)
        except (TypeError, ValueError) as error:
            raise CodecError(
                f"codec '{codec.label}': the default of {name} must be plain data, as in a scenario, "
                f"got {short(default)}"
            ) from error
    return defaults


def _feature_bytes(split: str | None) -> int | None:
    """Length of the float32 feature map of one image at a split point."""
    from coinfer.models.backbone import CHANNELS, STRIDES
    from coinfer.models.images import SIZE_PX

    return 4 * CHANNELS[split] * (SIZE_PX // STRIDES[split]) ** 2 if split in CHANNELS else None


def _timed(checked: CheckedCodec, images: ImageSet) -> tuple[float, float, float | None]:
    """Median CPU time of encoding and of decoding one image [ms], and the load before."""
    from coinfer.codecs.threads import one_thread

    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    pixels = images.load(range(min(len(images), TIMED_IMAGES)))
    with one_thread():
        checked.answers(checked.encode(pixels[:1]))  # loads weights
        encoded = [_cpu_ms(partial(checked.encode, image[np.newaxis])) for image in pixels]
        decoded = [_cpu_ms(partial(checked.answers, payloads)) for _, payloads in encoded]
    return median(ms for ms, _ in encoded), median(ms for ms, _ in decoded), load


def _cpu_ms(work: Callable[[], Result]) -> tuple[float, Result]:
    start_s = time.thread_time()
    result = work()
    return 1e3 * (time.thread_time() - start_s), result


def _read(path: Path) -> CodecFacts | None:
    """Reads facts; None where there are none, or the file is damaged."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return CodecFacts(**{**stored, "cuts": tuple(stored["cuts"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(path: Path, facts: CodecFacts) -> None:
    """Writes facts whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    partial.write_text(json.dumps(asdict(facts)), encoding="utf-8")
    os.replace(partial, path)
