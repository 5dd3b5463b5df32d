"""From operating points and an image set to a table, a figure, and measurements to share."""

from __future__ import annotations

import json
import os
import platform
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from coinfer.codecs.protocol import CodecError
from coinfer.models.images import ImagesError, ImageSet
from coinfer.simulator.cli.dependencies import code_version, weights
from coinfer.simulator.cli.facts import find_facts
from coinfer.simulator.cli.measuring import (
    cache_folder,
    candidate,
    classifier_for,
    open_images,
    progress_bar,
    versions,
)
from coinfer.simulator.codec_spec import CodecSpec
from coinfer.simulator.errors import InputError
from coinfer.simulator.evaluation import Evaluated
from coinfer.simulator.fields import first_mistake
from coinfer.simulator.former_evaluation import FormerEvaluation, read_former, with_earlier
from coinfer.simulator.measurement_file import StoredPoint, write_measurements
from coinfer.simulator.measurements import Candidate, Measurement, measure
from coinfer.simulator.operating_points import load_operating_points
from coinfer.simulator.outputs import OutputError
from coinfer.simulator.rate_accuracy import COLUMNS, place_of, rate_accuracy, together
from coinfer.simulator.readme_table import update_readme
from coinfer.simulator.scenario_images import Images

BATCH = 32
UNCOMPRESSED = CodecSpec(id="raw")
"""Its answers are those of the uncompressed network."""

NAMES = {"imagenette": "imagenette-val", "scenes": "scenes"}
"""What the file of measurements of a source is called; that of a folder has the folder's name."""

STEM = "rate_accuracy"


def evaluate(
    source: str,
    root: Path | None,
    points: Path,
    only: Sequence[str],
    add: bool,
    count: int | None,
    out: Path,
    shared: Path,
    quiet: bool,
) -> None:
    """Measures the operating points and writes what they do; see `coinfer evaluate --help`.

    Args:
        source: the image set.
        root: its folder.
        points: the file of operating points.
        only: labels of those to evaluate; all of them if empty.
        add: keep what a former evaluation of the same images has left of others.
        count: how many images; None takes all.
        out: folder for table and figure.
        shared: folder for the file of measurements.
        quiet: print nothing.

    Raises:
        InputError: an option or a file is wrong, or a codec fails.
    """
    console, notes = Console(quiet=quiet), Console(stderr=True, quiet=quiet)
    known = load_operating_points(points)
    chosen = known.only(only)
    described = _images(source, root, count)
    for folder in (out, shared):
        _make(folder)
    name = NAMES.get(source) or (root or Path()).resolve().name
    file = shared / f"{name}.parquet"
    with _mistakes(points):
        images = open_images(described)
        classifier = classifier_for(described, images)
        about = _about(source, images, classifier)
        former = read_former(file, out / STEM, about["images"], classifier) if add else FormerEvaluation()
        kept = former.without([spec.label for spec in chosen])
        uncompressed, evaluated = _evaluated(chosen, images, classifier, kept, console, notes)
    table = together(rate_accuracy(evaluated, uncompressed), kept.table, known.labels)
    circumstances = {**about, **_circumstances(source, count, evaluated)}
    circumstances = with_earlier(circumstances, former.of_table, former.labels, kept.labels)
    loads = former.of_table.get("load_while_timed", {})
    circumstances["load_while_timed"] |= {label: loads.get(label) for label in kept.labels}
    _write(out, table, float(uncompressed.mean()), name, circumstances)
    everything: list[Evaluated | StoredPoint] = [*evaluated, *kept.points]
    everything.sort(key=lambda point: place_of(point.label, known.labels))
    about = with_earlier(about, former.of_points, former.labels, kept.labels)
    write_measurements(file, everything, images.labels, about)
    console.print(
        f"Results: {escape(str(out))}/{STEM}.csv, .json, .png, .svg; {escape(str(file))}", soft_wrap=True
    )


def show_in_readme(readme: Path, points: Path, out: Path) -> None:
    """Writes the table of an evaluation into a README, measuring nothing; see `coinfer evaluate --help`.

    Raises:
        InputError: a file cannot be read, has no place for the table, or lacks a row of it.
    """
    update_readme(readme, out / f"{STEM}.csv", load_operating_points(points).readme)


def _images(source: str, root: Path | None, count: int | None) -> Images:
    try:
        return Images.model_validate({"source": source, "root": root, "count": count})
    except ValidationError as error:
        key, problem = first_mistake(error)
        raise InputError(f"--{'images' if key == 'source' else key}: {problem}") from error


