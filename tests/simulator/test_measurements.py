from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats

from coinfer.codecs.protocol import Codec, CodecError, Cost, Damaged
from coinfer.simulator.errors import InputError
from coinfer.simulator.link.framing import Framing
from coinfer.simulator.link.loss import BitFlips, PacketErasure
from coinfer.simulator.measurements import Candidate, measure

LABELS = np.array([0, 1, 2, 0, 1, 2, 0], dtype=np.int64)


class Pictures:
    """Seven tiny images; the first pixel of each is its label."""

    def __init__(self, fingerprint="one", labels=LABELS):
        self.fingerprint, self.labels = fingerprint, labels

    def __len__(self):
        return len(self.labels)

    def load(self, indices):
        pixels = np.full((len(indices), 3, 4, 4), 9, dtype=np.uint8)
        pixels[:, 0, 0, 0] = LABELS[list(indices)]
        return pixels


class Lengthy(Codec):
    """Sends the first pixel, and one more byte for each value above 0; always right from `first_right` on."""

    def __init__(self, classifier="scenes", header=3, wrong=()):
        self.classifier, self.header, self.wrong = classifier, header, wrong

    def encode(self, images):
        return [
            bytes(self.header) + bytes([int(image.flat[0])] * (1 + int(image.flat[0]))) for image in images
        ]

    def decode(self, payloads):
        answers = [payload[-1] for payload in payloads]
        return np.eye(4, dtype=np.float32)[[3 if answer in self.wrong else answer for answer in answers]]

    def device_cost(self):
        return Cost(1e9, 2e-3)

    def edge_cost(self):
        return Cost(3e9, 4e-3)


class Measuring:
    """Measures as the command does, and remembers which codecs were built and what progress was told."""

    def __init__(self, cache_dir):
        self.cache_dir, self.built, self.told = cache_dir, [], []

    def __call__(self, *codecs, images=None, batch=3, identity="", **lossy):
        def candidate(codec):
            def build():
                self.built.append(repr(codec))
                return codec

            return Candidate(f"header{codec.header}", repr(codec) + identity, build)

        self.built, self.told = [], []
        return measure(
            [candidate(codec) for codec in codecs],
            images or Pictures(),
            self.cache_dir,
            lambda *told: self.told.append(told),
            batch,
            **lossy,
        )


@pytest.fixture
def measuring(tmp_path):
    return Measuring(tmp_path / "deep" / "cache")


def same(one, other):
    np.testing.assert_array_equal(one.payload_bytes, other.payload_bytes)
    np.testing.assert_array_equal(one.correct, other.correct)
    assert np.array_equal(one.correct_lossy, other.correct_lossy)
    assert (one.device_cost, one.edge_cost) == (other.device_cost, other.edge_cost)
    return one.answers_on_device == other.answers_on_device


def test_a_payload_is_as_long_as_its_message(measuring):
    (found,) = measuring(Lengthy(wrong=(2,)))
    assert found.payload_bytes.tolist() == [4, 5, 6, 4, 5, 6, 4]
    assert found.payload_bytes.dtype == np.int64
    assert found.correct.tolist() == [True, True, False, True, True, False, True]
    assert found.correct.dtype == np.bool_
    assert (found.device_cost, found.edge_cost) == (Cost(1e9, 2e-3), Cost(3e9, 4e-3))
    assert found.answers_on_device is False
    assert found.correct_lossy is None
    assert found.ideal_bits is None


class Weighed(Lengthy):
    """Its tables know the header: it holds no information."""

    def ideal_bits(self, payload):
        return 7.5 * (len(payload) - self.header)


def test_the_information_of_messages_is_kept(measuring):
    measuring(Weighed())
    (found,) = measuring(Weighed())
    assert measuring.built == []
    assert found.ideal_bits.tolist() == [7.5, 15, 22.5, 7.5, 15, 22.5, 7.5]


