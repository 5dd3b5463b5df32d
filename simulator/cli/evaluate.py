"""From operating points and an image set to a table, a figure, and measurements to share."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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
from coinfer.simulator.cli.evaluation_origins import about_images, account, circumstances, command_for
from coinfer.simulator.cli.facts import find_facts
from coinfer.simulator.cli.measuring import (
    cache_folder,
    candidate,
    classifier_for,
    open_images,
    progress_bar,
)
from coinfer.simulator.codec_spec import CodecSpec
from coinfer.simulator.errors import InputError
from coinfer.simulator.evaluation import Evaluated
from coinfer.simulator.fields import first_mistake
from coinfer.simulator.measurement_file import read_measurements, write_measurements
from coinfer.simulator.measurements import Candidate, Measurement, measure
from coinfer.simulator.operating_points import load_operating_points
from coinfer.simulator.outputs import OutputError
from coinfer.simulator.rate_accuracy import rate_accuracy
from coinfer.simulator.readme_table import update_readme
from coinfer.simulator.scenario_images import Images

BATCH = 32
UNCOMPRESSED = CodecSpec(id="raw")
"""Its answers are those of the uncompressed network."""

NAMES = {"imagenette": "imagenette-val", "scenes": "scenes"}
"""What the file of measurements of a source is called; that of a folder has the folder's name."""

STEM = "rate_accuracy"


@dataclass(frozen=True)
class Place:
    """Where results go.

    Args:
        out: folder for table and figure.
        shared: folder for the file of measurements.
        add: keep the operating points that the file of measurements has of the same images.
    """

    out: Path
    shared: Path
    add: bool


def evaluate(described: Images, points: Path, only: Sequence[str], place: Place, quiet: bool) -> None:
    """Measures the operating points and writes what they do; see `coinfer evaluate --help`.

    Args:
        described: the image set, and the classifier.
        points: the file of operating points.
        only: labels of those to evaluate; all of them if empty.
        place: where results go.
        quiet: print nothing.

    Raises:
        InputError: an option or a file is wrong, or a codec fails.
    """
    console, notes = Console(quiet=quiet), Console(stderr=True, quiet=quiet)
    known = load_operating_points(points)
    chosen = known.only(only)
    source = str(described.source)
    name = NAMES.get(source) or (described.root or Path()).resolve().name
    file = place.shared / f"{name}.parquet"
    with _mistakes(points):
        images = open_images(described)
        classifier = classifier_for(described, images)
        about = about_images(source, images, classifier)
        kept = _kept(file, place, about, chosen)
        for spec in chosen[1:]:
            candidate(spec, classifier).build()  # A mistake is told now, not after hours of measuring others.
        for folder in (place.out, place.shared):
            _make(folder)
        uncompressed = _uncompressed(kept, images, classifier, notes)
        command = command_for(described, points, classifier)
        evaluated = [*kept, *_evaluated(chosen, images, classifier, command, console, notes)]
    evaluated.sort(key=lambda point: known.place(point.label))
    table = rate_accuracy(evaluated, uncompressed)
    try:
        write_measurements(file, evaluated, images.labels, about)
    except OSError as error:
        raise OutputError(f"{file}: {error.strerror or error}; give another folder") from error
    _write(place.out, table, float(uncompressed.mean()), name, {**about, **account(evaluated)})
    out = escape(str(place.out))
    console.print(f"Results: {out}/{STEM}.csv, .json, .png, .svg; {escape(str(file))}", soft_wrap=True)


