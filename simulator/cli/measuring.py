"""What measuring needs of the other layers: images, codecs, and all that their answers depend on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from platform import python_version

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from safetensors import SafetensorError, safe_open

from coinfer.codecs import registry
from coinfer.codecs.protocol import Codec
from coinfer.models.images import FolderImages, ImagesError, ImageSet, imagenette
from coinfer.models.scenes.scene import Scenes
from coinfer.simulator.cli.dependencies import LIBRARIES, beside, code_version, file_sha256, weights
from coinfer.simulator.codec_spec import CodecSpec
from coinfer.simulator.measurements import Candidate
from coinfer.simulator.memory import keep_freed
from coinfer.simulator.scenario_images import Images


def open_images(described: Images) -> ImageSet:
    """Opens the image set that a scenario describes.

    Raises:
        ImagesError: it is not there, or smaller than asked for.
    """
    if described.source == "scenes" and described.count is not None:
        return Scenes(described.count, described.seed)
    root = described.root or Path("data")
    if described.source == "imagenette":
        return imagenette(root, "val", described.count, described.download)
    images = FolderImages(root, described.count)
    len(images)
    return images


def classifier_for(described: Images, images: ImageSet) -> str:
    """Which classes to decide between: those of the source, or of the classifier that knows the folders.

    Raises:
        ImagesError: no classifier knows them, or the one that is given knows other classes.
    """
    if described.classifier is not None:
        _check_classes(described.classifier, images)
        return str(described.classifier)
    if described.source in ("scenes", "imagenette"):
        return described.source
    from coinfer.models.backbone import shipped

    for name, classes in shipped().class_names.items():
        if classes == images.class_names:
            return name
    raise ImagesError(
        f"{described.root}: no classifier for these {len(images.class_names)} classes; train one with "
        f"'coinfer train classifier --images FOLDER' and give its file as images.classifier"
    )


def _check_classes(file: Path, images: ImageSet) -> None:
    """Compares the classes of a classifier's file with those of the images; torch is not needed for that."""
    if not file.is_file():
        raise ImagesError(f"images.classifier: {file}: no such file; 'coinfer train classifier' makes one")
    try:
        with safe_open(file, framework="np") as opened:
            described = json.loads((opened.metadata() or {}).get("coinfer", "{}"))
    except (OSError, SafetensorError, ValueError) as error:
        raise ImagesError(f"images.classifier: {file}: not a readable checkpoint ({error})") from error
    kind = described.get("kind") if isinstance(described, dict) else None
    if kind not in ("classifier", "backbone"):
        raise ImagesError(f"images.classifier: {file}: expected a classifier, got '{kind}'")
    named = described.get("class_names")
    if not isinstance(named, dict) or [isinstance(classes, list) for classes in named.values()] != [True]:
        raise ImagesError(
            f"images.classifier: {file}: expected the classes of one classifier; train it again"
        )
    (classes,) = named.values()
    if tuple(classes) != images.class_names:
        known, there = _few(classes), _few(images.class_names)
        raise ImagesError(f"images.classifier: {file} decides between {known}, the images are of {there}")


def _few(names: Sequence[str]) -> str:
    """How many classes, and the first three."""
    return f"{len(names)} classes ({', '.join([*names[:3], *(['...'] if len(names) > 3 else [])])})"


def candidate(spec: CodecSpec, classifier: str) -> Candidate:
    """A codec to measure, built once and only when it has to run."""
    return Candidate(spec.label, _identity(spec, classifier), cache(partial(_build, spec, classifier)))


def _build(spec: CodecSpec, classifier: str) -> Codec:
    keep_freed()
    if spec.plugin is not None:
        return registry.create_plugin(spec.plugin, spec.settings, classifier)
    return registry.create(str(spec.id), spec.settings, classifier)


def _identity(spec: CodecSpec, classifier: str) -> str:
    """Everything a codec's messages and answers depend on: settings, files they name, weights, code."""
    module = None if spec.id is None else registry.module(spec.id)
    code = [module, code_version(module), weights(spec.id, spec.settings.get("split"))]
    files = named_files(spec, classifier)
    return json.dumps([spec.model_dump(), classifier, files, code], sort_keys=True, default=str)


def named_files(spec: CodecSpec, classifier: str) -> dict[str, str]:
    """SHA-256 of an operating point's files, by name: checkpoints, classifier, plugin and its own imports."""
    plugin = (spec.plugin or "").rpartition(":")[0]
    own = [str(path) for path in beside(Path(plugin))]
    named = [classifier, *map(str, spec.settings.values()), *own]
    return {name: file_sha256(Path(name)) for name in named if name and Path(name).is_file()}


def versions() -> dict[str, str]:
    """Versions of Python, coinfer and the libraries that results depend on."""
    return {"python": python_version(), **{name: version(name) for name in LIBRARIES}}


def cache_folder() -> Path:
    """Where measurements are kept: COINFER_CACHE, or the user's cache folder."""
    from platformdirs import user_cache_path

    chosen = os.environ.get("COINFER_CACHE")
    return Path(chosen) if chosen else user_cache_path("coinfer")


@contextmanager
def progress_bar(console: Console, text: str) -> Iterator[tuple[Progress, TaskID]]:
    """A bar with numbers and the time left, on a terminal only."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield bar, bar.add_task(text, total=None)
