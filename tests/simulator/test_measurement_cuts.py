"""Messages cut to the codec's sizes, and really decoded."""

import numpy as np
import pytest

from coinfer.codecs.protocol import Codec, CodecError, Cost
from coinfer.simulator.link.loss import PacketErasure
from coinfer.simulator.measurements import Candidate, measure

NEEDED = [1, 4, 3, 9, 6]
LENGTHS = [2, 5, 6, 8, 12]


class Images:
    """Five images; the first pixel of each is its number."""

    fingerprint = "five"
    labels = np.ones(5, dtype=np.int64)

    def __len__(self):
        return 5

    def load(self, rows):
        pixels = np.zeros((len(rows), 3, 4, 4), dtype=np.uint8)
        pixels[:, 0, 0, 0] = rows
        return pixels


class Prefixes(Codec):
    """Sends how many bytes an answer needs, and so many more; is right where as many arrive."""

    def __init__(self, classifier="scenes", cuts=(2, 4, 8)):
        self.classifier, self.cuts, self.decoded = classifier, cuts, []

    def encode(self, images):
        return [bytes([NEEDED[image.flat[0]]]) * LENGTHS[image.flat[0]] for image in images]

    def decode(self, payloads):
        self.decoded.append([len(payload) for payload in payloads])
        return np.eye(2, dtype=np.float32)[[int(len(payload) >= payload[0]) for payload in payloads]]

    def cut(self, payload, size):
        return payload[:size]

    def device_cost(self):
        return Cost(1.0)

    def edge_cost(self):
        return Cost(2.0)


@pytest.fixture
def measured(tmp_path):
    def run(codec, **lossy):
        candidate = Candidate("prefixes", repr(codec), lambda: codec)
        (found,) = measure([candidate], Images(), tmp_path, lambda *told: None, batch=3, **lossy)
        return found

    return run


def test_each_message_is_cut_to_each_size_and_decoded(measured):
    found = measured(Prefixes())
    assert found.payload_bytes.tolist() == LENGTHS
    assert found.cut_bytes.tolist() == [[2, 2, 2, 2, 2], [2, 4, 4, 4, 4], [2, 5, 6, 8, 8]]
    assert found.cut_correct.tolist() == [
        [True, False, False, False, False],
        [True, True, True, False, False],
        [True, True, True, False, True],
    ]
    assert found.correct.tolist() == [True, True, True, False, True]
    assert (found.cut_bytes.dtype, found.cut_correct.dtype) == (np.int64, np.bool_)


def test_what_was_not_cut_is_not_decoded_again(measured):
    codec = Prefixes()
    measured(codec)
    assert codec.decoded == [[2, 5, 6], [2, 2], [4, 4], [8, 12], [2, 2], [4, 4], [8]]


def test_a_codec_without_cuts_has_none(measured):
    found = measured(Prefixes(cuts=()))
    assert found.cut_bytes is None
    assert found.cut_correct is None


@pytest.mark.parametrize("loss", [None, PacketErasure(0.5)])
def test_cuts_survive_the_cache(measured, loss):
    fresh = measured(Prefixes(), loss=loss)
    unused = Prefixes()
    cached = measured(unused, loss=loss)
    assert unused.decoded == []
    assert (cached.correct_lossy is None) == (loss is None)
    for name in ("payload_bytes", "correct", "cut_bytes", "cut_correct"):
        np.testing.assert_array_equal(getattr(cached, name), getattr(fresh, name))
        assert getattr(cached, name).dtype == getattr(fresh, name).dtype


def test_each_set_of_cuts_is_measured(measured):
    assert measured(Prefixes()).cut_bytes.shape == (3, 5)
    assert measured(Prefixes(cuts=(3,))).cut_bytes.tolist() == [[2, 3, 3, 3, 3]]


def test_cuts_are_measured_only_where_they_are_asked_for(measured):
    codec = Prefixes()
    whole = measured(codec, cuts=False)
    assert codec.decoded == [[2, 5, 6], [8, 12]]
    assert (whole.cut_bytes, whole.cut_correct) == (None, None)
    assert measured(codec, cuts=False).correct.tolist() == whole.correct.tolist()
    assert len(codec.decoded) == 2, "kept"

    full = measured(codec)
    assert full.cut_bytes.shape == (3, 5)
    unused = Prefixes()
    again = measured(unused, cuts=False)
    assert unused.decoded == []
    assert (again.cut_bytes, again.cut_correct) == (None, None), "the same whatever is kept"


@pytest.mark.parametrize("first", [True, False])
def test_a_codec_without_cuts_is_measured_once(measured, first):
    measured(Prefixes(cuts=()), cuts=first)
    unused = Prefixes(cuts=())
    measured(unused, cuts=not first)
    assert unused.decoded == []


def boom(payload, size):
    raise RuntimeError("boom")


@pytest.mark.parametrize(
    ("cut", "message"),
    [
        (boom, r"codec 'prefixes': cut raised RuntimeError: boom \(test_measurement_cuts.py, line"),
        (
            lambda payload, size: payload,
            "codec 'prefixes': cut must return at most the 2 bytes asked for, got 5",
        ),
        (lambda payload, size: "ab", "codec 'prefixes': cut must return bytes, got str"),
        (
            lambda payload, size: payload[: 1 if size == 4 else size],
            "codec 'prefixes': cut must not give fewer bytes for a larger size",
        ),
    ],
)
def test_a_wrong_cut_is_told(measured, cut, message):
    codec = Prefixes()
    codec.cut = cut
    with pytest.raises(CodecError, match=message):
        measured(codec)


@pytest.mark.parametrize("cuts", [(0, 3), (4, 2), (2, 2)])
def test_sizes_ascend(measured, cuts):
    with pytest.raises(CodecError, match=r"'prefixes': cuts must be sizes in bytes, above 0 and ascending"):
        measured(Prefixes(cuts=cuts))
