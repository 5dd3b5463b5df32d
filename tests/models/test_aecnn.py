import math

import pytest
import torch

from coinfer.models.aecnn import (
    LEVELS,
    ChannelAttention,
    Decoder,
    Encoder,
    Quantiser,
    grid_side,
    kept_channels,
)
from coinfer.models.backbone import CHANNELS, STRIDES, Backbone
from coinfer.models.parts import stage_behind


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    torch.manual_seed(0)
    return Backbone({"toy": ("a", "b")}).eval().requires_grad_(False)


@pytest.mark.parametrize(
    ("split", "kept", "payload_bytes"),
    [("layer1", 4, 12_544), ("layer2", 8, 6_272), ("layer3", 16, 3_136), ("layer4", 32, 1_568)],
)
def test_channels_for_256x(split: str, kept: int, payload_bytes: int) -> None:
    """The table of codecs.md; BottleNet++'s CR = (C H W 32) / (C' H' W' 8)."""
    assert kept_channels(split) == kept
    count = kept * grid_side(split, 224) ** 2
    assert count == payload_bytes
    assert CHANNELS[split] * (224 // STRIDES[split]) ** 2 * 32 / (count * 8) == 256


def test_other_ratios() -> None:
    assert [kept_channels("layer2", ratio) for ratio in (4, 64, 128, 512, 4096)] == [512, 32, 16, 4, 0]


class TestQuantiser:
    def test_symbols_are_whole_numbers_in_range(self) -> None:
        values = 40 * torch.randn(4, 3, 50, 50, generator=torch.Generator().manual_seed(0))
        symbols = Quantiser(3)(values)
        assert torch.equal(symbols, symbols.round())
        assert symbols.min() == 0
        assert symbols.max() == LEVELS - 1

    def test_error_is_at_most_half_a_step(self) -> None:
        quantiser = Quantiser(2)
        quantiser.log_step.data = torch.tensor([0.1, 2.0]).log().view(2, 1, 1)
        values = torch.rand(5, 2, 20, 20, generator=torch.Generator().manual_seed(0)) * 25
        error = (quantiser.inverse(quantiser(values)) - values).abs().amax(dim=(0, 2, 3))
        assert error[0] <= 0.05 + 1e-5
        assert 0.9 < error[1] <= 1.0 + 1e-5

    def test_gradient_passes_straight_through_inside_the_range_only(self) -> None:
        quantiser = Quantiser(1)
        step = math.exp(-3.0)
        values = torch.tensor([-1.0, 0.3 * step, 7.6 * step, 300 * step]).view(1, 1, 2, 2).requires_grad_()
        quantiser(values).sum().backward()
        torch.testing.assert_close(values.grad.flatten(), torch.tensor([0.0, 1, 1, 0]) / step)

    def test_gradient_of_the_step_is_that_of_lsq(self) -> None:
        """Esser et al. (2020), eq. 3: d(inverse)/ds = round(v / s) - v / s; times s for log s."""
        quantiser = Quantiser(1)
        step = math.exp(-3.0)
        values = torch.tensor([[[[2.3 * step]]]])
        quantiser.inverse(quantiser(values)).backward()
        assert quantiser.log_step.grad.item() == pytest.approx((2 - 2.3) * step, rel=1e-4)


class TestChannelAttention:
    def test_one_weight_for_each_channel(self) -> None:
        attention = ChannelAttention(64)
        weights = attention(torch.rand(3, 64, 5, 7))
        assert weights.shape == (3, 64)
        torch.testing.assert_close(weights, torch.full((3, 64), torch.sigmoid(torch.tensor(3.0)).item()))
        assert (attention.squeeze.out_features, attention.excite.in_features) == (4, 4)

    def test_weights_depend_on_the_channel_means_alone(self) -> None:
        attention = ChannelAttention(32)
        torch.nn.init.constant_(attention.squeeze.weight, 0.1)
        torch.nn.init.normal_(attention.excite.weight, generator=torch.Generator().manual_seed(0))
        features = torch.rand(1, 32, 6, 6, generator=torch.Generator().manual_seed(1))
        shuffled = features.flatten(2)[..., torch.randperm(36)].view_as(features)
        torch.testing.assert_close(attention(features), attention(shuffled))
        assert not torch.allclose(attention(features), attention(2 * features))
        assert 0 < attention(features).min() <= attention(features).max() < 1


class TestEncoderAndDecoder:
    @pytest.mark.parametrize("split", ["layer1", "layer2", "layer3", "layer4"])
    def test_shapes(self, backbone: Backbone, split: str) -> None:
        kept = kept_channels(split)
        side = grid_side(split, 64)
        with torch.inference_mode():
            symbols = Encoder(backbone, split, kept).eval()(torch.zeros(1, 3, 64, 64, dtype=torch.uint8))
            decoder = Decoder(backbone, split, kept).eval()
            features, handed_over = decoder.restored(symbols), decoder(symbols)
        assert symbols.shape == (1, kept, side, side)
        assert features.shape == (1, CHANNELS[split], side, side)
        assert features.min() >= 0
        behind = stage_behind(split)
        side = 64 // STRIDES[behind]
        assert handed_over.shape == (1, CHANNELS[behind], side, side)

    def test_kept_channels_are_sent_in_their_order(self, backbone: Backbone) -> None:
        encoder = Encoder(backbone, "layer2", 4).eval().requires_grad_(False)
        encoder.kept.copy_(torch.tensor([9, 3, 500, 0]))
        shared = torch.rand(1, 256, 8, 8, generator=torch.Generator().manual_seed(0))
        features = encoder.features(shared)
        weights = encoder.attention(encoder.last(shared))
        torch.testing.assert_close(features, encoder.last(shared) * weights[:, :, None, None])
        encoder.frozen = torch.nn.Identity()
        assert torch.equal(encoder(shared), encoder.quantiser(features[:, [9, 3, 500, 0]]))

    def test_the_backbone_keeps_its_own_stage(self, backbone: Backbone) -> None:
        encoder = Encoder(backbone, "layer2", 8)
        torch.nn.init.zeros_(encoder.last[0].conv1.weight)
        assert backbone.layer2[0].conv1.weight.abs().sum() > 0
        assert encoder.frozen[1] is backbone.layer1
