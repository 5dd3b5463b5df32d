"""What a codec's author gets to hear when its code fails."""

import numpy as np
import pytest

from coinfer.codecs.protocol import BitstreamError, Codec, CodecError, Cost
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


def leave(*arguments):
    raise SystemExit(0)


def refuse(*arguments):
    raise BitstreamError("JPEG: truncated")


def measured(cache, toy):
    return measure([Candidate("toy", "toy", lambda: toy)], Images(), cache, lambda *progress: None)


@pytest.mark.parametrize(
    ("member", "made", "line"),
    [
        ("encode", fail, "encode raised RuntimeError: boom (test_measurement_mistakes.py, line "),
        ("encode", leave, "encode raised SystemExit: 0 (test_measurement_mistakes.py, line "),
        ("encode", lambda images: None, "encode must return a list of 2 bytes for 2 images"),
        ("decode", fail, "decode raised RuntimeError: boom"),
        ("decode", refuse, "decode: JPEG: truncated"),
        ("decode", lambda p: np.full((len(p), 3), np.nan), "decode must return finite scores"),
        ("decode", lambda p: [["a", "b"]] * len(p), "decode must return scores that are numbers, got <U1"),
        ("device_cost", lambda: 5, "device_cost must return a coinfer.codecs.protocol.Cost, got 5"),
        ("device_cost", leave, "device_cost raised SystemExit: 0"),
        ("edge_cost", lambda: None, "edge_cost must return a coinfer.codecs.protocol.Cost, got None"),
        ("edge_cost", lambda: Cost(-1.0), "edge_cost: a cost must be finite and at least 0, got -1.0 FLOPs"),
        ("ideal_bits", lambda p: "12", "ideal_bits must return a finite number of bits, at least 0, or "),
        ("ideal_bits", lambda p: np.nan, "ideal_bits must return a finite number of bits, at least 0, or "),
        ("cuts", 5, "cuts must be sizes in bytes, above 0 and ascending, got 5"),
        ("cuts", ("5",), "cuts must be sizes in bytes, above 0 and ascending, got ('5',)"),
        ("answers_on_device", lambda: True, "answers_on_device must be True or False, got <function"),
        ("tolerates_loss", "no", "tolerates_loss must be True or False, got 'no'"),
    ],
)  # fmt: skip
def test_the_codec_and_its_method_are_named(tmp_path, member, made, line):
    toy = Toy()
    setattr(toy, member, made)
    with pytest.raises(CodecError) as caught:
        measured(tmp_path, toy)
    assert str(caught.value).startswith(f"codec 'toy': {line}")


def test_a_codec_that_names_itself_is_not_named_twice(tmp_path):
    class Known(Toy):
        def encode(self, images):
            raise CodecError("codec 'toy': too dark")

    with pytest.raises(CodecError, match=r"^codec 'toy': too dark$"):
        measured(tmp_path, Known())


def test_a_key_stroke_is_no_failure_of_the_codec(tmp_path):
    class Stopped(Toy):
        def encode(self, images):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measured(tmp_path, Stopped())
