"""Floating-point operations of a network, counted, not timed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode


def count_flops(network: nn.Module, shape: tuple[int, ...]) -> float:
    """Counts the operations of one forward pass for one image.

    Convolutions and matrix products count 2 for a multiply-accumulate (torch's FlopCounterMode). Element-wise
    layers, which it counts as 0, are added: batch norm 2, ReLU 1, sigmoid 4 an element, pooling 1 for each
    element it reads.

    Args:
        network: any module; it is copied to the meta device and not run on data.
        shape: of the input, the batch (1) included.
    """
    abstract = copy.deepcopy(network).to("meta").eval()
    extra = 0.0

    def add(
        count: Callable[[Any, Tensor, Tensor], float],
    ) -> Callable[[Any, tuple[Tensor, ...], Tensor], None]:
        def hook(module: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            nonlocal extra
            extra += count(module, inputs[0], output)

        return hook

    for module in abstract.modules():
        for kind, count in _ELEMENTWISE.items():
            if isinstance(module, kind):
                module.register_forward_hook(add(count))
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        abstract(torch.empty(shape, device="meta"))
    return float(counter.get_total_flops()) + extra


_ELEMENTWISE: dict[type[nn.Module], Callable[[Any, Tensor, Tensor], float]] = {
    nn.BatchNorm2d: lambda module, source, result: 2.0 * result.numel(),
    nn.ReLU: lambda module, source, result: 1.0 * result.numel(),
    nn.Sigmoid: lambda module, source, result: 4.0 * result.numel(),
    nn.MaxPool2d: lambda module, source, result: 1.0 * module.kernel_size**2 * result.numel(),
    nn.AdaptiveAvgPool2d: lambda module, source, result: 1.0 * source.numel(),
}
