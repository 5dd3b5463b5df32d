from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from coinfer.codecs.byte_budget import FLOOR, SIDES_PX, LossyImageCodec, fitted
from coinfer.codecs.jpeg import Jpeg
from coinfer.codecs.pillow import write_image
from coinfer.codecs.protocol import BitstreamError, Cost, SettingsError
from coinfer.codecs.webp import Webp

BOTH = pytest.mark.parametrize("kind", [Jpeg, Webp])
FORMATS = {Jpeg: "JPEG", Webp: "WEBP"}
FRAME = np.zeros((3, 224, 224), dtype=np.uint8)


class Format:
    """Files of a known length, side and quality in front; remembers what was tried."""

    def __init__(self, length: Callable[[int, int], int]) -> None:
        self.length, self.tried = length, list[tuple[int, int]]()

    def write(self, image: NDArray[np.uint8], quality: int) -> bytes:
        side = image.shape[1]
        assert image.shape == (3, side, side)
        self.tried.append((side, quality))
        return bytes([side, quality]).ljust(self.length(side, quality), b".")


@pytest.mark.parametrize("max_bytes", range(2 + 2 * FLOOR, 200))
def test_lengths_that_rise_give_the_best_quality_that_fits(max_bytes: int) -> None:
    file = fitted(Format(lambda side, quality: 2 + 2 * quality).write, FRAME, range(0, 96), max_bytes)
    assert tuple(file[:2]) == (224, min((max_bytes - 2) // 2, 95))


def test_the_search_is_a_bisection_from_the_floor() -> None:
    made = Format(lambda side, quality: 10 * quality)
    file = fitted(made.write, FRAME, range(1, 96), 303)
    assert made.tried == [(224, quality) for quality in (15, 55, 35, 25, 30, 32, 31)]
    assert tuple(file[:2]) == (224, 30)


def test_lengths_that_fall_somewhere_give_a_file_that_fits() -> None:
    """55 is too long, so 60 is never tried, though it would fit."""
    lengths = {55: 900, 60: 100}
    made = Format(lambda side, quality: lengths.get(quality, 10 * quality))
    file = fitted(made.write, FRAME, range(1, 96), 500)
    assert tuple(file[:2]) == (224, 50)
    assert (224, 60) not in made.tried


@pytest.mark.parametrize("side", SIDES_PX)
def test_the_image_is_made_smaller_only_if_no_quality_fits(side: int) -> None:
    made = Format(lambda side, quality: side + quality)
    lowest = 1 if side == SIDES_PX[-1] else FLOOR
    file = fitted(made.write, FRAME, range(1, 96), side + lowest)
    assert tuple(file[:2]) == (side, lowest)
    larger = SIDES_PX[: SIDES_PX.index(side)]
    assert made.tried[: len(larger)] == [(other, FLOOR) for other in larger]
    assert {tried for tried, _ in made.tried[len(larger) :]} == {side}


def test_if_nothing_fits_the_shortest_file_is_sent() -> None:
    lengths = {224: 90, 160: 80, 112: 70, 80: 50, 56: 60}
    file = fitted(Format(lambda side, quality: lengths[side] + quality).write, FRAME, range(1, 96), 10)
    assert (tuple(file[:2]), len(file)) == ((56, 1), 61)


@BOTH
@pytest.mark.parametrize("max_bytes", [2500, 5000])
def test_messages_fit_and_a_step_more_of_quality_would_not(
    kind: type[LossyImageCodec], max_bytes: int, frames: NDArray[np.uint8]
) -> None:
    codec, tried = kind(max_bytes=max_bytes), dict[tuple[int, int], bytes]()

    def write(image: NDArray[np.uint8], quality: int) -> bytes:
        return tried.setdefault((image.shape[1], quality), codec.write(image, quality))

    message = fitted(write, frames[0], codec.qualities, max_bytes)
    assert codec.encode(frames[:1]) == [message]
    assert len(message) <= max_bytes
    side, quality = max(place for place, file in tried.items() if file == message)
    assert quality > FLOOR
    assert len(tried[side, quality + 1]) > max_bytes


@BOTH
def test_one_decoder_reads_every_message(kind: type[LossyImageCodec], frames: NDArray[np.uint8]) -> None:
    plain, errors, sides = kind(), [], []
    for max_bytes in (1, 500, 800, 12_000):
        message = kind(max_bytes=max_bytes).to_bytes(frames[0])
        picture = plain.to_image(message)
        assert picture.shape == (3, 224, 224)
        errors.append(float(np.sqrt(np.mean((picture.astype(float) - frames[0]) ** 2))))
        sides.append(plain.read(message).shape[1])
    assert errors == sorted(errors, reverse=True)
    assert sides == sorted(sides)
    assert (sides[0], sides[-1]) == (56, 224)
    assert np.isfinite(plain.decode([kind(max_bytes=500).to_bytes(frames[0])])).all()


@BOTH
@pytest.mark.parametrize("shape", [(3, 100, 100), (3, 112, 224), (3, 224, 160), (3, 225, 225), (3, 1, 1)])
def test_other_sizes_are_refused(kind: type[LossyImageCodec], shape: tuple[int, int, int]) -> None:
    name, (_, height, width) = FORMATS[kind], shape
    with pytest.raises(BitstreamError) as caught:
        kind().decode([write_image(np.zeros(shape, dtype=np.uint8), name)])
    sizes = "(224, 224) or (160, 160) or (112, 112) or (80, 80) or (56, 56)"
    assert str(caught.value) == f"{name}: image of {(width, height)} pixels, expected {sizes}"


@BOTH
@pytest.mark.parametrize("max_bytes", [0, -1, 1500.0, "1500", True])
def test_max_bytes_out_of_range(kind: type[LossyImageCodec], max_bytes: Any) -> None:
    with pytest.raises(SettingsError) as caught:
        kind(max_bytes=max_bytes)
    assert str(caught.value) == f"max_bytes: expected a whole number of at least 1, got {max_bytes!r}"


@BOTH
def test_quality_and_max_bytes_exclude_each_other(kind: type[LossyImageCodec]) -> None:
    with pytest.raises(SettingsError) as caught:
        kind(quality=75, max_bytes=1500)
    assert str(caught.value) == "max_bytes: expected it without quality, got quality 75 as well"


@BOTH
def test_settings(kind: type[LossyImageCodec]) -> None:
    assert kind().settings == {"classifier": "scenes", "quality": 75, "max_bytes": None}
    searching = kind(max_bytes=1500)
    assert repr(searching) == f"{kind.__name__}(classifier='scenes', quality=None, max_bytes=1500)"
    assert eval(repr(searching), {kind.__name__: kind}).settings == searching.settings


@BOTH
def test_searching_costs_what_was_measured(kind: type[LossyImageCodec]) -> None:
    assert kind().device_cost() == Cost(serial_s=kind.encode_s)
    assert kind(max_bytes=1000).device_cost().serial_s == pytest.approx(kind.search_s[1000])
    between = kind(max_bytes=1732).device_cost().serial_s
    assert between == pytest.approx((kind.search_s[1000] + kind.search_s[3000]) / 2, rel=1e-3)
    assert kind(max_bytes=1).device_cost().serial_s == kind.search_s[100]
    assert kind(max_bytes=1000).edge_cost() == kind().edge_cost()
