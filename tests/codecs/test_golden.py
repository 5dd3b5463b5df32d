"""Messages of each codec, frozen in golden.json: a change of one is a BREAKING change.

`python tests/codecs/test_golden.py` writes the file anew. Feature codecs code symbols of a formula, so no
network's rounding has a part in their bytes. What Pillow writes for an image may differ from one version to
the next; what it reads may not, so of image files the decoded picture is what counts.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from coinfer.codecs import registry
from coinfer.codecs.anytime import Anytime
from coinfer.codecs.eight_bit import LEVELS, EightBit
from coinfer.codecs.pixels import PixelCodec
from coinfer.codecs.protocol import Codec
from coinfer.codecs.split import SplitCodec
from coinfer.models.anytime import SYMBOL_CHANNELS, grid_side
from coinfer.models.images import SIZE_PX

FILE = Path(__file__).with_name("golden.json")
WEIGHTS = Path(__file__).parents[2] / "models" / "weights"


def shipped_splits(kind: str) -> list[str]:
    return sorted({path.stem.split("-")[1] for path in WEIGHTS.glob(f"{kind}-*.safetensors")})


CODECS: dict[str, tuple[str, dict[str, object]]] = {
    **{name: (name, {}) for name in ("raw", "png", "jpeg", "webp", "local", "split-float32", "split-int8")},
    **{f"anytime {split}": ("anytime", {"split": split}) for split in shipped_splits("anytime")},
    **{f"aecnn {split}": ("aecnn", {"split": split}) for split in shipped_splits("aecnn")},
    **{
        f"bottlenet++ {split}": ("bottlenet++", {"split": split, "coded": True})
        for split in shipped_splits("bottlenet")
    },
    "aecnn plain": ("aecnn", {"coded": False}),
    "bottlenet++ plain": ("bottlenet++", {"coded": False}),
}
SHORT_BYTES = 2000
"""Longer messages are kept as their SHA-256."""

PICTURE: NDArray[np.uint8] = np.kron(
    np.array([[[200, 30], [90, 10]], [[40, 160], [90, 250]], [[60, 20], [90, 130]]], dtype=np.uint8),
    np.ones((1, 112, 112), dtype=np.uint8),
)


def codec_of(label: str) -> Codec:
    name, settings = CODECS[label]
    return registry.create(name, settings, "imagenette")


def symbols_for(codec: Codec) -> NDArray[np.int32]:
    """By a formula: near the likeliest symbol of each channel, or near zero."""
    if isinstance(codec, Anytime):
        side = grid_side(codec.split, SIZE_PX)
        channel, row, column = np.indices((SYMBOL_CHANNELS, side, side))
        return (((channel * 5 + row * row * 3 + column * row) % 7 - 3) // (1 + channel // 12)).astype(
            np.int32
        )
    assert isinstance(codec, EightBit)
    channel, row, column = np.indices(codec._shape)
    likeliest = codec._trained.table("counts", (len(channel), LEVELS)).argmax(1)[:, None, None]
    around = (channel * 5 + row * row * 3 + column * row) % 7 - 3
    return np.clip(likeliest + around, 0, LEVELS - 1).astype(np.int32)


def message_of(codec: Codec) -> bytes:
    if isinstance(codec, (EightBit, Anytime)):
        return codec.message(symbols_for(codec))
    if isinstance(codec, PixelCodec):
        return codec.to_bytes(PICTURE)
    if isinstance(codec, SplitCodec):
        values = np.arange(np.prod(codec._shape)).astype(np.float32) % 97 / 7
        return codec.message(values.reshape(codec._shape))
    return codec.encode(PICTURE[np.newaxis])[0]


def frozen(message: bytes) -> str:
    return message.hex() if len(message) < SHORT_BYTES else hashlib.sha256(message).hexdigest()


@pytest.mark.parametrize("label", CODECS)
def test_messages_are_what_they_were(label: str) -> None:
    codec, before = codec_of(label), json.loads(FILE.read_text())[label]
    if label in ("png", "jpeg", "webp"):
        assert isinstance(codec, PixelCodec)
        decoded = codec.to_image(bytes.fromhex(before))
        assert np.abs(decoded.astype(int) - PICTURE).mean() < (0.5 if label == "png" else 3)
        return
    message = message_of(codec)
    assert frozen(message) == before, "a change of a codec's messages is BREAKING; see this file's docstring"
    if isinstance(codec, EightBit):
        np.testing.assert_array_equal(codec.symbols(message), symbols_for(codec))
    if isinstance(codec, Anytime):
        np.testing.assert_array_equal(codec.symbols(message)[0], symbols_for(codec))


def test_each_built_in_codec_has_one() -> None:
    assert {name for name, _ in CODECS.values()} >= set(registry.names())
    assert json.loads(FILE.read_text()).keys() == CODECS.keys()


if __name__ == "__main__":
    golden = {label: frozen(message_of(codec_of(label))) for label in CODECS}
    FILE.write_text(json.dumps(golden, indent=1) + "\n")
