from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from coinfer.codecs.aecnn import Aecnn
from coinfer.codecs.bitstream import HEADER_BYTES, KIND_AECNN, Message, pack, unpack
from coinfer.codecs.eight_bit import MODE_CODED, MODE_PLAIN
from coinfer.codecs.network import network_flops
from coinfer.codecs.protocol import BitstreamError, Damaged, SettingsError
from coinfer.codecs.registry import create
from coinfer.models.checkpoints import file_sha256, read_checkpoint, shipped_path

Untrained = Callable[..., Path]
SYMBOLS = 8 * 28 * 28


def digest_of(payload: bytes) -> int:
    return int.from_bytes(payload[2:4], "big")


@pytest.fixture(scope="module")
def checkpoint(untrained: Untrained) -> Path:
    return untrained()


@pytest.fixture(scope="module")
def codec(checkpoint: Path) -> Aecnn:
    return Aecnn(checkpoint=str(checkpoint))


@pytest.fixture(scope="module")
def payload(codec: Aecnn, frames: NDArray[np.uint8]) -> bytes:
    return codec.encode(frames[:1])[0]


def test_256x_before_entropy_coding(codec: Aecnn, payload: bytes) -> None:
    symbols = codec.symbols(payload)
    assert symbols.shape == (8, 28, 28)
    assert symbols.size == SYMBOLS == 6272
    assert 512 * 28 * 28 * 4 / symbols.size == 256


def test_header(codec: Aecnn, payload: bytes) -> None:
    assert HEADER_BYTES <= 8
    assert payload[:2] == bytes([0x10 | MODE_CODED, KIND_AECNN])
    assert unpack(payload, KIND_AECNN, digest_of(payload)).body == payload[HEADER_BYTES:]


def test_a_separate_decoder_gets_the_encoder_s_symbols(
    codec: Aecnn, checkpoint: Path, payload: bytes, frames: NDArray[np.uint8]
) -> None:
    decoder = Aecnn(checkpoint=str(checkpoint))
    np.testing.assert_array_equal(decoder.symbols(payload), codec.symbols(payload))
    assert codec.symbols(payload).min() >= 0
    assert len(np.unique(codec.symbols(payload))) > 4


def test_the_batch_changes_next_to_no_symbol(codec: Aecnn, payload: bytes, frames: NDArray[np.uint8]) -> None:
    """Convolutions round differently in another batch, which may move a value over a rounding border."""
    together = codec.symbols(codec.encode(frames)[0])
    moved = np.abs(together - codec.symbols(payload))
    assert moved.max() <= 1
    assert (moved > 0).mean() < 1e-3


def test_stored_mode_bounds_the_payload(untrained: Untrained, frames: NDArray[np.uint8]) -> None:
    """Steps so fine that nearly all values clip to 255, the rarest symbol of the tables."""
    codec = Aecnn(checkpoint=str(untrained(log_step=-20.0)))
    (payload,) = codec.encode(frames[:1])
    assert payload[0] == 0x10 | MODE_PLAIN
    assert len(payload) == HEADER_BYTES + SYMBOLS
    symbols = codec.symbols(payload)
    np.testing.assert_array_equal(symbols.ravel(), np.frombuffer(payload[HEADER_BYTES:], dtype=np.uint8))
    assert (symbols == 255).mean() > 0.5
    assert codec.decode([payload]).shape == (1, 10)


def test_without_entropy_coding(
    codec: Aecnn, checkpoint: Path, payload: bytes, frames: NDArray[np.uint8]
) -> None:
    plain = Aecnn(coded=False, checkpoint=str(checkpoint))
    (sent,) = plain.encode(frames[:1])
    assert len(sent) == HEADER_BYTES + SYMBOLS > len(payload)
    np.testing.assert_array_equal(plain.symbols(sent), codec.symbols(payload))
    np.testing.assert_allclose(plain.decode([sent]), codec.decode([payload]))
    assert (plain.ideal_bits(sent), plain.device_cost().serial_s, plain.edge_cost().serial_s) == (None, 0, 0)
    assert plain.device_cost().flops == codec.device_cost().flops
    assert (codec.tolerates_loss, plain.tolerates_loss) == (False, True)
    lost = Damaged(sent[:-28] + bytes(range(28)), ((len(sent) - 28, len(sent)),))
    silent = plain.symbols(sent).copy()
    silent[-1, -1] = 0
    np.testing.assert_allclose(plain.decode_damaged([lost]), plain.decode([plain.message(silent)]))
    with pytest.raises(SettingsError, match=r"^coded: expected true or false, got 1$"):
        Aecnn(coded=1)  # type: ignore[arg-type]


def test_another_checkpoint_is_refused(codec: Aecnn, untrained: Untrained, payload: bytes) -> None:
    other = Aecnn(checkpoint=str(untrained(seed=1)))
    with pytest.raises(
        BitstreamError, match=r"^message made with checkpoint [0-9a-f]{4}, this decoder has [0-9a-f]{4}$"
    ):
        other.decode([payload])


