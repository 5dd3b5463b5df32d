"""Every installed codec passes the battery of `coinfer.codecs.testing`, and keeps some promises beyond it.

What is special to one codec is in its own file.
"""

from collections.abc import Mapping
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from coinfer.codecs.network import classify, network_flops
from coinfer.codecs.protocol import BitstreamError, Cost, SettingsError
from coinfer.codecs.registry import create, names
from coinfer.codecs.testing import CHECKS, Check, Subject, outcome

NAMES = names()
"""All that come with their weights."""

WITH_CHECKSUM = tuple(name for name in NAMES if name not in {"jpeg", "raw", "webp"})


@pytest.fixture(scope="module")
def subjects(frames: NDArray[np.uint8]) -> Mapping[str, Subject]:
    """What the battery runs on, for each codec."""
    return {name: Subject(partial(create, name, {}, "scenes"), frames[:2]) for name in NAMES}


@pytest.mark.parametrize("check", CHECKS, ids=[check.name for check in CHECKS])
@pytest.mark.parametrize("name", NAMES)
def test_the_battery(name: str, check: Check, subjects: Mapping[str, Subject]) -> None:
    found = outcome(check, subjects[name])
    assert found.verdict != "FAIL", found.reason


@pytest.mark.parametrize("name", NAMES)
class TestPromisesBeyondTheContract:
    def test_truncated_messages_are_refused(self, name: str, subjects: Mapping[str, Subject]) -> None:
        whole = subjects[name].payloads[0]
        ends = {*range(12), *range(len(whole) - 12, len(whole)), *range(0, len(whole), 1 + len(whole) // 40)}
        for length in sorted(ends & set(range(len(whole)))):
            with pytest.raises(BitstreamError):
                subjects[name].decoder.decode([whole[:length]])

    def test_nonsense_is_refused(self, name: str, subjects: Mapping[str, Subject]) -> None:
        rng = np.random.default_rng(0)
        for length in (0, 1, 6, 7, 8, 100, 6278, 150_000):
            for nonsense in (rng.bytes(length), bytes(length), b"\xff" * length):
                with pytest.raises(BitstreamError) as caught:
                    subjects[name].decoder.decode([nonsense])
                assert "\n" not in str(caught.value)

    def test_other_codecs_messages_are_refused(self, name: str, subjects: Mapping[str, Subject]) -> None:
        for other in set(NAMES) - {name}:
            with pytest.raises(BitstreamError):
                subjects[name].decoder.decode(subjects[other].payloads[:1])

    def test_both_halves_cost_the_whole_network_and_little_more(
        self, name: str, subjects: Mapping[str, Subject]
    ) -> None:
        device, edge = subjects[name].decoder.device_cost(), subjects[name].decoder.edge_cost()
        most = 1.08 if name == "anytime" else 1.02
        assert network_flops() <= device.flops + edge.flops < most * network_flops()
        assert 0 <= device.serial_s < 0.05
        assert 0 <= edge.serial_s < 0.05

    def test_unknown_classifier(
        self, name: str, frames: NDArray[np.uint8], subjects: Mapping[str, Subject]
    ) -> None:
        codec = create(name, {}, "flowers")
        with pytest.raises(SettingsError) as caught:
            codec.decode(codec.encode(frames[:1]))
        assert str(caught.value) == "no classifier 'flowers' in the backbone, it has: imagenette, scenes"


@pytest.mark.parametrize("name", WITH_CHECKSUM)
def test_altered_messages_are_refused(name: str, subjects: Mapping[str, Subject]) -> None:
    rng, whole = np.random.default_rng(0), subjects[name].payloads[0]
    for place in {*range(8), len(whole) - 1, *rng.integers(0, len(whole), 40).tolist()}:
        altered = bytearray(whole)
        altered[place] ^= 1 << int(rng.integers(0, 8))
        with pytest.raises(BitstreamError):
            subjects[name].decoder.decode([bytes(altered)])


@pytest.mark.parametrize("name", ["raw", "png"])
def test_lossless_codecs_answer_as_the_network_does(name: str, subjects: Mapping[str, Subject]) -> None:
    np.testing.assert_array_equal(subjects[name].scores, classify(subjects[name].images, "scenes"))


def test_costs_add_up() -> None:
    assert Cost(1.0, 2.0) + Cost(10.0, 20.0) == Cost(11.0, 22.0)
