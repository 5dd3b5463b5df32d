"""The battery that every installed codec passes; what is special to one is in its own file."""

import pickle
from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from coinfer.codecs import aecnn, anytime, jpeg, local, png, raw, split, webp
from coinfer.codecs.network import classify, network_flops
from coinfer.codecs.protocol import BitstreamError, Codec, Cost, SettingsError
from coinfer.codecs.registry import create, names

CLASSES = {
    "Aecnn": aecnn.Aecnn,
    "Anytime": anytime.Anytime,
    "Jpeg": jpeg.Jpeg,
    "Local": local.Local,
    "Png": png.Png,
    "Raw": raw.Raw,
    "SplitFloat32": split.SplitFloat32,
    "SplitInt8": split.SplitInt8,
    "Webp": webp.Webp,
}
NAMES = tuple(name for name in names() if name != "bottlenet++")
"""All that come with their weights."""

WITH_CHECKSUM = tuple(name for name in NAMES if name not in {"jpeg", "raw", "webp"})


@pytest.fixture(scope="module")
def payloads(frames: NDArray[np.uint8]) -> Mapping[str, list[bytes]]:
    """What one device sends for `frames`, for each codec."""
    return {name: create(name, {}, "scenes").encode(frames) for name in NAMES}


@pytest.fixture(scope="module")
def decoders() -> Mapping[str, Codec]:
    """The other machine's codecs, which have encoded nothing."""
    return {name: create(name, {}, "scenes") for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
class TestEveryCodec:
    def test_messages_are_bytes_that_another_object_decodes(
        self, name: str, payloads: Mapping[str, list[bytes]], decoders: Mapping[str, Codec]
    ) -> None:
        assert [type(payload) for payload in payloads[name]] == [bytes] * 3
        scores = decoders[name].decode(payloads[name])
        assert scores.shape == (3, 10)
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()

    def test_scores_do_not_depend_on_the_batch(
        self, name: str, payloads: Mapping[str, list[bytes]], decoders: Mapping[str, Codec]
    ) -> None:
        together = decoders[name].decode(payloads[name][::-1])[::-1]
        alone = decoders[name].decode(payloads[name][:1])
        np.testing.assert_allclose(together[:1], alone, rtol=1e-3, atol=1e-3)

    def test_messages_carry_the_image(
        self,
        name: str,
        payloads: Mapping[str, list[bytes]],
        decoders: Mapping[str, Codec],
        frames: NDArray[np.uint8],
    ) -> None:
        """A message of another image gives other scores, unless it is the label alone that is sent."""
        first, second = decoders[name].decode([payloads[name][0], payloads[name][1]])
        same_label = name == "local" and payloads[name][0] == payloads[name][1]
        assert same_label or not np.allclose(first, second)

    def test_same_bytes_from_another_object(
        self,
        name: str,
        payloads: Mapping[str, list[bytes]],
        decoders: Mapping[str, Codec],
        frames: NDArray[np.uint8],
    ) -> None:
        assert decoders[name].encode(frames) == payloads[name]

    def test_images_are_left_as_they_were(self, name: str, frames: NDArray[np.uint8]) -> None:
        given = frames[:1].copy()
        create(name, {}, "scenes").encode(given)
        np.testing.assert_array_equal(given, frames[:1])

    def test_truncated_messages_are_refused(
        self, name: str, payloads: Mapping[str, list[bytes]], decoders: Mapping[str, Codec]
    ) -> None:
        whole = payloads[name][0]
        ends = {*range(12), *range(len(whole) - 12, len(whole)), *range(0, len(whole), 1 + len(whole) // 40)}
        for length in sorted(ends & set(range(len(whole)))):
            with pytest.raises(BitstreamError):
                decoders[name].decode([whole[:length]])

    def test_nonsense_is_refused(self, name: str, decoders: Mapping[str, Codec]) -> None:
        rng = np.random.default_rng(0)
        for length in (0, 1, 6, 7, 8, 100, 6278, 150_000):
            for nonsense in (rng.bytes(length), bytes(length), b"\xff" * length):
                with pytest.raises(BitstreamError) as caught:
                    decoders[name].decode([nonsense])
                assert "\n" not in str(caught.value)

    def test_other_codecs_messages_are_refused(
        self, name: str, payloads: Mapping[str, list[bytes]], decoders: Mapping[str, Codec]
    ) -> None:
        for other in set(NAMES) - {name}:
            with pytest.raises(BitstreamError):
                decoders[name].decode(payloads[other][:1])

    def test_repr_is_the_constructor_call(self, name: str, decoders: Mapping[str, Codec]) -> None:
        again = eval(repr(decoders[name]), CLASSES)
        assert repr(again) == repr(decoders[name])
        assert again.settings == decoders[name].settings
        assert again.settings["classifier"] == "scenes"

    def test_pickled_codec_sends_the_same(
        self, name: str, payloads: Mapping[str, list[bytes]], frames: NDArray[np.uint8]
    ) -> None:
        fresh = create(name, {}, "scenes")
        copy = pickle.loads(pickle.dumps(fresh))
        assert repr(copy) == repr(fresh)
        assert copy.encode(frames[:2]) == fresh.encode(frames[:2])

    def test_both_halves_cost_the_whole_network_and_little_more(
        self, name: str, decoders: Mapping[str, Codec]
    ) -> None:
        device, edge = decoders[name].device_cost(), decoders[name].edge_cost()
        most = 1.08 if name == "anytime" else 1.02
        assert network_flops() <= device.flops + edge.flops < most * network_flops()
        assert 0 <= device.serial_s < 0.05
        assert 0 <= edge.serial_s < 0.05

    def test_unknown_classifier(
        self, name: str, frames: NDArray[np.uint8], payloads: Mapping[str, list[bytes]]
    ) -> None:
        codec = create(name, {}, "flowers")
        with pytest.raises(SettingsError) as caught:
            codec.decode(codec.encode(frames[:1]))
        assert str(caught.value) == "no classifier 'flowers' in the backbone, it has: imagenette, scenes"


@pytest.mark.parametrize("name", WITH_CHECKSUM)
def test_altered_messages_are_refused(
    name: str, payloads: Mapping[str, list[bytes]], decoders: Mapping[str, Codec]
) -> None:
    rng, whole = np.random.default_rng(0), payloads[name][0]
    for place in {*range(8), len(whole) - 1, *rng.integers(0, len(whole), 40).tolist()}:
        altered = bytearray(whole)
        altered[place] ^= 1 << int(rng.integers(0, 8))
        with pytest.raises(BitstreamError):
            decoders[name].decode([bytes(altered)])


@pytest.mark.parametrize("name", ["raw", "png", "jpeg", "webp"])
def test_pixel_codecs_code_each_image_by_itself(
    name: str, payloads: Mapping[str, list[bytes]], frames: NDArray[np.uint8]
) -> None:
    codec = create(name, {}, "scenes")
    assert [codec.encode(frames[index : index + 1])[0] for index in range(3)] == payloads[name]
    assert codec.encode(frames[::-1]) == payloads[name][::-1]


@pytest.mark.parametrize("name", ["raw", "png"])
def test_lossless_codecs_answer_as_the_network_does(
    name: str, payloads: Mapping[str, list[bytes]], decoders: Mapping[str, Codec], frames: NDArray[np.uint8]
) -> None:
    np.testing.assert_array_equal(decoders[name].decode(payloads[name]), classify(frames, "scenes"))


def test_costs_add_up() -> None:
    assert Cost(1.0, 2.0) + Cost(10.0, 20.0) == Cost(11.0, 22.0)
