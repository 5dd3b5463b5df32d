"""What the training commands do: open the data, show progress, train, and report."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress

from coinfer.simulator.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coinfer.models.images import ImageSet

TRAIN_SCENES, TRAIN_SCENES_SEED = 4000, 1_000_000
AECNN_SCENES = 1500
VALIDATION_SCENES, VALIDATION_SCENES_SEED = 1000, 999

console = Console(stderr=True)


def backbone(root: Path, out: Path, work: Path, start: Path | None, seed: int) -> None:
    """Trains the backbone; see `coinfer train backbone --help`."""
    from coinfer.models.images import imagenette
    from coinfer.models.train_backbone import train_backbone

    with _mistakes():
        images = imagenette(root, "train"), imagenette(root, "val")
        _report(train_backbone(*images, "imagenette", start, out, work, seed), out)


def classifier(images: str, name: str, out: Path, seed: int) -> None:
    """Trains a classifier on frozen features; see `coinfer train classifier --help`."""
    from coinfer.models.backbone import shipped_trunk
    from coinfer.models.images import FolderImages
    from coinfer.models.train_backbone import train_classifier

    with _mistakes():
        if images == "scenes":
            train, validation = scenes("train"), scenes("validation")
        else:
            train, validation = FolderImages(Path(images) / "train"), FolderImages(Path(images) / "val")
        _report(train_classifier(shipped_trunk(), train, validation, name, out, seed=seed), out)


def aecnn(
    root: Path,
    out: Path,
    work: Path,
    split: str,
    ratio: int,
    rate_weight: float,
    preset: str,
    seed: int,
    device: str,
) -> None:
    """Trains AECNN; see `coinfer train aecnn --help`."""
    from coinfer.models.aecnn import kept_channels
    from coinfer.models.backbone import SPLITS, shipped
    from coinfer.models.images import imagenette
    from coinfer.models.train_aecnn import PHASES, Settings, train_aecnn
    from coinfer.models.training import Source

    if split not in SPLITS[1:]:
        raise InputError(f"--split: expected one of {', '.join(SPLITS[1:])}, got '{split}'")
    if preset not in PHASES:
        raise InputError(f"--preset: expected one of {', '.join(PHASES)}, got '{preset}'")
    if kept_channels(split, ratio) < 1:
        raise InputError(f"--ratio {ratio}: keeps no channel at {split}; lower it")
    with _mistakes():
        train = [
            Source(imagenette(root, "train"), "imagenette"),
            Source(scenes("train", AECNN_SCENES), "scenes", teacher_only=True),
        ]
        validation = [
            Source(imagenette(root, "val", 500), "imagenette"),
            Source(scenes("validation"), "scenes"),
        ]
        settings = Settings(split, ratio, rate_weight, seed)
        log = _log_to(work / "log.jsonl")
        _report(
            train_aecnn(shipped(), train, validation, settings, PHASES[preset], out, work, log, device), out
        )


def scenes(part: str, count: int | None = None) -> ImageSet:
    """The (first `count`) drawn frames for training or validation, kept on disk once drawn."""
    from platformdirs import user_cache_path

    from coinfer.models.images import Preloaded
    from coinfer.models.scenes.scene import Scenes

    drawn = {
        "train": Scenes(count or TRAIN_SCENES, TRAIN_SCENES_SEED),
        "validation": Scenes(count or VALIDATION_SCENES, VALIDATION_SCENES_SEED),
    }[part]
    with Progress(console=console) as bar:
        shown = bar.add_task(f"drawing {part} scenes", total=len(drawn))
        return Preloaded(
            drawn, user_cache_path("coinfer"), lambda done, of: bar.update(shown, completed=done)
        )


def _log_to(path: Path) -> Callable[[Mapping[str, float | str | int]], None]:
    def log(row: Mapping[str, float | str | int]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    return log


def _report(metadata: Mapping[str, object], out: Path) -> None:
    console.print(f"{out}: {out.stat().st_size / 1e6:.1f} MB")
    for key in ("top1", "top1_uncompressed", "split", "kept", "validation_images"):
        if key in metadata:
            console.print(f"  {key}: {metadata[key]}")


@contextmanager
def _mistakes() -> Iterator[None]:
    """Turns the mistakes that the models layer reports into the user's."""
    from coinfer.models.checkpoints import CheckpointError
    from coinfer.models.images import ImagesError
    from coinfer.models.training_state import TrainingError

    try:
        yield
    except (ImagesError, CheckpointError, TrainingError) as error:
        raise InputError(str(error)) from error
