"""What the codecs that send pixels share: the whole network runs at the edge."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from coinfer.codecs.network import IMAGE_SHAPE, classify, network_flops
from coinfer.codecs.protocol import BitstreamError, Codec, Cost


class PixelCodec(Codec):
    """An image codec in front of the uncompressed network.

    Args:
        classifier: the classes to decide between.
    """

    encode_s: ClassVar[float] = 0.0
    """Seconds an image to encode on the reference core."""

    decode_s: ClassVar[float] = 0.0
    """Seconds an image to decode on the reference core."""

    def __init__(self, classifier: str = "scenes") -> None:
        self.classifier = classifier

    @abstractmethod
    def to_bytes(self, image: NDArray[np.uint8]) -> bytes:
        """Encodes one `[3, 224, 224]` image."""

    @abstractmethod
    def to_image(self, payload: bytes) -> NDArray[np.uint8]:
        """Decodes one `[3, 224, 224]` image."""

    def encode(self, images: NDArray[np.uint8]) -> list[bytes]:
        """Encodes `[batch, 3, 224, 224]` RGB pixels into one message an image."""
        return [self.to_bytes(image) for image in images]

    def decode(self, payloads: Sequence[bytes]) -> NDArray[np.float32]:
        """Decodes the images and classifies them: `[batch, classes]` scores."""
        images = [self.to_image(payload) for payload in payloads]
        for image in images:
            if image.shape != IMAGE_SHAPE:
                raise BitstreamError(f"{self!r}: image of shape {image.shape}, expected {IMAGE_SHAPE}")
        return classify(np.stack(images), self.classifier)

    def device_cost(self) -> Cost:
        """The image format's encoder; no network runs on the device."""
        return Cost(serial_s=self.encode_s)

    def edge_cost(self) -> Cost:
        """The image format's decoder and the whole network."""
        return Cost(flops=network_flops(self.classifier), serial_s=self.decode_s)