def _evaluated(
    specs: Sequence[CodecSpec],
    images: ImageSet,
    classifier: str,
    kept: FormerEvaluation,
    console: Console,
    notes: Console,
) -> tuple[NDArray[np.bool_], list[Evaluated]]:
    """Whether the uncompressed network is right, `[images]`, and all operating points, one after the other.

    Each is in the cache before the next begins, so that what is stopped goes on where it was.
    """
    evaluated = []
    before = [point.measurement for point in kept.points if point.label == UNCOMPRESSED.label]
    with progress_bar(notes, "measuring") as (bar, shown):
        bar.update(shown, total=len(images) * (1 + len(specs)))

        def show(place: int, doing: str, done: int) -> None:
            bar.update(shown, completed=place * len(images) + done, description=doing)

        if before:
            (uncompressed,) = before
        else:
            reference = candidate(UNCOMPRESSED, classifier)
            show_first = partial(show, 0, "measuring the uncompressed network")
            uncompressed = _measured(reference, images, show_first)
        for place, spec in enumerate(specs, 1):
            codec = candidate(spec, classifier)
            measurement = _measured(codec, images, partial(show, place, f"measuring {spec.label}"))
            facts = find_facts(spec, codec, images, cache_folder() / "facts")
            evaluated.append(Evaluated(spec, measurement, facts))
            sizes, top1 = measurement.payload_bytes.mean(), 100 * measurement.correct.mean()
            console.print(f"{escape(spec.label)}: {sizes:,.0f} bytes, top-1 {top1:.2f} %", highlight=False)
    return uncompressed.correct, evaluated


def _measured(codec: Candidate, images: ImageSet, progress: Callable[[int], None]) -> Measurement:
    folder = cache_folder() / "measurements"
    (measurement,) = measure([codec], images, folder, lambda label, done, of: progress(done), BATCH)
    return measurement


def _about(source: str, images: ImageSet, classifier: str) -> dict[str, Any]:
    """What measurements depend on; the same on every machine with these versions."""
    return {
        "images": {
            "source": source,
            "count": len(images),
            "fingerprint": images.fingerprint,
            "class_names": list(images.class_names),
        },
        "classifier": classifier,
        "versions": versions(),
        "code": code_version(),
        "checkpoints": weights(),
    }


def _circumstances(source: str, count: int | None, evaluated: Sequence[Evaluated]) -> dict[str, Any]:
    """How to repeat it, on which machine it ran, and what the columns of the table mean."""
    import torch

    root = [] if source == "scenes" else ["--root", "DATA"]
    images = ["--images", source, *root, *([] if count is None else ["--count", str(count)])]
    return {
        "command": " ".join(["coinfer", "evaluate", *images]),
        "machine": {
            "processor": _processor(),
            "instructions": torch.backends.cpu.get_cpu_capability(),
            "cores": os.cpu_count(),
        },
        "load_while_timed": {point.spec.label: point.facts.load for point in evaluated},
        "columns": COLUMNS,
    }


def _processor() -> str:
    """The processor's name where the system tells it."""
    described = Path("/proc/cpuinfo")
    lines = described.read_text(encoding="utf-8").splitlines() if described.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _write(out: Path, table: pd.DataFrame, uncompressed: float, name: str, about: Mapping[str, Any]) -> None:
    """Writes table, description and figure; files of a former evaluation are replaced once all are there."""
    from coinfer.simulator.figure_files import house_style, save
    from coinfer.simulator.figures_rate_accuracy import rate_accuracy_figure

    with tempfile.TemporaryDirectory(prefix=f".{STEM}-", dir=out) as folder:
        fresh = Path(folder)
        table.to_csv(fresh / f"{STEM}.csv", index=False, float_format="%.9g", lineterminator="\n")
        text = json.dumps(about, indent=2, sort_keys=True, ensure_ascii=False)
        (fresh / f"{STEM}.json").write_text(f"{text}\n", encoding="utf-8")
        with house_style():
            save(rate_accuracy_figure(table, uncompressed, name), fresh / STEM)
        for file in sorted(fresh.iterdir()):
            os.replace(file, out / file.name)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}; give another folder") from error
    if not os.access(folder, os.W_OK):
        raise OutputError(f"{folder}: cannot be written to; give another folder")


@contextmanager
def _mistakes(points: Path) -> Iterator[None]:
    """Turns what codecs and image sets report into the user's mistake."""
    try:
        yield
    except CodecError as error:
        raise InputError(f"{points.name}: {error}") from error
    except ImagesError as error:
        raise InputError(f"--images: {error}") from error