@pytest.mark.parametrize(
    ("mode", "length"),
    [(MODE_PLAIN, SYMBOLS - 1), (MODE_PLAIN, SYMBOLS + 1), (MODE_CODED, SYMBOLS), (2, 10), (15, SYMBOLS)],
)
def test_bodies_that_do_not_fit(codec: Aecnn, payload: bytes, mode: int, length: int) -> None:
    forged = pack(Message(KIND_AECNN, mode, digest_of(payload), bytes(length)))
    with pytest.raises(BitstreamError) as caught:
        codec.decode([forged])
    assert str(caught.value) == f"aecnn: body of {length} bytes does not fit mode {mode}"


def test_hostile_bodies_with_a_right_checksum(codec: Aecnn, payload: bytes) -> None:
    rng = np.random.default_rng(0)
    outcomes: set[str] = set()
    for length in [0, 1, 2, 3, 4, 5, 100, 1000, SYMBOLS - 1] * 8:
        forged = pack(Message(KIND_AECNN, MODE_CODED, digest_of(payload), rng.bytes(length)))
        try:
            symbols = codec.symbols(forged)
        except BitstreamError as error:
            outcomes.add(str(error).partition("(")[0])
        else:
            assert symbols.shape == (8, 28, 28)
            assert 0 <= symbols.min() <= symbols.max() <= 255
    assert outcomes <= {"aecnn: not a stream of these tables "}


def test_device_share_of_the_work(codec: Aecnn) -> None:
    device, edge = codec.device_cost(), codec.edge_cost()
    assert 100 * device.flops / network_flops() == pytest.approx(44.4, abs=0.5)
    assert 100 * edge.flops / network_flops() == pytest.approx(55.6 + 0.7, abs=0.5)
    assert not Aecnn.answers_on_device


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"format": 2}, "checkpoint format 2, this coinfer reads 1; train it again"),
        ({"kind": "backbone"}, "expected a checkpoint of kind 'aecnn', got 'backbone'"),
        ({"split": "layer3"}, "made for split 'layer3', not 'layer2'"),
    ],
)
def test_checkpoints_of_another_making(untrained: Untrained, changes: dict[str, object], line: str) -> None:
    path = untrained(**changes)
    with pytest.raises(SettingsError) as caught:
        create("aecnn", {"checkpoint": str(path)}, "scenes")
    assert str(caught.value) == f"codec 'aecnn': {path}: {line}"


def test_a_checkpoint_without_its_number_of_channels(untrained: Untrained, frames: NDArray[np.uint8]) -> None:
    path = untrained(kept=None)
    with pytest.raises(SettingsError) as caught:
        Aecnn(checkpoint=str(path)).encode(frames[:1])
    assert str(caught.value) == f"{path}: metadata lacks kept; train it again"


@pytest.mark.parametrize("key", ["counts", "encoder.attention.excite.bias", "decoder.restore.0.weight"])
def test_checkpoints_that_lack_a_tensor(untrained: Untrained, frames: NDArray[np.uint8], key: str) -> None:
    path = untrained(drop=key)
    codec = Aecnn(checkpoint=str(path))
    with pytest.raises(SettingsError) as caught:
        codec.decode(codec.encode(frames[:1]))
    expected = f"{path}: tensor '{key}' does not fit split 'layer2'; train it again"
    assert str(caught.value) == expected


def test_checkpoint_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "none.safetensors"
    with pytest.raises(SettingsError) as caught:
        Aecnn(checkpoint=str(path))
    assert str(caught.value) == f"{path}: no such checkpoint; train one with 'coinfer train --help'"


class TestShippedCheckpoint:
    def test_it_codes_drawn_frames_below_fixed_width(self, frames: NDArray[np.uint8]) -> None:
        payloads = Aecnn().encode(frames)
        assert {payload[0] for payload in payloads} == {0x10 | MODE_CODED}
        assert max(map(len, payloads)) < SYMBOLS / 2

    @pytest.mark.parametrize(
        ("split", "kept", "channels"),
        [("layer1", 4, 256), ("layer2", 8, 512), ("layer3", 16, 1024), ("layer4", 32, 2048)],
    )
    def test_its_card(self, split: str, kept: int, channels: int) -> None:
        metadata = read_checkpoint(shipped_path(f"aecnn-{split}"), "aecnn").metadata
        assert (metadata["split"], metadata["kept"], metadata["channels"]) == (split, kept, channels)
        assert (metadata["ratio"], metadata["size_px"]) == (256, 224)

    @pytest.mark.parametrize("classifier", ["imagenette", "scenes"])
    def test_it_loses_at_most_four_points(self, classifier: str) -> None:
        """On the same validation images, as its training has measured; `photos` tests measure again."""
        metadata = read_checkpoint(shipped_path("aecnn-layer2")).metadata
        assert metadata["top1"][classifier] >= metadata["top1_uncompressed"][classifier] - 0.04

    def test_another_file_of_the_same_weights_has_the_same_digest(self, tmp_path: Path) -> None:
        copy = tmp_path / "copy.safetensors"
        copy.write_bytes(shipped_path("aecnn-layer2").read_bytes())
        assert file_sha256(copy) == file_sha256(shipped_path("aecnn-layer2"))
        frame = np.full((1, 3, 224, 224), 90, dtype=np.uint8)
        assert Aecnn(checkpoint=str(copy)).encode(frame) == Aecnn().encode(frame)
