"""What the training commands do: open the data, show progress, train, and report."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coinfer.simulator.cli.trainable import Trainable, check_choice, trainable
from coinfer.simulator.cli.training_data import codec_sources, photos, scenes
from coinfer.simulator.cli.training_table import mean_bytes, print_table
from coinfer.simulator.errors import CoinferError, InputError
from coinfer.simulator.memory import keep_freed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coinfer.models.backbone import Backbone
    from coinfer.models.training import Source

SUFFIX = ".safetensors"


@dataclass(frozen=True)
class Run:
    """What the training commands have in common.

    Args:
        root: the folder that holds `imagenette2/`.
        images: instead, a folder of class folders in `train/` and `val/`.
        preset: name of the steps.
        seed: of weights, order and augmentation.
        device: `cpu` or `cuda`.
        out: the checkpoint to write; None names it after what is trained.
        work: folder for state and log; None names it after the checkpoint.
    """

    root: Path | None
    images: Path | None
    preset: str
    seed: int
    device: str
    out: Path | None
    work: Path | None

    def places(self, stem: str) -> tuple[Path, Path]:
        """The checkpoint to write, and the folder for state and log; both can be written to.

        Raises:
            InputError: one of them cannot be.
        """
        out = self.out or Path(stem + SUFFIX)
        work = self.work or Path("runs") / f"train-{out.stem}"
        if out.suffix != SUFFIX or out.is_dir():
            raise InputError(f"--out {out}: expected the name of a {SUFFIX} file")
        for option, folder in (("--out", out.parent), ("--work", work)):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryFile(dir=folder):
                    pass
            except OSError as error:
                raise InputError(f"{option}: {folder}: {error.strerror}; give another") from error
        return out, work


def codec(
    kind: str, backbone: Path | None, given: Mapping[str, Any], run: Run, start: Path | None = None
) -> None:
    """Trains a feature codec; see `coinfer train aecnn --help`.

    Args:
        kind: `aecnn`, `bottlenet` or `anytime`.
        backbone: a checkpoint of `coinfer train backbone`; None takes the one that comes with coinfer.
        given: the codec's own options.
        run: the common options.
        start: a checkpoint of the same kind to go on from.

    Raises:
        InputError: an option is wrong, or data or checkpoint cannot be read.
    """
    from coinfer.models.checkpoints import read_checkpoint
    from coinfer.models.student import Lesson

    wanted = trainable(kind, {**given, "seed": run.seed})
    check_choice("--preset", run.preset, tuple(wanted.presets))
    if run.preset == "finish" and start is None:
        raise InputError("--preset finish: goes on from a trained codec; give one with --start")
    _check_device(run.device)
    keep_freed()
    with _mistakes():
        network = _backbone(backbone)
        train, validation = codec_sources(network, backbone is None, run.root, run.images)
        out, work = run.places(wanted.stem)
        phases, log = wanted.presets[run.preset], _log_to(work / "log.jsonl")
        begun = None if start is None else read_checkpoint(start, kind)
        lesson = Lesson(network, train, validation, phases, out, work, log, run.device, begun)
        metadata = wanted.train(wanted.settings, lesson)
        network.to("cpu")
        print_table(out, _codec_rows(wanted, metadata, out, backbone, validation))


def backbone(start: Path | None, weights: str | None, run: Run) -> None:
    """Trains a backbone; see `coinfer train backbone --help`.

    Raises:
        InputError: an option is wrong, or data or start cannot be read.
    """
    from coinfer.models.train_backbone import PRESETS, Start, train_backbone
    from coinfer.models.training import Source

    if start is not None and weights is not None:
        raise InputError("--start, --weights: expected at most one of them; a network has one beginning")
    check_choice("--preset", run.preset, tuple(PRESETS))
    _check_device(run.device)
    keep_freed()
    with _mistakes():
        name, train, validation = photos(run.root, run.images)
        begun = Start(start, weights)
        phases = PRESETS[run.preset][begun.recipe]
        out, work = run.places(f"resnet50-{name}")
        log = _log_to(work / "log.jsonl")
        metadata = train_backbone(
            Source(train, name), validation, begun, phases, out, work, log, run.seed, run.device
        )
    print_table(out, _network_rows(metadata))


def classifier(images: str, name: str, out: Path, seed: int) -> None:
    """Trains a classifier on frozen features; see `coinfer train classifier --help`."""
    from coinfer.models.backbone import shipped_trunk
    from coinfer.models.train_backbone import train_classifier

    keep_freed()
    with _mistakes():
        if images == "scenes":
            train, validation = scenes("train"), scenes("validation")
        else:
            _, train, validation = photos(None, Path(images))
        metadata = train_classifier(shipped_trunk(), train, validation, name, out, seed=seed)
    print_table(out, _network_rows(metadata))


def _backbone(file: Path | None) -> Backbone:
    from coinfer.models.backbone import from_checkpoints, shipped
    from coinfer.models.checkpoints import read_checkpoint

    if file is None:
        return shipped()
    if file.suffix != SUFFIX:
        raise InputError(f"--backbone {file}: expected a {SUFFIX} file of 'coinfer train backbone'")
    return from_checkpoints(read_checkpoint(file, "backbone"))


def _check_device(device: str) -> None:
    check_choice("--device", device, ("cpu", "cuda"))
    if device == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise InputError("--device cuda: torch finds no CUDA device here; use --device cpu")


def _codec_rows(
    wanted: Trainable,
    metadata: Mapping[str, Any],
    out: Path,
    backbone: Path | None,
    validation: Sequence[Source],
) -> list[dict[str, object]]:
    """One row for each validation set."""
    from coinfer.codecs import registry

    rows: list[dict[str, object]] = []
    settings = {**wanted.chosen, "checkpoint": str(out)}
    for source in validation:
        codec = registry.create(wanted.codec, settings, str(backbone or source.classifier))
        name = source.classifier
        top1, uncompressed = 100 * metadata["top1"][name], 100 * metadata["top1_uncompressed"][name]
        rows.append(
            {
                "split": metadata["split"],
                "images": name,
                "top-1, %": f"{top1:.1f}",
                "uncompressed, %": f"{uncompressed:.1f}",
                "loss, points": f"{uncompressed - top1:.1f}",
                "bytes": f"{mean_bytes(codec, source.images):,.0f}",
            }
        )
    return rows


def _network_rows(metadata: Mapping[str, Any]) -> list[dict[str, object]]:
    """One row for the one classifier."""
    ((name, top1),) = metadata["top1"].items()
    count = metadata["validation_images"]
    return [{"images": name, "top-1, %": f"{100 * top1:.1f}", "validation images": count}]


def _log_to(path: Path) -> Callable[[Mapping[str, float | str | int]], None]:
    def log(row: Mapping[str, float | str | int]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    return log


@contextmanager
def _mistakes() -> Iterator[None]:
    """Turns the mistakes that the layers below report into the user's."""
    from coinfer.codecs.protocol import CodecError
    from coinfer.models.checkpoints import CheckpointError
    from coinfer.models.images import ImagesError
    from coinfer.models.training_state import TrainingError

    try:
        yield
    except (ImagesError, CheckpointError, TrainingError, CodecError) as error:
        raise InputError(str(error)) from error
    except FloatingPointError as error:
        raise CoinferError(str(error)) from error
