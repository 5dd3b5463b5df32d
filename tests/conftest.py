import gc
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from coinfer.codecs.protocol import Cost
from coinfer.models.backbone import Backbone, shipped
from coinfer.models.checkpoints import write_checkpoint
from coinfer.models.scenes.scene import Scenes
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


@pytest.fixture(scope="module", autouse=True)
def _collected() -> None:
    """Takes what is there, all modules above all, out of the garbage collector's way.

    Every unit of a run collects garbage, and would look through half a million objects of torch and pytest.
    """
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Undoes it: extension modules look at exit for what was never freed."""
    gc.unfreeze()


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
def unit_files() -> Callable[..., list[list[Path]]]:
    """Runs sweep points into files in a folder; gives the files of the units of each point.

    Takes the points, the folder, which is made, and a number of replications in place of the scenario's.
    """

    def run(points: list[Experiment], folder: Path, replications: int | None = None) -> list[list[Path]]:
        plan, files = Plan.of(points), list[list[Path]]()
        folder.mkdir(parents=True, exist_ok=True)
        for place, point in enumerate(points):
            units = plan.units(place, 0, replications or point.scenario.replications)
            files.append([folder / f"{'-'.join(map(str, unit))}.arrow" for unit in units])
            for unit, file in zip(units, files[-1], strict=True):
                file.write_bytes(run_unit(plan, unit))
        return files

    return run


@pytest.fixture(scope="session")
def write_run(unit_files: Callable[..., list[list[Path]]]) -> Callable[..., Path]:
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
        units = unit_files(points, folder)
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
