"""What codecs say of themselves beside their messages: information, fixed width, networks on the device."""

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file

from coinfer.codecs.aecnn import Aecnn
from coinfer.codecs.bitstream import HEADER_BYTES
from coinfer.codecs.jpeg import Jpeg
from coinfer.codecs.local import Local
from coinfer.models.checkpoints import shipped_path


def stored(name: str, *prefixes: str) -> list[NDArray[np.generic]]:
    """Tensors of a shipped checkpoint, as they lie in the file."""
    tensors = load_file(shipped_path(name))
    return [value for key, value in tensors.items() if key.startswith(prefixes)]


def test_a_codec_without_tables_and_networks_says_so() -> None:
    codec = Jpeg()
    assert codec.ideal_bits(b"") is None
    assert codec.fixed_width_bytes() is None
    assert codec.device_parameters() == (0, 0)


def test_a_message_is_hardly_longer_than_its_information(frames: NDArray[np.uint8]) -> None:
    codec = Aecnn()
    for payload in codec.encode(frames):
        overhead_bytes = len(payload) - HEADER_BYTES - codec.ideal_bits(payload) / 8
        assert -0.5 < overhead_bytes < 8


def test_fixed_width_is_256_times_less_than_the_features() -> None:
    assert Aecnn().fixed_width_bytes() == 4 * 512 * 28 * 28 // 256


def test_the_device_stores_what_the_checkpoints_hold_for_it() -> None:
    own = stored("aecnn-layer2", "encoder.")
    frozen = stored("resnet50-imagenette", "stem.", "layer1.")
    parameters, length = Aecnn().device_parameters()
    assert length == sum(tensor.nbytes for tensor in [*own, *frozen])
    assert 0 < parameters < length / 2


@pytest.mark.parametrize("classifier", ["imagenette", "scenes"])
def test_a_device_that_answers_stores_the_network_with_one_classifier(classifier: str) -> None:
    network = stored("resnet50-imagenette", "stem.", "layer", "classifiers.")
    parameters, length = Local(classifier).device_parameters()
    assert length == sum(tensor.nbytes for tensor in network)
    assert parameters == 23_508_032 + 2_048 * 10 + 10
