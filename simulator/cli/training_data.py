"""The images that training commands work on: Imagenette, a folder, or drawn scenes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress

from coinfer.simulator.errors import InputError

if TYPE_CHECKING:
    from coinfer.models.backbone import Backbone
    from coinfer.models.images import FolderImages, ImageSet
    from coinfer.models.training import Source

TRAIN_SCENES, TRAIN_SCENES_SEED = 4000, 1_000_000
CODEC_SCENES = 1500
VALIDATION_SCENES, VALIDATION_SCENES_SEED = 1000, 999
VALIDATION_PHOTOS = 500
"""Validation images of a folder that the training of a codec uses, at most."""


def photos(root: Path | None, folder: Path | None) -> tuple[str, FolderImages, FolderImages]:
    """The photos that `--root` or `--images` names.

    Args:
        root: the folder that holds `imagenette2/`.
        folder: instead, a folder of class folders in `train/` and `val/`.

    Returns:
        A name for their classes, the training and the validation images.

    Raises:
        InputError: neither or both are given, or the classes of the two parts differ.
        ImagesError: there are no images.
    """
    from coinfer.models.images import FolderImages, imagenette

    if folder is None and root is not None:
        return "imagenette", imagenette(root, "train"), imagenette(root, "val")
    if folder is None or root is not None:
        raise InputError(
            "--root, --images: expected one of them; give the folder that holds imagenette2/, "
            "or a folder with train/ and val/ of class folders"
        )
    train, validation = FolderImages(folder / "train"), FolderImages(folder / "val")
    odd = sorted({*train.class_names} ^ {*validation.class_names})
    for images in (train, validation):
        len(images)  # An empty folder is told now, not after the training.
    if odd:
        raise InputError(f"--images {folder}: train/ and val/ have other classes; '{odd[0]}' is in one only")
    return folder.resolve().name or "images", train, validation


def codec_sources(
    backbone: Backbone, comes_with_coinfer: bool, root: Path | None, folder: Path | None
) -> tuple[list[Source], list[Source]]:
    """What a codec is trained and validated on.

    Drawn scenes go with Imagenette where the backbone is the one that comes with coinfer, which knows both.

    Raises:
        InputError: the backbone has no classifier for the folder's classes; and see `photos`.
    """
    from coinfer.models.images import FolderImages
    from coinfer.models.training import Source

    _, train, validation = photos(root, folder)
    known = [name for name, classes in backbone.class_names.items() if classes == train.class_names]
    if not known:
        raise InputError(
            f"{train.root}: the backbone has no classifier for these {len(train.class_names)} classes; "
            f"train one with 'coinfer train backbone' on these images and give its file as --backbone"
        )
    few = FolderImages(validation.root, min(VALIDATION_PHOTOS, len(validation)))
    sources = [Source(train, known[0])], [Source(few, known[0])]
    if comes_with_coinfer and folder is None:
        sources[0].append(Source(scenes("train", CODEC_SCENES), "scenes", teacher_only=True))
        sources[1].append(Source(scenes("validation"), "scenes"))
    return sources


def scenes(part: str, count: int | None = None) -> ImageSet:
    """The (first `count`) drawn frames for training or validation, kept on disk once drawn."""
    from platformdirs import user_cache_path

    from coinfer.models.images import Preloaded
    from coinfer.models.scenes.scene import Scenes

    drawn = {
        "train": Scenes(count or TRAIN_SCENES, TRAIN_SCENES_SEED),
        "validation": Scenes(count or VALIDATION_SCENES, VALIDATION_SCENES_SEED),
    }[part]
    with Progress(console=Console(stderr=True), transient=True) as bar:
        shown = bar.add_task(f"drawing {part} scenes", total=len(drawn))
        return Preloaded(
            drawn, user_cache_path("coinfer"), lambda done, of: bar.update(shown, completed=done)
        )
