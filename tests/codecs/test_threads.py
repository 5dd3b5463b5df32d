"""Neither the number of threads nor the other images of a batch change what codecs send or answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Barrier

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.utils.flop_counter import FlopCounterMode

from coinfer.codecs import registry
from coinfer.codecs.threads import one_by_one, one_thread


@contextmanager
def threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("raw", {}),
        ("local", {}),
        ("jpeg", {"quality": 75}),
        ("split-float32", {"split": "layer1"}),
        ("split-int8", {"split": "layer3"}),
        ("aecnn", {"split": "layer1"}),
        ("aecnn", {"split": "layer2"}),
        ("bottlenet++", {"split": "layer2"}),
        ("bottlenet++", {"split": "layer4", "coded": True}),
        ("anytime", {"split": "layer2"}),
        ("anytime", {"split": "layer3", "max_bytes": 200}),
    ],
)
def test_one_thread_and_two_alone_and_in_a_batch(
    name: str, settings: dict[str, object], frames: NDArray[np.uint8]
) -> None:
    codec = registry.create(name, settings, "scenes")
    with threads(2):
        sent = codec.encode(frames[:3])
        scores = codec.decode(sent)
    with threads(1):
        alone = [codec.encode(frames[place : place + 1])[0] for place in range(3)]
        answers = np.concatenate([codec.decode([payload]) for payload in alone])
    assert sent == alone
    assert (scores == answers).all()


def test_as_many_images_at_a_time_as_threads() -> None:
    seen, together = [], Barrier(3, timeout=60)

    def network(image: torch.Tensor) -> torch.Tensor:
        together.wait()
        seen.append((torch.get_num_threads(), torch.is_inference_mode_enabled()))
        return image + 1

    with threads(3):
        result = one_by_one(network, torch.arange(9.0)[:, None])
        assert torch.get_num_threads() == 3
    assert result.tolist() == [[value + 1.0] for value in range(9)]
    assert seen == [(1, True)] * 9


def test_one_image_runs_where_it_was_asked_for() -> None:
    def network(image: torch.Tensor) -> torch.Tensor:
        return image @ torch.ones(5, 7)

    with threads(2), FlopCounterMode(display=False) as counter:
        one_by_one(network, torch.ones(1, 5))
    assert counter.get_total_flops() == 2 * 5 * 7


def test_what_fails_on_one_image_fails_and_threads_are_as_before() -> None:
    def network(image: torch.Tensor) -> torch.Tensor:
        raise ValueError("no")

    with threads(2):
        with pytest.raises(ValueError, match="no"):
            one_by_one(network, torch.zeros(4, 1))
        assert torch.get_num_threads() == 2


def test_one_thread_for_a_while() -> None:
    with threads(2):
        with one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
