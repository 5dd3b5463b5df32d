from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from coinfer.codecs.bitstream import HEADER_BYTES, KIND_BOTTLENET, Message, pack
from coinfer.codecs.bottlenet import Bottlenet
from coinfer.codecs.eight_bit import MODE_CODED, MODE_PLAIN
from coinfer.codecs.protocol import BitstreamError, CodecError, Damaged, SettingsError
from coinfer.codecs.registry import create
from coinfer.models.backbone import shipped
from coinfer.models.bottlenet import ERASED, LEVELS, sent_channels
from coinfer.models.checkpoints import write_checkpoint
from coinfer.models.train_bottlenet import BottlenetStudent, Settings

SENT, SIDE = 8, 14
SYMBOLS = SENT * SIDE**2


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of random weights, with a table that favours the middle of the range."""
    torch.manual_seed(0)
    student = BottlenetStudent(shipped(), Settings(ratio=1024))
    near = 1 + (20_000 * np.exp(-np.abs(np.arange(LEVELS) - 128) / 16)).astype(np.int32)
    metadata = {"kind": "bottlenet", "split": "layer2", "ratio": 1024, "sent": SENT}
    path = tmp_path_factory.mktemp("bottlenet") / "layer2.safetensors"
    counts = torch.from_numpy(np.tile(near, (SENT, 1)))
    write_checkpoint(path, {**student.own_tensors(), "counts": counts}, metadata)
    return path


@pytest.fixture(scope="module")
def plain(path: Path) -> Bottlenet:
    return Bottlenet(checkpoint=str(path))


@pytest.fixture(scope="module")
def coded(path: Path) -> Bottlenet:
    return Bottlenet(coded=True, checkpoint=str(path))


def test_length_is_fixed_without_and_shorter_with_the_range_coder(
    plain: Bottlenet, coded: Bottlenet, frames: NDArray[np.uint8]
) -> None:
    sent, short = plain.encode(frames[:2]), coded.encode(frames[:2])
    assert [len(payload) for payload in sent] == [HEADER_BYTES + SYMBOLS] * 2
    assert 512 * 28 * 28 * 4 / SYMBOLS == 1024
    assert max(map(len, short)) < SYMBOLS
    assert {payload[0] & 15 for payload in sent} == {MODE_PLAIN}
    assert {payload[0] & 15 for payload in short} == {MODE_CODED}
    for long, brief in zip(sent, short, strict=True):
        np.testing.assert_array_equal(plain.symbols(long), coded.symbols(brief))
    np.testing.assert_allclose(plain.decode(sent), coded.decode(short))
    ideal = coded.ideal_bits(short[0])
    assert ideal is not None
    assert ideal / 8 <= len(short[0]) - HEADER_BYTES <= 1.01 * ideal / 8 + 3
    assert plain.ideal_bits(sent[0]) is None


def test_a_lossy_link(plain: Bottlenet, coded: Bottlenet, frames: NDArray[np.uint8]) -> None:
    assert (plain.tolerates_loss, coded.tolerates_loss) == (True, False)
    (payload,) = plain.encode(frames[:1])
    whole = plain.decode([payload])
    np.testing.assert_allclose(plain.decode_damaged([Damaged(payload)]), whole)
    start = HEADER_BYTES + SIDE**2
    lost = payload[:start] + bytes(SIDE**2) + payload[start + SIDE**2 :]
    expected = plain.symbols(payload).copy()
    expected[1] = ERASED
    np.testing.assert_allclose(
        plain.decode_damaged([Damaged(lost, ((start, start + SIDE**2),))]),
        plain.decode([plain.message(expected)]),
    )
    scrambled = bytes(len(payload))
    assert np.isfinite(plain.decode_damaged([Damaged(scrambled, ((0, len(payload)),))])).all()
    with pytest.raises(CodecError, match="does not tolerate loss"):
        coded.decode_damaged([Damaged(payload)])


def test_bodies_that_do_not_fit(plain: Bottlenet, frames: NDArray[np.uint8]) -> None:
    digest = int.from_bytes(plain.encode(frames[:1])[0][2:4], "big")
    for mode, length in ((MODE_PLAIN, SYMBOLS - 1), (MODE_CODED, SYMBOLS), (7, 3)):
        with pytest.raises(BitstreamError, match=f"body of {length} bytes does not fit mode {mode}"):
            plain.symbols(pack(Message(KIND_BOTTLENET, mode, digest, bytes(length))))
    rng, refused = np.random.default_rng(0), set()
    for length in [0, 1, 4, 5, 500] * 4:
        try:
            symbols = plain.symbols(pack(Message(KIND_BOTTLENET, MODE_CODED, digest, rng.bytes(length))))
        except BitstreamError as error:
            refused.add(str(error).partition(" (")[0])
        else:
            assert symbols.shape == (SENT, SIDE, SIDE)
    assert refused <= {"bottlenet++: not a stream of these tables"}


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"ratio": 0}, "ratio: expected a whole number of at least 1, got 0"),
        ({"coded": 1}, "coded: expected true or false, got 1"),
        ({"ratio": 64}, "made for ratio 1024, not 64"),
        (
            {"ratio": 77, "checkpoint": None},
            "no bottlenet-layer2-77.safetensors comes with coinfer; train one with 'coinfer train bottlenet' "
            "and give it as checkpoint",
        ),
        ({"split": "layer3"}, "made for split 'layer2', not 'layer3'"),
        ({"split": "conv1"}, "split: expected one of layer1, layer2, layer3, layer4, got 'conv1'"),
    ],
)
def test_settings_that_do_not_fit(path: Path, settings: dict[str, object], line: str) -> None:
    with pytest.raises(SettingsError) as caught:
        create("bottlenet++", {"checkpoint": str(path), **settings}, "scenes")
    assert str(caught.value).endswith(line)


@pytest.mark.parametrize(
    ("split", "ratio", "sent"),
    [("layer1", 256, 16), ("layer2", 1024, 8), ("layer3", 64, 64), ("layer3", 1024, 4), ("layer4", 256, 32)],
)
def test_channels_for_a_ratio(split: str, ratio: int, sent: int) -> None:
    """BottleNet++'s CR = (C H W 32) / (C' H' W' 8), with half the sides at layer1 and layer2."""
    assert sent_channels(split, ratio) == sent


def test_costs(plain: Bottlenet, coded: Bottlenet) -> None:
    assert plain.device_cost().flops == coded.device_cost().flops > 0
    assert plain.device_cost().serial_s == 0 < coded.device_cost().serial_s
