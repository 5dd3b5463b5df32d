"""Image sets: labelled 224 x 224 pictures from the project's own scenes, Imagenette, or a folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

SIZE_PX = 224
IMAGE_SUFFIXES = frozenset({".jpeg", ".jpg", ".png", ".webp", ".bmp"})


class ImagesError(ValueError):
    """An image set is missing, empty, or does not match what was asked for."""


class PhotosMissingError(ImagesError):
    """The Imagenette photos are not there; they can be fetched."""


class ImageSet(Protocol):
    """Labelled images in a fixed order."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of their labels."""
        ...

    def __len__(self) -> int:
        """Number of images."""
        ...

    @property
    def labels(self) -> NDArray[np.int64]:
        """`[images]` index of each image's class in `class_names`."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes whenever the pixels or labels change."""
        ...

    def load(self, indices: Sequence[int]) -> NDArray[np.uint8]:
        """`[len(indices), 3, 224, 224]` RGB pixels."""
        ...


@dataclass(frozen=True)
class FolderImages:
    """A folder of class folders, as `torchvision.datasets.ImageFolder` reads it.

    Args:
        root: the folder; each subfolder is a class.
        count: how many images, drawn evenly over the classes in a fixed order; None takes all.
    """

    root: Path
    count: int | None = None

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """Names of the class folders, sorted."""
        if not self.root.is_dir():
            raise ImagesError(f"{self.root}: no such image folder; expected one folder for each class in it")
        return tuple(sorted(entry.name for entry in self.root.iterdir() if entry.is_dir()))

    @cached_property
    def _entries(self) -> tuple[tuple[Path, int], ...]:
        """Files and labels, classes in turn, each class in an order fixed by the hash of the file's name."""
        ranked = [
            (rank, label, path)
            for label, name in enumerate(self.class_names)
            for rank, path in enumerate(
                sorted(self._pictures(name), key=lambda path: (_name_hash(path), path))
            )
        ]
        if not ranked:
            raise ImagesError(f"{self.root}: no images found; expected {self.root}/<class>/<picture>.jpg")
        if self.count is not None and self.count > len(ranked):
            raise ImagesError(
                f"{self.root}: images.count is {self.count} but only {len(ranked)} images are there"
            )
        return tuple((path, label) for _, label, path in sorted(ranked)[: self.count])

    def _pictures(self, class_name: str) -> list[Path]:
        folder = self.root / class_name
        named = [path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES]
        return [path for path in named if not path.is_dir()]

    def __len__(self) -> int:
        """Number of images."""
        return len(self._entries)

    @property
    def labels(self) -> NDArray[np.int64]:
        """`[images]` class indices."""
        return np.array([label for _, label in self._entries], dtype=np.int64)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over names and contents of the chosen files."""
        digest = hashlib.sha256()
        for path, label in self._entries:
            digest.update(os.fsencode(f"{path.relative_to(self.root)}:{label}:"))
            try:
                digest.update(path.read_bytes())
            except OSError as error:
                raise ImagesError(f"{path}: not readable ({error.strerror}); remove or replace it") from error
        return digest.hexdigest()

    def load(self, indices: Sequence[int]) -> NDArray[np.uint8]:
        """`[len(indices), 3, 224, 224]` RGB pixels, resized and cropped where they are not 224 x 224."""
        return np.stack([read_pixels(self._entries[index][0]) for index in indices])


def _name_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.name)).hexdigest()


def imagenette(
    root: Path, split: str = "val", count: int | None = None, download: bool = False
) -> FolderImages:
    """Opens Imagenette, full size, through torchvision.

    Args:
        root: the folder that holds, or is to hold, `imagenette2/`.
        split: `train` or `val`.
        count: how many images; None takes all.
        download: fetch the photos (1.5 GB) if they are not there.

    Raises:
        PhotosMissingError: the photos are not there and `download` is off.
    """
    folder = root / "imagenette2" / split
    if not folder.is_dir():
        if not download:
            raise PhotosMissingError(
                f"{folder}: no Imagenette photos; run python -c "
                f"\"from torchvision.datasets import Imagenette; Imagenette('{root}', download=True)\""
            )
        from torchvision.datasets import Imagenette

        Imagenette(str(root), split=split, size="full", download=True)
    return FolderImages(folder, count)


def read_pixels(path: Path) -> NDArray[np.uint8]:
    """Reads a picture as `[3, 224, 224]` RGB: shorter side to 224 (bicubic), then the centre.

    Raises:
        ImagesError: the file is no picture, or a damaged one.
    """
    try:
        with Image.open(path) as picture:
            image = picture.convert("RGB")
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImagesError(f"{path}: not a readable picture ({error}); remove or replace it") from error
    if image.size != (SIZE_PX, SIZE_PX):
        image = ImageOps.fit(image, (SIZE_PX, SIZE_PX), Image.Resampling.BICUBIC)
    return np.asarray(image).transpose(2, 0, 1)


class Preloaded:
    """An image set kept as one memory-mapped file of pixels, for training many epochs on drawn frames.

    Args:
        images: the set.
        folder: where the file is kept; it is made once for each fingerprint.
        progress: called with (images done, images to do) while it is made.
    """

    def __init__(
        self, images: ImageSet, folder: Path, progress: Callable[[int, int], None] = lambda done, of: None
    ) -> None:
        self.class_names, self.labels, self.fingerprint = (
            images.class_names,
            images.labels,
            images.fingerprint,
        )
        path = folder / f"{hashlib.sha256(images.fingerprint.encode()).hexdigest()[:16]}.npy"
        if not path.is_file():
            _write_pixels(images, path, progress)
        self._pixels = np.load(path, mmap_mode="r")

    def __len__(self) -> int:
        """Number of images."""
        return len(self._pixels)

    def load(self, indices: Sequence[int]) -> NDArray[np.uint8]:
        """`[len(indices), 3, 224, 224]` RGB pixels."""
        return np.ascontiguousarray(self._pixels[list(indices)])


def _write_pixels(images: ImageSet, path: Path, progress: Callable[[int, int], None]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.npy")
    pixels = np.lib.format.open_memmap(partial, "w+", np.uint8, (len(images), 3, SIZE_PX, SIZE_PX))
    for start in range(0, len(images), 32):
        rows = range(start, min(start + 32, len(images)))
        pixels[rows.start : rows.stop] = images.load(rows)
        progress(rows.stop, len(images))
    pixels.flush()
    os.replace(partial, path)
