import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from coinfer.models.scenes.scene import CLASSES, VERSION, Scenes, draw_scene, label_of

TRAIN, TEST = 180, 60


@pytest.fixture(scope="module")
def many() -> NDArray[np.uint8]:
    return Scenes(TRAIN + TEST, seed=7).load(range(TRAIN + TEST))


def ridge_accuracy(pixels: NDArray[np.uint8], labels: NDArray[np.int64], penalty: float) -> float:
    """Top-1 of ridge regression onto one-hot labels, solved in its dual form."""
    small = pixels.reshape(len(pixels), 3, 32, 7, 32, 7).mean(axis=(3, 5)).reshape(len(pixels), -1)
    rows = (small - small[:TRAIN].mean(axis=0)) / small[:TRAIN].std(axis=0)
    gram = rows[:TRAIN] @ rows[:TRAIN].T + penalty * rows.shape[1] * np.eye(TRAIN)
    weights = rows[:TRAIN].T @ np.linalg.solve(gram, np.eye(len(CLASSES))[labels[:TRAIN]])
    return float(((rows[TRAIN:] @ weights).argmax(axis=1) == labels[TRAIN:]).mean())


def jpeg_bytes(frame: NDArray[np.uint8], quality: int) -> int:
    buffer = io.BytesIO()
    Image.fromarray(frame.transpose(1, 2, 0)).save(buffer, "JPEG", quality=quality)
    return buffer.tell()


def test_ten_classes() -> None:
    assert len(set(CLASSES)) == 10
    assert Scenes(1).class_names == CLASSES


def test_a_frame_depends_on_seed_and_index_alone(many: NDArray[np.uint8]) -> None:
    chosen = [11, 3, 230]
    np.testing.assert_array_equal(Scenes(1000, seed=7).load(chosen), many[chosen])
    np.testing.assert_array_equal(draw_scene(7, 11), many[11])
    assert Scenes(300, seed=7).labels[:20].tolist() == Scenes(20, seed=7).labels.tolist()


def test_frames_differ_by_seed_and_by_index(many: NDArray[np.uint8]) -> None:
    assert len({frame.tobytes() for frame in many}) == len(many)
    assert not np.array_equal(draw_scene(8, 11), many[11])


def test_frames_are_pixels(many: NDArray[np.uint8]) -> None:
    assert many.shape == (TRAIN + TEST, 3, 224, 224)
    assert many.dtype == np.uint8
    assert many.reshape(len(many), -1).std(axis=1).min() > 10


@pytest.mark.parametrize("seed", [0, 7, 1_000_000])
def test_labels_are_balanced_and_shuffled(seed: int) -> None:
    labels = Scenes(1000, seed).labels
    assert np.bincount(labels).tolist() == [100] * 10
    for block in labels.reshape(100, 10):
        assert sorted(block.tolist()) == list(range(10))
    assert len({tuple(block.tolist()) for block in labels.reshape(100, 10)}) > 90
    assert label_of(seed, 123) == labels[123]


def test_labels_of_a_part_of_a_block() -> None:
    assert Scenes(13, seed=4).labels.tolist() == Scenes(100, seed=4).labels.tolist()[:13]


def test_fingerprint_names_version_seed_and_count() -> None:
    assert Scenes(20, seed=3).fingerprint == f"scenes-{VERSION}-3-20"
    prints = {Scenes(count, seed).fingerprint for count in (10, 20) for seed in (0, 1)}
    assert len(prints) == 4


def test_jpeg_takes_as_many_bytes_as_for_a_photo(many: NDArray[np.uint8]) -> None:
    sizes = [jpeg_bytes(frame, quality=75) for frame in many[:40]]
    assert min(sizes) >= 8_000
    assert max(sizes) <= 25_000


@pytest.mark.parametrize("penalty", [0.03, 0.3, 3.0])
def test_a_linear_classifier_on_small_pixels_does_not_do(many: NDArray[np.uint8], penalty: float) -> None:
    assert ridge_accuracy(many, Scenes(TRAIN + TEST, seed=7).labels, penalty) < 0.4
