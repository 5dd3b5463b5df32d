import pytest
import torch
from torch import nn

from coinfer.models.backbone import SPLITS, Backbone
from coinfer.models.flops import count_flops


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return Backbone({"toy": ("a", "b")})


def head_flops(backbone: Backbone, split: str) -> float:
    return count_flops(backbone.head(split), (1, 3, 224, 224))


@pytest.mark.parametrize(
    ("layer", "shape", "flops"),
    [
        (nn.Conv2d(3, 8, 3, padding=1), (1, 3, 10, 10), 2 * 3 * 9 * 8 * 100),
        (nn.Conv2d(8, 8, 3, stride=2, padding=1, groups=4), (1, 8, 10, 10), 2 * 2 * 9 * 8 * 25),
        (nn.Linear(20, 7), (1, 20), 2 * 20 * 7),
        (nn.BatchNorm2d(4), (1, 4, 5, 5), 2 * 100),
        (nn.ReLU(), (1, 4, 5, 5), 100),
        (nn.Sigmoid(), (1, 4, 5, 5), 400),
        (nn.MaxPool2d(3, 2, 1), (1, 4, 8, 8), 9 * 4 * 16),
        (nn.AdaptiveAvgPool2d(1), (1, 4, 8, 8), 4 * 64),
        (nn.Flatten(), (1, 4, 8, 8), 0),
    ],
)
def test_one_layer(layer: nn.Module, shape: tuple[int, ...], flops: float) -> None:
    assert count_flops(layer, shape) == flops


def test_layers_used_twice_count_twice() -> None:
    relu = nn.ReLU()
    network = nn.Sequential(nn.Conv2d(1, 2, 1, bias=False), relu, nn.Conv2d(2, 2, 1, bias=False), relu)
    assert count_flops(network, (1, 1, 6, 6)) == 2 * 2 * 36 + 72 + 2 * 4 * 36 + 72


def test_the_network_is_left_as_it_was() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2)).train()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    count_flops(network, (1, 1, 6, 6))
    assert network.training
    assert not network[1]._forward_hooks
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert network[0].weight.device.type == "cpu"


def test_resnet_50(backbone: Backbone) -> None:
    """He et al. (2016), table 1: 3.8e9 multiply-adds; 4.09e9 with the stride in the 3 x 3 convolution."""
    total = head_flops(backbone, "layer4") + count_flops(backbone.tail("layer4"), (1, 2048, 7, 7))
    assert total / 2 == pytest.approx(4.09e9, rel=0.01)


def test_share_of_each_split(backbone: Backbone) -> None:
    whole = head_flops(backbone, "layer4") + count_flops(backbone.tail("layer4"), (1, 2048, 7, 7))
    shares = {split: 100 * head_flops(backbone, split) / whole for split in SPLITS}
    assert shares["layer1"] == pytest.approx(19.2, abs=0.5)
    assert shares["layer2"] == pytest.approx(44.4, abs=0.5)
    assert shares["layer3"] == pytest.approx(80.2, abs=0.5)
    assert shares["layer4"] == pytest.approx(99.9, abs=0.1)
