from math import prod

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from coinfer.codecs.bitstream import (
    HEADER_BYTES,
    KIND_SPLIT_FLOAT32,
    KIND_SPLIT_INT8,
    Message,
    pack,
)
from coinfer.codecs.network import classify, network_flops
from coinfer.codecs.protocol import BitstreamError, SettingsError
from coinfer.codecs.split import SplitCodec, SplitFloat32, SplitInt8
from coinfer.codecs.threads import one_thread
from coinfer.models.backbone import SPLITS, shipped

SHAPES = {
    "stem": (64, 56, 56),
    "layer1": (256, 56, 56),
    "layer2": (512, 28, 28),
    "layer3": (1024, 14, 14),
    "layer4": (2048, 7, 7),
}
GOLDEN = np.array([[[0, 1], [2, 4]], [[0, 0], [0, 0]], [[0.3, 0.2], [0.1, 51]]], dtype=np.float32)
GOLDEN_HEX = "1206beef336a" + "0424" + "0000" + "6632" + "004080ff" + "00000000" + "020101ff"
"""Header; steps 4/255, 0 and 51/255 as float16, low byte first; values in steps."""

BOTH = pytest.mark.parametrize("kind", [SplitFloat32, SplitInt8])


def header_of(payload: bytes) -> tuple[int, int]:
    """Mode and digest."""
    return payload[0] & 0x0F, int.from_bytes(payload[2:4], "big")


def forged(codec: SplitCodec, body: bytes) -> bytes:
    """A message of the right header, checksum included."""
    mode, digest = header_of(codec.message(np.zeros(SHAPES[codec.split], dtype=np.float32)))
    return pack(Message(codec.kind, mode, digest, body))


def refusal(codec: SplitCodec, payload: bytes) -> str:
    with pytest.raises(BitstreamError) as caught:
        codec.decode([payload])
    return str(caught.value)


@pytest.mark.parametrize("split", SPLITS)
def test_float32_answers_as_the_whole_network_does(split: str, frames: NDArray[np.uint8]) -> None:
    device, edge = SplitFloat32(split=split), SplitFloat32(split=split)
    messages = device.encode(frames[:1])
    np.testing.assert_allclose(edge.decode(messages), classify(frames[:1], "scenes"), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("split", ["stem", "layer2"])
def test_int8_answers_nearly_as_the_whole_network_does(split: str, frames: NDArray[np.uint8]) -> None:
    device, edge = SplitInt8(split=split), SplitInt8(split=split)
    off = np.abs(edge.decode(device.encode(frames[:1])) - classify(frames[:1], "scenes"))
    assert 1e-5 < off.max() < 0.1


@pytest.mark.parametrize("split", SPLITS)
def test_length_of_messages(split: str) -> None:
    features, values = np.ones(SHAPES[split], dtype=np.float32), prod(SHAPES[split])
    assert len(SplitFloat32(split=split).message(features)) == HEADER_BYTES + 4 * values
    assert len(SplitInt8(split=split).message(features)) == HEADER_BYTES + 2 * SHAPES[split][0] + values


def test_the_features_are_those_at_the_split(frames: NDArray[np.uint8]) -> None:
    codec = SplitFloat32(split="layer3")
    with one_thread():
        expected = shipped().head("layer3")(torch.from_numpy(frames[:1]))[0].numpy()
    (message,) = codec.encode(frames[:1])
    np.testing.assert_array_equal(codec.features(message), expected)
    assert message[HEADER_BYTES:] == np.ascontiguousarray(expected).astype("<f4").tobytes()


def test_golden_int8_message() -> None:
    body = SplitInt8().to_body(GOLDEN)
    assert pack(Message(KIND_SPLIT_INT8, 2, 0xBEEF, body)).hex() == GOLDEN_HEX
    values = SplitInt8().from_body(bytes.fromhex(GOLDEN_HEX)[HEADER_BYTES:], GOLDEN.shape)
    steps = np.array([0x2404, 0, 0x3266], dtype=np.uint16).view(np.float16).astype(np.float32)
    symbols = [[[0, 64], [128, 255]], [[0, 0], [0, 0]], [[2, 1], [1, 255]]]
    np.testing.assert_array_equal(values, np.array(symbols) * steps[:, None, None])


def test_golden_float32_message() -> None:
    body = SplitFloat32().to_body(GOLDEN[2:])
    assert pack(Message(KIND_SPLIT_FLOAT32, 2, 0xBEEF, body)).hex() == (
        "1205beefe835" + "9a99993e" + "cdcc4c3e" + "cdcccc3d" + "00004c42"
    )


def test_int8_is_off_by_half_a_step_at_most() -> None:
    rng = np.random.default_rng(0)
    features = rng.exponential(10.0 ** rng.uniform(-3, 4, (200, 1, 1)), (200, 14, 14)).astype(np.float32)
    restored = SplitInt8().from_body(SplitInt8().to_body(features), features.shape)
    steps = features.max(axis=(1, 2), keepdims=True) / 255
    assert (np.abs(restored - features) / steps).max() < 0.5 + 255 * 2**-11


@pytest.mark.parametrize("value", [0.0, 1e-40, 1e-7, 1.6e7, 2e7, 3e38, np.inf])
def test_int8_steps_neither_vanish_nor_overflow(value: float) -> None:
    """float16 ends at 6e-8 and 65,504: smaller features are 0, larger ones the largest that there is."""
    features = np.full((2, 3, 3), value, dtype=np.float32)
    features[0] = 1.0
    with np.errstate(all="raise", under="ignore"):
        restored = SplitInt8().from_body(SplitInt8().to_body(features), features.shape)
    np.testing.assert_allclose(restored[0], 1.0, rtol=1e-3)
    expected = 0.0 if value < 1e-6 else min(value, 255 * 65_504)
    np.testing.assert_allclose(restored[1], expected, rtol=1e-3)


@BOTH
def test_bodies_of_another_length_are_refused(kind: type[SplitCodec]) -> None:
    codec = kind(split="layer4")
    whole = {SplitFloat32: 4 * 2048 * 49, SplitInt8: 2 * 2048 + 2048 * 49}[kind]
    for length in (0, 1, whole - 1, whole + 1, 2 * whole):
        line = refusal(codec, forged(codec, bytes(length)))
        assert line == f"{codec.name}: body of {length} bytes, expected {whole}"
    assert codec.decode([forged(codec, bytes(whole))]).shape == (1, 10)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_features_that_are_no_numbers_are_refused(value: float) -> None:
    codec = SplitFloat32(split="layer4")
    features = np.ones(SHAPES["layer4"], dtype="<f4")
    features[-1, -1, -1] = value
    line = refusal(codec, forged(codec, features.tobytes()))
    assert line == "split-float32: the features are not all finite"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -1.0])