def _kept(file: Path, place: Place, about: Mapping[str, Any], chosen: Sequence[CodecSpec]) -> list[Evaluated]:
    """What a former evaluation of the same images has of other operating points.

    Raises:
        InputError: it is of other images, or has operating points that would be lost or mixed up.
    """
    table = place.out / f"{STEM}.csv"
    if not file.exists():
        if place.add and table.exists():
            raise InputError(
                f"{file}: not there, though {table} is; give the folder that has it as --measurements, "
                f"or leave out --add"
            )
        return []
    stored = read_measurements(file)
    now = about["images"]["fingerprint"], about["classifier"]
    if (stored.about["images"]["fingerprint"], stored.about["classifier"]) != now:
        raise InputError(f"{file}: is of other images or another classifier; give another --measurements")
    codecs = {spec.label: spec.id or spec.plugin for spec in chosen}
    for point in stored.points:
        if codecs.get(point.label, point.codec) != point.codec:
            raise InputError(f"{file}: its {point.label} is {point.codec}; give yours another name")
    kept = [point for point in stored.points if point.label not in codecs]
    if kept and not place.add:
        raise InputError(
            f"{file}: holds {len(kept)} operating points that this run leaves out, {kept[0].label} for one; "
            f"keep them with --add, or give another --measurements and --out"
        )
    return kept


def show_in_readme(readme: Path, points: Path, out: Path) -> None:
    """Writes the table of an evaluation into a README, measuring nothing; see `coinfer evaluate --help`.

    Raises:
        InputError: a file cannot be read, has no place for the table, or lacks a row of it.
    """
    update_readme(readme, out / f"{STEM}.csv", load_operating_points(points).readme)


def describe(source: str, root: Path | None, classifier: Path | None, count: int | None) -> Images:
    """Checks the options that say what is classified.

    Raises:
        InputError: they do not go together.
    """
    given = {"source": source, "root": root, "classifier": classifier, "count": count}
    try:
        return Images.model_validate(given)
    except ValidationError as error:
        key, problem = first_mistake(error)
        raise InputError(f"--{'images' if key == 'source' else key}: {problem}") from error


def _uncompressed(
    kept: Sequence[Evaluated], images: ImageSet, classifier: str, notes: Console
) -> NDArray[np.bool_]:
    """`[images]` whether the uncompressed network is right; measured unless that is among what is kept."""
    for point in kept:
        if point.spec == UNCOMPRESSED:
            return point.measurement.correct
    with progress_bar(notes, "measuring the uncompressed network") as (bar, shown):
        bar.update(shown, total=len(images))
        reference = candidate(UNCOMPRESSED, classifier)
        return _measured(reference, images, lambda done: bar.update(shown, completed=done)).correct


def _evaluated(
    specs: Sequence[CodecSpec],
    images: ImageSet,
    classifier: str,
    command: str,
    console: Console,
    notes: Console,
) -> Iterator[Evaluated]:
    """All operating points, one after the other.

    Each is in the cache before the next begins, so that what is stopped goes on where it was.
    """
    with progress_bar(notes, "measuring") as (bar, shown):
        bar.update(shown, total=len(images) * len(specs))

        def show(place: int, doing: str, done: int) -> None:
            bar.update(shown, completed=place * len(images) + done, description=doing)

        for place, spec in enumerate(specs):
            codec, doing = candidate(spec, classifier), f"measuring {escape(spec.label)}"
            measurement = _measured(codec, images, partial(show, place, doing))
            facts = find_facts(spec, codec, images, cache_folder() / "facts")
            ideal = None if measurement.ideal_bits is None else float(measurement.ideal_bits.mean()) / 8
            sizes, top1 = measurement.payload_bytes.mean(), 100 * measurement.correct.mean()
            console.print(f"{escape(spec.label)}: {sizes:,.0f} bytes, top-1 {top1:.2f} %", highlight=False)
            origin = {"command": command, **circumstances(spec, classifier)}
            yield Evaluated(spec, measurement, facts, origin, ideal)


def _measured(codec: Candidate, images: ImageSet, progress: Callable[[int], None]) -> Measurement:
    folder = cache_folder() / "measurements"
    (measurement,) = measure([codec], images, folder, lambda label, done, of: progress(done), BATCH)
    return measurement


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
        problem = str(error)
        for key in ("classifier", "count"):
            problem = problem.replace(f"images.{key}", f"--{key}")
        raise InputError(problem if problem.startswith("--") else f"--images: {problem}") from error
