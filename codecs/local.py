"""No offload: the device runs the whole network and only reports its answer."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from coinfer.codecs.bitstream import KIND_LABEL, Message, pack, short_digest, unpack
from coinfer.codecs.network import backbone_for, classify, network_flops, network_size
from coinfer.codecs.protocol import BitstreamError, Codec, Cost
from coinfer.models.backbone import CHANNELS

_LABEL = struct.Struct(">H")


class Local(Codec):
    """Local inference: header and a 16-bit label, eight bytes.

    The answer is there when the device has computed it, so it does not wait for the channel.

    Args:
        classifier: the classes to decide between.
    """

    answers_on_device = True

    def __init__(self, classifier: str = "scenes") -> None:
        self.classifier = classifier

    def encode(self, images: NDArray[np.uint8]) -> list[bytes]:
        """Classifies `[batch, 3, 224, 224]` RGB pixels and writes the labels."""
        labels = classify(images, self.classifier).argmax(axis=1)
        return [pack(Message(KIND_LABEL, 0, self._digest, _LABEL.pack(label))) for label in labels]

    def decode(self, payloads: Sequence[bytes]) -> NDArray[np.float32]:
        """Reads the labels: `[batch, classes]` scores, 1 for the label and 0 elsewhere."""
        scores = np.zeros((len(payloads), len(self._classes)), dtype=np.float32)
        for row, payload in zip(scores, payloads, strict=True):
            body = unpack(payload, KIND_LABEL, self._digest).body
            if len(body) != _LABEL.size or (label := _LABEL.unpack(body)[0]) >= len(row):
                raise BitstreamError(
                    f"local: expected a label below {len(row)} in {_LABEL.size} bytes, got {body.hex()}"
                )
            row[label] = 1
        return scores

    def device_cost(self) -> Cost:
        """The whole network."""
        return Cost(flops=network_flops(self.classifier))

    def edge_cost(self) -> Cost:
        """Nothing: the label only has to be read."""
        return Cost()

    def device_parameters(self) -> tuple[int, int]:
        """The whole network with its one classifier: parameters and bytes as float16."""
        backbone = backbone_for(self.classifier)
        classifier = torch.nn.Linear(CHANNELS["layer4"], len(self._classes), device="meta")
        return network_size(torch.nn.Sequential(backbone.head("layer4"), classifier))

    @property
    def _classes(self) -> tuple[str, ...]:
        return backbone_for(self.classifier).class_names[self.classifier]

    @property
    def _digest(self) -> int:
        return short_digest(hashlib.sha256("\n".join(self._classes).encode()).hexdigest())
