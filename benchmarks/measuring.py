"""How much does measuring cost beyond the network itself? Compare `measure` with the bare network.

Both see the same images in batches of the same size, with the same threads. Run it with

    python benchmarks/measuring.py [IMAGES]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import torch

from coinfer.codecs import registry
from coinfer.codecs.network import backbone_for
from coinfer.models.scenes.scene import Scenes
from coinfer.simulator.measurements import Candidate, measure

BATCH, ROUNDS = 32, 5

CODECS = {
    "raw": {},
    "jpeg": {"quality": 75},
    "split-int8": {"split": "layer2"},
    "aecnn": {"split": "layer2"},
    "local": {},
}


class Loaded:
    """An image set in memory, so that loading costs neither side anything."""

    def __init__(self, count: int) -> None:
        scenes = Scenes(count)
        self.labels, self.fingerprint = scenes.labels, scenes.fingerprint
        self.pixels = scenes.load(range(count))

    def __len__(self) -> int:
        return len(self.labels)

    def load(self, indices: list[int]) -> np.ndarray:
        """Pixels of some images."""
        return self.pixels[indices]


@torch.inference_mode()
def bare(images: Loaded) -> None:
    """Classify all images with the uncompressed network."""
    backbone = backbone_for("scenes")
    for start in range(0, len(images), BATCH):
        backbone(torch.from_numpy(images.pixels[start : start + BATCH]), "scenes")


def measured(images: Loaded, name: str) -> None:
    """Measure one codec on all images, with an empty cache."""
    candidate = Candidate(name, name, lambda: registry.create(name, CODECS[name], "scenes"))
    with tempfile.TemporaryDirectory() as folder:
        measure([candidate], images, Path(folder), lambda label, done, of: None, BATCH)


def wall_s(program: object, *arguments: object) -> float:
    """Measure one run in seconds."""
    start_s = time.perf_counter()
    program(*arguments)
    return time.perf_counter() - start_s


def main(count: int) -> None:
    """Write images a second of the bare network, and each codec's share of them; medians of rounds."""
    images = Loaded(count)
    bare(images)
    for name in CODECS:
        measured(images, name)
    rounds = [
        (wall_s(bare, images), *(wall_s(measured, images, name) for name in CODECS)) for _ in range(ROUNDS)
    ]
    bare_s = median(times[0] for times in rounds)
    sys.stdout.write(
        f"bare network: {count / bare_s:.1f} images a second, {torch.get_num_threads()} threads\n"
    )
    for place, name in enumerate(CODECS, start=1):
        share = median(times[0] / times[place] for times in rounds)
        sys.stdout.write(f"{name:12} {100 * share:5.1f} % of that\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 128)