def test_what_the_cache_holds_is_not_built(measuring):
    first = measuring(Lengthy(), Lengthy(header=9))
    second = measuring(Lengthy(), Lengthy(header=9))
    assert measuring.built == []
    assert measuring.told == []
    assert all(same(one, other) for one, other in zip(first, second, strict=True))


def test_only_the_new_codec_is_measured(measuring):
    measuring(Lengthy())
    new, old = measuring(Lengthy(header=9), Lengthy())
    assert measuring.built == [repr(Lengthy(header=9))]
    assert new.payload_bytes.tolist() == [10, 11, 12, 10, 11, 12, 10]
    assert old.payload_bytes.tolist() == [4, 5, 6, 4, 5, 6, 4]


@pytest.mark.parametrize(
    "change",
    [
        {"images": Pictures("other")},
        {"identity": "other"},
        {"batch": 2},
        {"loss": None},
        {"loss": PacketErasure(0.2)},
        {"framing": Framing(20, 4)},
        {"seed": 1},
        {"draws": 5},
    ],
    ids=["images", "identity", "batch", "no loss", "loss", "framing", "seed", "draws"],
)
def test_what_the_result_depends_on_makes_it_measure_again(measuring, change):
    before = {"loss": PacketErasure(0.1)}
    measuring(Lengthy(), **before)
    measuring(Lengthy(), **before | change)
    assert len(measuring.built) == 1
    measuring(Lengthy(), **before)
    assert measuring.built == []


def test_the_answer_of_the_device_cannot_be_lost_and_its_flag_survives_the_cache(measuring):
    class OnDevice(Lengthy):
        answers_on_device = True

    (found,) = measuring(OnDevice(wrong=(1,)), loss=PacketErasure(1.0))
    np.testing.assert_array_equal(found.correct_lossy, np.tile(found.correct, (4, 1)))
    measuring(OnDevice())
    assert measuring(OnDevice())[0].answers_on_device is True
    assert measuring.built == []


def test_progress_counts_images_over_all_codecs(measuring):
    measuring(Lengthy(), Lengthy(header=9))
    names = ["header3", "header9"] * 3
    assert measuring.told == [
        *zip(names, [0, 3, 6, 9, 12, 13], [14] * 6, strict=True),
        ("", 14, 14),
    ]


def test_any_altered_byte_is_noticed(measuring):
    (right,) = measuring(Lengthy())
    (file,) = measuring.cache_dir.iterdir()
    intact = file.read_bytes()
    for place in range(0, len(intact), 7):
        file.write_bytes(intact[:place] + bytes([intact[place] ^ 0xFF]) + intact[place + 1 :])
        assert same(measuring(Lengthy())[0], right)
        assert len(measuring.built) == 1


@pytest.mark.parametrize("content", [b"", b"PK", b"\x80\x04.", b"not a zip file at all"])
def test_a_damaged_file_is_measured_again(measuring, content):
    (right,) = measuring(Lengthy())
    (file,) = measuring.cache_dir.iterdir()
    file.write_bytes(content)
    assert same(measuring(Lengthy())[0], right)
    assert len(measuring.built) == 1
    measuring(Lengthy())
    assert measuring.built == []


def test_a_truncated_file_is_measured_again(measuring):
    measuring(Lengthy())
    (file,) = measuring.cache_dir.iterdir()
    intact = file.read_bytes()
    for length in range(0, len(intact), 50):
        file.write_bytes(intact[:length])
        measuring(Lengthy())
        assert len(measuring.built) == 1


def test_a_codec_that_fails_leaves_nothing_in_the_cache(measuring):
    class Failing(Lengthy):
        def decode(self, payloads):
            raise CodecError("cannot")

    with pytest.raises(CodecError, match="cannot"):
        measuring(Lengthy(), Failing())
    assert list(measuring.cache_dir.iterdir()) == []


@pytest.mark.parametrize(
    "messages", [[b"one for all"], [b""] * 4, ["text"] * 3, [np.zeros(3)] * 3, [bytearray(3)] * 3], ids=repr
)
def test_a_message_is_bytes_and_there_is_one_for_each_image(measuring, messages):
    class Odd(Lengthy):
        def encode(self, images):
            return messages

    with pytest.raises(
        CodecError, match="codec 'header3': encode must return a list of 3 bytes for 3 images"
    ):
        measuring(Odd())


