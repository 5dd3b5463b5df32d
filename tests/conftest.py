import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from coinfer.codecs.protocol import Cost
from coinfer.models.backbone import Backbone, shipped
from coinfer.models.checkpoints import write_checkpoint
from coinfer.models.images import FolderImages
from coinfer.models.scenes.scene import Scenes
from coinfer.models.training import evaluate
from coinfer.simulator.experiment import Experiment
from coinfer.simulator.loading import expand, resolved
from coinfer.simulator.measurements import Measurement
from coinfer.simulator.outputs import write_tables
from coinfer.simulator.plan import Plan, run_unit
from coinfer.simulator.results import results
from coinfer.simulator.scenario import Scenario
from coinfer.simulator.task_table import write_tasks

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


@pytest.fixture(scope="session")
def write_run() -> Callable[..., Path]:
    """Writes the folder of a small run; takes the folder, measured codecs by label, and keys of the scenario.

    Measured is one of `zebra` (900 bytes) and `apple` (100 bytes, wrong more often); there are no figures.
    """
    sizes, right = {"zebra": 900, "apple": 100}, {"zebra": [True, True, True], "apple": [True, True, False]}
    measured = {
        name: Measurement(np.full(3, sizes[name]), np.array(right[name]), Cost(1e8), Cost(1e8), False)
        for name in sizes
    }

    def write(folder: Path, codecs: dict[str, str] | None = None, **keys: object) -> Path:
        described = Scenario.model_validate(_SMALL | keys)
        labels = codecs or {name: name for name in measured}
        points = [
            Experiment(
                point.coordinates, point.scenario, 3, "three", {a: measured[b] for a, b in labels.items()}
            )
            for point in expand(described)
        ]
        plan, units = Plan.of(points), list[list[Path]]()
        folder.mkdir(parents=True)
        for place, point in enumerate(points):
            of_point = plan.units(place, 0, point.scenario.replications)
            units.append([folder / f"{'-'.join(map(str, unit))}.arrow" for unit in of_point])
            for unit, path in zip(of_point, units[-1], strict=True):
                path.write_bytes(run_unit(plan, unit))
        found = results(points, units)
        if described.records == "all":
            write_tasks(folder / "tasks.parquet", [unit for of_point in units for unit in of_point])
        facts = {"arguments": ["small.yaml"], "scenario": resolved(described), "images": ["three"]}
        write_tables(folder, found.summary, found.differences, facts)
        for path in (path for of_point in units for path in of_point):
            path.unlink()
        return folder

    return write


_SMALL = {
    "name": "small",
    "tasks": 40,
    "replications": 2,
    "warmup": "none",
    "devices": [{"profile": "jetson-nano", "arrivals": {"rate_hz": 3.0}}],
    "link": {"bandwidth_hz": 1e5, "mean_snr_db": 5},
    "edge": {"profile": "rtx-3090"},
    "codecs": ["raw"],
    "deadlines_s": [0.05, 0.1, 0.2],
    "sweep": {"link.mean_snr_db": [-5, 10]},
}
