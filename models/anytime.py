"""The anytime codec's network: many channels at coarse levels, in order of importance; any beginning serves.

The device makes a grid of small whole numbers of the feature map, the most important channel first. The
stream of these may end anywhere: the edge fills what did not arrive with a learned value for each channel. In
training every image's stream is cut at a random place (nested dropout), so channels sort themselves by what
they are worth, and one network serves a whole range of rates.

References:
    Rippel, Gelbart and Adams (2014), Learning Ordered Representations with Nested Dropout.
    Balle et al. (2018), Variational Image Compression with a Scale Hyperprior: the rate term.
    Our own: a static table of counts for each channel, learned with the network, and cuts at any symbol.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from coinfer.models.backbone import CHANNELS, STRIDES, Backbone
from coinfer.models.contexts import stream_of
from coinfer.models.parts import frozen_head, own_following, own_last_part

LARGEST = 7
"""Symbols are -7..7: far more than the coarse steps that training settles on."""

GRID_STRIDE = 16
"""The symbols lie on a grid 16 times coarser than the image, or on the split's own where that is coarser."""

WIDTH = {"layer1": 64, "layer2": 128, "layer3": 128, "layer4": 128}
"""Channels of the encoder's hidden layer: keeps it below a tenth of the head's work."""

SYMBOL_CHANNELS = 48

FIRST_DEVIATION = 2.0
"""Standard deviation of the symbols where training begins: fine; a price on bytes coarsens it."""


def grid_side(split: str, size_px: int) -> int:
    """Symbols along a side of the grid, for square images of `size_px`."""
    return size_px // max(GRID_STRIDE, STRIDES[split])


class Encoder(nn.Module):
    """The device's half: head, two convolutions, rounding."""

    def __init__(self, backbone: Backbone, split: str) -> None:
        super().__init__()
        self.frozen = frozen_head(backbone, split)
        self.last = own_last_part(backbone, split)
        stride, width = max(1, GRID_STRIDE // STRIDES[split]), WIDTH[split]
        size = stride + 1 if stride > 1 else 1
        normalised = nn.BatchNorm2d(SYMBOL_CHANNELS)
        nn.init.constant_(normalised.weight, FIRST_DEVIATION)
        self.compress = nn.Sequential(
            nn.Conv2d(CHANNELS[split], width, size, stride, padding=stride // 2, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, SYMBOL_CHANNELS, 1, bias=False),
            normalised,
        )

    def values(self, shared: Tensor) -> Tensor:
        """What the frozen head gives to `[batch, channels, side, side]` values in -7..7, not yet rounded."""
        values: Tensor = self.compress(self.last(shared)).float()
        return values.clamp(-LARGEST, LARGEST)

    def forward(self, pixels: Tensor) -> Tensor:
        """`[batch, 3, height, width]` pixels to `[batch, channels, side, side]` whole numbers in -7..7."""
        return self.values(self.frozen(pixels)).round()


class Decoder(nn.Module):
    """The edge's half: symbols, as many as arrived, back to features, and the tail's first stage."""

    def __init__(self, backbone: Backbone, split: str) -> None:
        super().__init__()
        self.missing = nn.Parameter(torch.zeros(SYMBOL_CHANNELS, 1, 1))
        finer, channels, width = max(1, GRID_STRIDE // STRIDES[split]), CHANNELS[split], 256
        self.restore = nn.Sequential(
            nn.Conv2d(SYMBOL_CHANNELS, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, channels * finer**2, 1),
            nn.PixelShuffle(finer),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        )
        self.following = own_following(backbone, split)

    def restored(self, symbols: Tensor, arrived: Tensor) -> Tensor:
        """`[batch, channels, side, side]` symbols and whether each arrived to features at the split."""
        features: Tensor = self.restore(torch.where(arrived, symbols, self.missing))
        return features

    def forward(self, symbols: Tensor, arrived: Tensor) -> Tensor:
        """Symbols and whether each arrived to the features after `stage_behind(split)`."""
        features: Tensor = self.following(self.restored(symbols, arrived))
        return features


class Rate(nn.Module):
    """The code length of symbols under one learned table for each channel: what a range coder would take."""

    def __init__(self) -> None:
        super().__init__()
        steepness = -0.7 * torch.arange(-LARGEST, LARGEST + 1).abs().float()
        self.logits = nn.Parameter(steepness.repeat(SYMBOL_CHANNELS, 1))

    def forward(self, values: Tensor) -> Tensor:
        """`[batch, channels, side, side]` values in -7..7 to bits each, between those of the next symbols."""
        bits = -torch.log_softmax(self.logits.float(), 1) / torch.log(torch.tensor(2.0))
        below = values.detach().floor().clamp(max=LARGEST - 1)
        share = values - below
        channel = torch.arange(values.shape[1], device=values.device)[:, None, None]
        place = below.long() + LARGEST
        return bits[channel, place] * (1 - share) + bits[channel, place + 1] * share


def first_symbols(count: Tensor, channels: int, side: int) -> Tensor:
    """Marks each image's first `count` symbols of the stream: `[batch, channels, side, side]`."""
    rank = torch.from_numpy(np.argsort(stream_of(side).order)).to(count.device)
    place = torch.arange(channels, device=count.device)[:, None] * side**2 + rank
    return (place < count[:, None, None]).view(-1, channels, side, side)