def test_steps_that_are_no_steps_are_refused(value: float) -> None:
    codec = SplitInt8(split="layer4")
    steps = np.ones(2048, dtype="<f2")
    steps[-1] = value
    line = refusal(codec, forged(codec, steps.tobytes() + bytes(2048 * 49)))
    assert line == "split-int8: the steps are not all finite and at least 0"


@BOTH
def test_hostile_bodies_of_the_right_length(kind: type[SplitCodec]) -> None:
    codec, rng = kind(split="layer4"), np.random.default_rng(0)
    length = len(codec.to_body(np.zeros(SHAPES["layer4"], dtype=np.float32)))
    outcomes = set()
    for body in (rng.bytes(length), b"\xff" * length, b"\x7b" * length):
        try:
            outcomes.add(str(codec.decode([forged(codec, body)]).shape))
        except BitstreamError as error:
            outcomes.add(str(error).partition(" are ")[0])
    assert outcomes == {"(1, 10)", f"{codec.name}: the {'steps' if kind is SplitInt8 else 'features'}"}


@BOTH
def test_another_split_or_network_is_refused(kind: type[SplitCodec]) -> None:
    codec = kind(split="layer4")
    message = codec.message(np.zeros(SHAPES["layer4"], dtype=np.float32))
    mode, digest = header_of(message)
    assert refusal(kind(split="layer3"), message) == (
        f"{codec.name}: message of split 4, this decoder reads 3, layer3"
    )
    line = refusal(codec, pack(Message(codec.kind, mode, digest ^ 1, message[HEADER_BYTES:])))
    assert line == f"message made with checkpoint {digest ^ 1:04x}, this decoder has {digest:04x}"


@BOTH
def test_unknown_split(kind: type[SplitCodec]) -> None:
    with pytest.raises(SettingsError) as caught:
        kind(split="layer5")
    expected = "split: expected one of stem, layer1, layer2, layer3, layer4, got 'layer5'"
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("kind", "split", "share"), [(SplitInt8, "stem", 2.9), (SplitFloat32, "layer2", 44.5)]
)
def test_the_work_is_shared_at_the_split(kind: type[SplitCodec], split: str, share: float) -> None:
    device, edge = kind(split=split).device_cost(), kind(split=split).edge_cost()
    assert device.flops + edge.flops == network_flops()
    assert 100 * device.flops / network_flops() == pytest.approx(share, abs=0.1)
    assert device.serial_s == pytest.approx(kind.encode_s_per_value * prod(SHAPES[split]))
    assert edge.serial_s == pytest.approx(kind.decode_s_per_value * prod(SHAPES[split]))


def test_sizes_to_report() -> None:
    assert SplitFloat32().fixed_width_bytes() == 4 * 512 * 28 * 28
    assert SplitInt8().fixed_width_bytes() == 512 * 28 * 28
    parameters, stored_bytes = SplitInt8(split="stem").device_parameters()
    assert (parameters, stored_bytes) == (3 * 7 * 7 * 64 + 2 * 64, 2 * (3 * 7 * 7 * 64 + 4 * 64))


@BOTH
def test_damage_is_not_tolerated(kind: type[SplitCodec]) -> None:
    assert (kind().tolerates_loss, kind().cuts) == (False, ())
