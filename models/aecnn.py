"""AECNN: channel attention, static channel pruning, 8-bit quantisation, and a light decoder.

A reconstruction from the abstract of Li, Iosifidis and Zhang, "Attention-based Feature Compression for CNN
Inference Offloading in Edge Computing", ICC 2023 (arXiv 2211.13745); the full text was not at hand.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from coinfer.models.backbone import CHANNELS, STRIDES, Backbone
from coinfer.models.parts import frozen_head, own_following, own_last_part

LEVELS = 256
"""8 bits a value."""

FLOAT_BITS, VALUE_BITS = 32, 8


def kept_channels(split: str, ratio: int = 256) -> int:
    """Channels to keep so that float32 features over 8-bit values give `ratio` before entropy coding.

    References:
        Shao and Zhang (2020), BottleNet++: CR = (C H W 32) / (C' H' W' 8).
    """
    return CHANNELS[split] * FLOAT_BITS // VALUE_BITS // ratio


def grid_side(split: str, size_px: int) -> int:
    """Values along a side, for square images of `size_px`."""
    return size_px // STRIDES[split]


class ChannelAttention(nn.Module):
    """Squeeze and excitation: one weight in 0..1 for each channel of a feature map.

    References:
        Hu, Shen and Sun (2018), Squeeze-and-Excitation Networks, eq. 2-3, reduction 16.
    """

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, channels // reduction)
        self.excite = nn.Linear(channels // reduction, channels)
        nn.init.zeros_(self.excite.weight)
        nn.init.constant_(self.excite.bias, 3.0)

    def forward(self, features: Tensor) -> Tensor:
        """`[batch, channels, height, width]` features to `[batch, channels]` weights."""
        pooled = features.mean(dim=(2, 3))
        return torch.sigmoid(self.excite(torch.relu(self.squeeze(pooled))))


class Quantiser(nn.Module):
    """Uniform quantiser to 0..255 with one learned step a channel; straight-through gradient.

    References:
        Esser et al. (2020), Learned Step Size Quantization, eq. 1-3.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.log_step = nn.Parameter(torch.full((channels, 1, 1), -3.0))

    def forward(self, values: Tensor) -> Tensor:
        """`[batch, channels, height, width]` values to whole-numbered symbols of the same shape, float32."""
        scaled = (values.float() / self.log_step.exp()).clamp(0, LEVELS - 1)
        return scaled + (scaled.round() - scaled).detach()

    def inverse(self, symbols: Tensor) -> Tensor:
        """Symbols back to values."""
        return symbols.float() * self.log_step.exp()


class Encoder(nn.Module):
    """The device's half: head, attention, the kept channels, symbols."""

    last: nn.Module
    attention: ChannelAttention
    quantiser: Quantiser
    kept: Tensor

    def __init__(self, backbone: Backbone, split: str, kept: int) -> None:
        super().__init__()
        self.frozen = frozen_head(backbone, split)
        self.last = own_last_part(backbone, split)
        self.attention = ChannelAttention(CHANNELS[split])
        self.quantiser = Quantiser(kept)
        self.register_buffer("kept", torch.arange(kept))

    def features(self, shared: Tensor) -> Tensor:
        """What the frozen head gives to the attended feature map, all channels."""
        features: Tensor = self.last(shared)
        weights: Tensor = self.attention(features)
        return features * weights[:, :, None, None]

    def forward(self, pixels: Tensor) -> Tensor:
        """`[batch, 3, height, width]` pixels to `[batch, kept, height / stride, width / stride]` symbols."""
        symbols: Tensor = self.quantiser(self.features(self.frozen(pixels))[:, self.kept])
        return symbols


class Decoder(nn.Module):
    """The edge's half: values of the kept channels back to features, and the first stage of the tail.

    That stage is a copy, fine-tuned to what the decoder restores; the rest of the tail serves all codecs.
    """

    def __init__(self, backbone: Backbone, split: str, kept: int) -> None:
        super().__init__()
        self.quantiser = Quantiser(kept)
        self.restore = nn.Sequential(
            nn.Conv2d(kept, CHANNELS[split], 3, padding=1, bias=False),
            nn.BatchNorm2d(CHANNELS[split]),
            nn.ReLU(),
        )
        self.following = own_following(backbone, split)

    def forward(self, symbols: Tensor) -> Tensor:
        """`[batch, kept, height, width]` symbols to the features after `stage_behind(split)`."""
        features: Tensor = self.following(self.restored(symbols))
        return features

    def restored(self, symbols: Tensor) -> Tensor:
        """`[batch, kept, height, width]` symbols to `[batch, channels, height, width]` at the split."""
        features: Tensor = self.restore(self.quantiser.inverse(symbols))
        return features
