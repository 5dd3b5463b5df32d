import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from coinfer.models.backbone import Backbone, shipped
from coinfer.models.checkpoints import write_checkpoint
from coinfer.models.images import FolderImages
from coinfer.models.scenes.scene import Scenes
from coinfer.models.training import evaluate

if workers := os.environ.get("PYTEST_XDIST_WORKER_COUNT"):
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // int(workers)))


def _photos_folder() -> Path:
    beside = Path(__file__).resolve().parents[2] / "shared" / "data" / "imagenette2-224"
    return Path(os.environ.get("COINFER_PHOTOS", beside))


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds `imagenette2/val`."""
    folder = _photos_folder()
    if (folder / "imagenette2" / "val").is_dir():
        return folder
    if not (folder / "val.tar").is_file():
        pytest.skip("no Imagenette photos; set COINFER_PHOTOS to a folder with val.tar or imagenette2/")
    unpacked = tmp_path_factory.mktemp("photos")
    with tarfile.open(folder / "val.tar") as archive:
        archive.extractall(unpacked, filter="data")
    return unpacked


@pytest.fixture(scope="session")
def some_photos(photos: Path) -> FolderImages:
    """The first 200 validation photos, twenty of each class."""
    return FolderImages(photos / "imagenette2" / "val", count=200)


@pytest.fixture(scope="session")
def top1_on_photos(some_photos: FolderImages) -> float:
    """Top-1 of the shipped backbone on `some_photos`."""
    backbone = shipped()
    assert some_photos.class_names == backbone.class_names["imagenette"]
    return float(evaluate(lambda pixels: backbone(pixels, "imagenette"), some_photos).mean())


@pytest.fixture(scope="session")
def frames() -> NDArray[np.uint8]:
    """Three frames of `scenes`: `[3, 3, 224, 224]` pixels."""
    return Scenes(3, seed=0).load(range(3))


@pytest.fixture(scope="session")
def own_backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of kind `backbone` for cats and dogs: the shipped one with another stem and classifier."""
    torch.manual_seed(0)
    trunk = {key: value for key, value in shipped().state_dict().items() if "classifiers" not in key}
    tensors = Backbone({"pets": ("cat", "dog")}).state_dict() | trunk
    tensors["stem.2.bias"] = tensors["stem.2.bias"] + 0.2
    path = tmp_path_factory.mktemp("own") / "pets.safetensors"
    write_checkpoint(path, tensors, {"kind": "backbone", "class_names": {"pets": ["cat", "dog"]}})
    return path
