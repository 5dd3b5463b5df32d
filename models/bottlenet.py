"""BottleNet++: a convolution with sigmoid and 8 bits, a channel that may disturb, and a convolution back.

A reconstruction from Shao and Zhang (2020), BottleNet++: An End-to-End Approach for Feature Compression in
Device-Edge Co-Inference Systems (arXiv 1910.14315). Like coinfer's AECNN it tunes the parts of the network
around the split (`coinfer.models.parts`), so that the two differ by the codec alone.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from coinfer.models.backbone import CHANNELS, STRIDES, Backbone
from coinfer.models.parts import frozen_head, own_following, own_last_part

LEVELS = 256
"""8 bits a value."""

FLOAT_BITS, VALUE_BITS = 32, 8

Disturbance = Literal["none", "awgn", "erasure"]


def stride_of(split: str) -> int:
    """The encoder halves the feature map's sides at the early splits."""
    return 2 if split in ("layer1", "layer2") else 1


def sent_channels(split: str, ratio: int) -> int:
    """Channels sent, so that float32 features over 8-bit values give `ratio` before entropy coding.

    References:
        Shao and Zhang (2020): CR = (C H W 32) / (C' H' W' 8).
    """
    return CHANNELS[split] * FLOAT_BITS // VALUE_BITS * stride_of(split) ** 2 // ratio


def grid_side(split: str, size_px: int) -> int:
    """Values along a side, for square images of `size_px`."""
    return size_px // (STRIDES[split] * stride_of(split))


class Encoder(nn.Module):
    """The device's half: head, convolution, batch norm, sigmoid, 8 bits."""

    def __init__(self, backbone: Backbone, split: str, sent: int) -> None:
        super().__init__()
        self.frozen = frozen_head(backbone, split)
        self.last = own_last_part(backbone, split)
        stride = stride_of(split)
        self.compress = nn.Sequential(
            nn.Conv2d(CHANNELS[split], sent, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(sent),
            nn.Sigmoid(),
        )

    def values(self, shared: Tensor) -> Tensor:
        """What the frozen head gives to `[batch, sent, side, side]` values in 0..255, not yet rounded."""
        values: Tensor = self.compress(self.last(shared)).float()
        return values * (LEVELS - 1)

    def forward(self, pixels: Tensor) -> Tensor:
        """`[batch, 3, height, width]` pixels to `[batch, sent, side, side]` whole numbers in 0..255."""
        return self.values(self.frozen(pixels)).round()


class Decoder(nn.Module):
    """The edge's half: (transposed) convolution, batch norm, ReLU, and the tail's first stage."""

    def __init__(self, backbone: Backbone, split: str, sent: int) -> None:
        super().__init__()
        channels, stride = CHANNELS[split], stride_of(split)
        back = (
            nn.ConvTranspose2d(sent, channels, 4, stride, padding=1, bias=False)
            if stride > 1
            else nn.Conv2d(sent, channels, 3, padding=1, bias=False)
        )
        self.restore = nn.Sequential(back, nn.BatchNorm2d(channels), nn.ReLU())
        self.following = own_following(backbone, split)

    def restored(self, symbols: Tensor) -> Tensor:
        """`[batch, sent, side, side]` symbols to `[batch, channels, height, width]` at the split."""
        features: Tensor = self.restore(symbols.float() / (LEVELS - 1))
        return features

    def forward(self, symbols: Tensor) -> Tensor:
        """`[batch, sent, side, side]` symbols to the features after `stage_behind(split)`."""
        features: Tensor = self.following(self.restored(symbols))
        return features


def disturb(symbols: Tensor, kind: Disturbance, strength: float) -> Tensor:
    """What a channel makes of symbols in 0..255; not trained.

    Args:
        symbols: `[batch, sent, side, side]`.
        kind: `awgn` adds noise of standard deviation `strength`, as a share of the range, to each value;
            `erasure` loses each value with probability `strength`: the edge sees the middle of the range.
        strength: 0 or more.
    """
    match kind:
        case "awgn":
            noise = strength * (LEVELS - 1) * torch.randn_like(symbols)
            return (symbols + noise).clamp(0, LEVELS - 1)
        case "erasure":
            lost = torch.rand_like(symbols) < strength
            return torch.where(lost, torch.full_like(symbols, ERASED), symbols)
    return symbols


ERASED = LEVELS // 2
"""What the edge puts in the place of a value that did not arrive."""
