from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from coinfer.codecs.anytime import MODE_CUT, MODE_WHOLE, Anytime
from coinfer.codecs.bitstream import HEADER_BYTES, KIND_ANYTIME, Message, pack
from coinfer.codecs.protocol import BitstreamError, CodecError, SettingsError
from coinfer.codecs.registry import create
from coinfer.models.anytime import LARGEST, SYMBOL_CHANNELS
from coinfer.models.backbone import shipped
from coinfer.models.checkpoints import write_checkpoint
from coinfer.models.scenes.scene import Scenes
from coinfer.models.train_anytime import AnytimeStudent, Settings

SHAPE = (SYMBOL_CHANNELS, 14, 14)


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes checkpoints of random weights, with tables of a few images."""

    def checkpoint(split: str) -> Path:
        torch.manual_seed(0)
        student = AnytimeStudent(shipped(), Settings(split=split))
        torch.nn.init.normal_(student.encoder.compress[3].weight, std=0.5)
        few = torch.from_numpy(Scenes(4, seed=1).load(range(4)))
        with torch.inference_mode():
            symbols = student.eval().encoder(few).to(torch.int16).numpy()
        tables = student.tables(symbols, range(-LARGEST, LARGEST + 1))
        tensors = {name: torch.from_numpy(table) for name, table in tables.items()}
        path = tmp_path_factory.mktemp("anytime") / f"{split}.safetensors"
        write_checkpoint(path, student.own_tensors() | tensors, {"kind": "anytime", "split": split})
        return path

    return checkpoint


@pytest.fixture(scope="module")
def path(make: Callable[[str], Path]) -> Path:
    return make("layer2")


@pytest.fixture(scope="module")
def codec(path: Path) -> Anytime:
    return Anytime(checkpoint=str(path))


@pytest.fixture(scope="module")
def payload(codec: Anytime, frames: NDArray[np.uint8]) -> bytes:
    return codec.encode(frames[:1])[0]


def forged(codec: Anytime, payload: bytes, mode: int, body: bytes) -> bytes:
    return pack(Message(KIND_ANYTIME, mode, int.from_bytes(payload[2:4], "big"), body))


def test_a_separate_decoder_gets_the_encoder_s_symbols(codec: Anytime, path: Path, payload: bytes) -> None:
    symbols, arrived = Anytime(checkpoint=str(path)).symbols(payload)
    assert payload[0] == 0x10 | MODE_WHOLE
    assert symbols.shape == arrived.shape == SHAPE
    assert arrived.all()
    assert len(np.unique(symbols)) > 4
    assert codec.message(symbols) == payload


def test_every_cut_is_a_message_with_a_check_of_its_own(codec: Anytime, payload: bytes) -> None:
    whole, _ = codec.symbols(payload)
    known = []
    for size in range(HEADER_BYTES, len(payload), max(1, len(payload) // 40)):
        cut = codec.cut(payload, size)
        assert len(cut) == size
        assert cut[0] == 0x10 | MODE_CUT
        symbols, arrived = codec.symbols(cut)
        np.testing.assert_array_equal(symbols, np.where(arrived, whole, 0))
        known.append(int(arrived.sum()))
        if size > HEADER_BYTES:
            with pytest.raises(BitstreamError, match="CRC-16 does not match"):
                codec.symbols(cut[:-1])
    assert known == sorted(known)
    assert known[0] == 0
    assert codec.cut(payload, len(payload)) == payload


def test_a_cut_of_a_cut_is_that_cut(codec: Anytime, payload: bytes) -> None:
    assert codec.cut(codec.cut(payload, 300), 100) == codec.cut(payload, 100)


def test_cuts_change_the_answer_little_by_little(codec: Anytime, payload: bytes) -> None:
    scores = codec.decode([codec.cut(payload, size) for size in (HEADER_BYTES, 100, 400)] + [payload])
    assert scores.shape == (4, 10)
    assert np.isfinite(scores).all()
    distance = np.abs(scores - scores[-1]).sum(axis=1)
    assert distance[0] > distance[2] > 0


def test_a_limit_cuts_each_message(path: Path, payload: bytes, frames: NDArray[np.uint8]) -> None:
    limited = Anytime(max_bytes=120, checkpoint=str(path))
    (cut,) = limited.encode(frames[:1])
    assert len(cut) == 120
    assert cut == limited.cut(payload, 120)
    assert limited.cuts == (50, 75, 100)


def test_ideal_bits_of_what_arrived(codec: Anytime, payload: bytes) -> None:
    whole = codec.ideal_bits(payload)
    cut = codec.ideal_bits(codec.cut(payload, 200))
    assert whole is not None
    assert cut is not None
    assert whole / 8 <= len(payload) - HEADER_BYTES <= 1.01 * whole / 8 + 3
    assert 190 - HEADER_BYTES <= cut / 8 <= 200 - HEADER_BYTES


@pytest.mark.parametrize("size", [0, HEADER_BYTES - 1])
def test_no_message_is_shorter_than_its_header(codec: Anytime, payload: bytes, size: int) -> None:
    with pytest.raises(CodecError, match=f"cannot be cut to {size} bytes"):
        codec.cut(payload, size)


def test_hostile_bodies_with_a_right_checksum(codec: Anytime, payload: bytes) -> None:
    rng, refused = np.random.default_rng(0), set()
    for mode in (MODE_WHOLE, MODE_CUT):
        for length in [0, 1, 3, 4, 5, 100, 9000] * 4:
            try:
                symbols, _ = codec.symbols(forged(codec, payload, mode, rng.bytes(length)))
            except BitstreamError as error:
                refused.add(str(error).partition(" (")[0])
            else:
                assert symbols.shape == SHAPE
                assert np.abs(symbols).max() <= LARGEST
    assert refused <= {"anytime: not a stream of these tables"}
    with pytest.raises(BitstreamError, match="unknown mode 9"):
        codec.symbols(forged(codec, payload, 9, b""))


@pytest.mark.parametrize("split", ["layer1", "layer3", "layer4"])
def test_other_splits(make: Callable[[str], Path], frames: NDArray[np.uint8], split: str) -> None:
    codec = Anytime(split=split, checkpoint=str(make(split)))
    payloads = codec.encode(frames[:2])
    assert codec.decode(payloads).shape == (2, 10)
    assert codec.decode([codec.cut(each, 60) for each in payloads]).shape == (2, 10)
    assert codec.device_cost().flops > 0
    assert codec.edge_cost().flops > 0


@pytest.mark.parametrize("max_bytes", [0, 5, True, "100", 100.0])
def test_limits_that_are_none(path: Path, max_bytes: object) -> None:
    with pytest.raises(SettingsError) as caught:
        create("anytime", {"checkpoint": str(path), "max_bytes": max_bytes}, "scenes")
    expected = f"max_bytes: expected null or a whole number of at least 6, got {max_bytes!r}"
    assert str(caught.value) == f"codec 'anytime': {expected}"
