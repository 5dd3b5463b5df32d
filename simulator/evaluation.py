"""What is known of an operating point once it has been evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from coinfer.simulator.codec_spec import CodecSpec
from coinfer.simulator.measurements import Measurement


@dataclass(frozen=True)
class CodecFacts:
    """What a codec says of itself, and how long it takes, beside the measurements of each image.

    Args:
        settings: constructor arguments other than `classifier`, as plain data, defaults filled in.
        defaults: the constructor's own defaults of these arguments.
        cuts: sizes to which messages were cut [byte].
        feature_bytes: length of the float32 feature map at the split; None without a split.
        fixed_width_bytes: length of an image's symbols before entropy coding; None if there are none.
        device_parameters: parameters of the networks on the device.
        device_parameter_bytes: what they take as float16.
        encode_ms: median CPU time of encoding one image on one thread [ms].
        decode_ms: the same of decoding one message [ms].
        load: the machine's load average over the minute before that; None where the system tells none.
    """

    settings: Mapping[str, Any]
    defaults: Mapping[str, Any]
    cuts: tuple[int, ...]
    feature_bytes: int | None
    fixed_width_bytes: int | None
    device_parameters: int
    device_parameter_bytes: int
    encode_ms: float
    decode_ms: float
    load: float | None


@dataclass(frozen=True)
class Evaluated:
    """An operating point, what it did to each image, and what else is known of it.

    Args:
        spec: codec and settings.
        measurement: what it did to each image.
        facts: what else is known of it.
        circumstances: versions, code, files and machine that it was evaluated with, as plain data.
        ideal_bytes_mean: information of a message under the codec's own tables, mean [byte]; None without.
    """

    spec: CodecSpec
    measurement: Measurement
    facts: CodecFacts
    circumstances: Mapping[str, Any] = field(default_factory=dict)
    ideal_bytes_mean: float | None = None

    @property
    def label(self) -> str:
        """What tables and figures call it."""
        return self.spec.label

    @property
    def codec(self) -> str:
        """The codec's name, or `path.py:ClassName`."""
        return self.spec.id or str(self.spec.plugin)
