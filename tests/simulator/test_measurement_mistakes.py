"""What a codec's author gets to hear when its code fails."""

import numpy as np
import pytest

from coinfer.codecs.protocol import Codec, CodecError, Cost
from coinfer.simulator.measurements import Candidate, measure


class Images:
    fingerprint = "two"
    labels = np.zeros(2, dtype=np.int64)

    def __len__(self):
        return 2

    def load(self, rows):
        return np.zeros((len(rows), 3, 224, 224), dtype=np.uint8)


class Toy(Codec):
    def encode(self, images):
        return [b"x"] * len(images)

    def decode(self, payloads):
        return np.zeros((len(payloads), 3), dtype=np.float32)

    def device_cost(self):
        return Cost()

    def edge_cost(self):
        return Cost()


def fail(*arguments):
    raise RuntimeError("boom")


@pytest.mark.parametrize(
    ("method", "made", "message"),
    [
        ("encode", fail, "codec 'toy': encode raised RuntimeError: boom"),
        ("decode", fail, "codec 'toy': decode raised RuntimeError: boom"),
        ("decode", lambda p: np.full((len(p), 3), np.nan), "codec 'toy': decode must return finite scores"),
        ("edge_cost", lambda: Cost(-1.0), "a cost must be finite and at least 0, got -1.0 FLOPs"),
    ],
)
def test_the_codec_and_its_method_are_named(tmp_path, method, made, message):
    toy = Toy()
    setattr(toy, method, made)
    with pytest.raises(CodecError, match=message):
        measure([Candidate("toy", "toy", lambda: toy)], Images(), tmp_path, lambda *progress: None)
