"""The shipped weights on photos; drawn scenes cannot tell whether a network knows photos."""

import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

from coinfer.codecs.aecnn import Aecnn
from coinfer.models.backbone import shipped
from coinfer.models.checkpoints import read_checkpoint, shipped_path
from coinfer.models.images import FolderImages
from coinfer.models.training import evaluate

pytestmark = pytest.mark.photos


def _folder() -> Path:
    beside = Path(__file__).resolve().parents[2] / "shared" / "data" / "imagenette2-224"
    return Path(os.environ.get("COINFER_PHOTOS", beside))


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> FolderImages:
    """The first 100 validation photos, ten of each class."""
    folder = _folder()
    if not (folder / "imagenette2" / "val").is_dir():
        if not (folder / "val.tar").is_file():
            pytest.skip("no Imagenette photos; set COINFER_PHOTOS to a folder with val.tar or imagenette2/")
        unpacked = tmp_path_factory.mktemp("photos")
        with tarfile.open(folder / "val.tar") as archive:
            archive.extractall(unpacked, filter="data")
        folder = unpacked
    return FolderImages(folder / "imagenette2" / "val", count=100)


@pytest.fixture(scope="module")
def top1(photos: FolderImages) -> float:
    """Of the shipped backbone."""
    backbone = shipped()
    assert photos.class_names == backbone.class_names["imagenette"]
    return float(evaluate(lambda pixels: backbone(pixels, "imagenette"), photos).mean())


def test_the_network_knows_photos(top1: float) -> None:
    """As well as it knows all 3,925, within three standard deviations of a hundred."""
    stated = read_checkpoint(shipped_path("resnet50-imagenette")).metadata["top1"]["imagenette"]
    assert top1 == pytest.approx(stated, abs=3 * np.sqrt(stated * (1 - stated) / 100))


def test_aecnn_loses_little_on_them(photos: FolderImages, top1: float) -> None:
    """At most 4 points, and 2 more for the noise of a hundred."""
    codec, right = Aecnn("imagenette"), []
    for start in range(0, len(photos), 50):
        rows = range(start, start + 50)
        scores = codec.decode(codec.encode(photos.load(rows)))
        right.append(scores.argmax(axis=1) == photos.labels[rows.start : rows.stop])
    assert np.mean(right) >= top1 - 0.06