@pytest.mark.parametrize("shape", [(3,), (1, 4), (4, 4), (3, 0), (3, 4, 1)], ids=str)
def test_there_is_a_row_of_scores_for_each_message(measuring, shape):
    class Odd(Lengthy):
        def decode(self, payloads):
            return np.zeros(shape, dtype=np.float32)

    with pytest.raises(
        CodecError, match=r"codec 'header3': decode must return scores of shape \(3, classes\)"
    ):
        measuring(Odd())


def test_a_cache_that_cannot_be_written_is_told_before_measuring(tmp_path):
    (tmp_path / "file").write_text("")
    measuring = Measuring(tmp_path / "file" / "cache")
    with pytest.raises(InputError, match=r"cache: cannot be made \(Not a directory\); set COINFER_CACHE"):
        measuring(Lengthy())
    assert measuring.built == []


class Tolerant(Lengthy):
    """Is right while the last byte of its message arrives; counts its work."""

    tolerates_loss = True
    encoded = damaged = 0

    def encode(self, images):
        self.encoded += len(images)
        return super().encode(images)

    def decode_damaged(self, messages):
        self.damaged += len(messages)
        answers = [sent.data[-1] if sent.lost[-1][1] < len(sent.data) else 3 for sent in messages]
        return np.eye(4, dtype=np.float32)[answers]


@dataclass
class Hole:
    """A loss of one byte of each message with the label 2, and of nothing else."""

    place: int

    def damage(self, payload, framing, rng):
        place = self.place % len(payload)
        hole = Damaged(payload[:place] + bytes(1) + payload[place + 1 :], ((place, place + 1),))
        return hole if payload[-1] == 2 else Damaged(payload)


def test_a_codec_without_tolerance_is_wrong_exactly_when_hit(measuring):
    (found,) = measuring(Lengthy(wrong=(1,)), loss=Hole(0), draws=3)
    assert found.correct_lossy.tolist() == [(LABELS == 0).tolist()] * 3


@pytest.mark.parametrize(("place", "right"), [(0, LABELS != 1), (-1, LABELS == 0)])
def test_a_tolerant_codec_decodes_what_arrived(measuring, place, right):
    codec = Tolerant(wrong=(1,))
    (found,) = measuring(codec, loss=Hole(place), draws=3)
    assert found.correct_lossy.tolist() == [right.tolist()] * 3
    assert (codec.encoded, codec.damaged) == (7, 3 * 2)


@pytest.mark.parametrize(
    ("loss", "whole"),
    # 4, 5 and 6 bytes in packets of 4: 1, 2 and 2, all to arrive; exact binomial limits at 1e-4.
    [(PacketErasure(0.3), [0.7, 0.49, 0.49]), (BitFlips(0.01), [0.99**32, 0.99**40, 0.99**48])],
)
def test_lossy_verdicts_depend_on_seed_draw_and_image_alone(measuring, loss, whole):
    settings = {"loss": loss, "framing": Framing(8, 4), "seed": 3, "draws": 500}
    (first,) = measuring(Lengthy(), **settings)
    assert same(first, measuring(Lengthy(), **settings)[0])
    assert measuring.built == []
    assert same(first, measuring(Lengthy(), Lengthy(header=9), batch=2, **settings)[0])
    for label, probability in enumerate(whole):
        verdicts = first.correct_lossy[:, label == LABELS]
        low, high = stats.binom.ppf([5e-5, 1 - 5e-5], verdicts.size, probability)
        assert low <= verdicts.sum() <= high


def test_scores_of_damaged_messages_are_checked_too(measuring):
    class Odd(Tolerant):
        def decode_damaged(self, messages):
            return np.zeros(3, dtype=np.float32)

    with pytest.raises(CodecError, match="codec 'header3': decode_damaged must return scores of shape"):
        measuring(Odd(), loss=PacketErasure(1.0))
