"""The report of a run: one HTML file that needs nothing else, made from the other files of the run."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from coinfer.simulator.dimensions import dimensions
from coinfer.simulator.findings import PROVEN, findings, warmup_note
from coinfer.simulator.html_table import html_table
from coinfer.simulator.loading import resolved
from coinfer.simulator.page_plot import Filter, Series, dimension_filters, plot_data
from coinfer.simulator.pages import write_page
from coinfer.simulator.report_tables import difference_columns, places_of, summary_columns
from coinfer.simulator.run_folder import Run, RunError, read_run

CAPTIONS = "captions.json"
"""In the folder of figures: what each of them shows, by name, in the order of the report."""

_LARGEST_SVG_BYTES = 400_000
_MEDIA = {".svg": "image/svg+xml", ".png": "image/png"}


class ShownFigure(NamedTuple):
    """One figure of the report: title, caption and the picture itself as a data URL."""

    title: str
    caption: str
    url: str


def write_report(folder: Path, path: Path) -> None:
    """Writes the report from what else the folder of a run holds; the same files give the same bytes.

    Args:
        folder: of the run.
        path: the HTML file.

    Raises:
        RunError: the folder is no run of coinfer, or one of its files is missing or broken.
    """
    run = read_run(folder)
    codecs = list(dict.fromkeys(run.summary["codec"]))
    found = dimensions(run.summary)
    numbers = run.summary.assign(series=[codecs.index(codec) for codec in run.summary["codec"]])
    write_page(
        "report.html.j2",
        path,
        scenario=run.scenario,
        proven=PROVEN,
        findings=findings(run.differences),
        warmup=warmup_note(run.summary),
        figures=list(_figures(folder / "figures")),
        filters=[Filter("codec", "codec", codecs), *dimension_filters(found)],
        plot=plot_data(numbers, found, [Series(codec, place) for place, codec in enumerate(codecs)]),
        summary=html_table(run.summary, summary_columns(run.summary), places_of(run.summary, codecs, found)),
        differences=None
        if run.differences.empty
        else html_table(
            run.differences, difference_columns(run.differences), places_of(run.differences, codecs, found)
        ),
        commands=list(_commands(run)),
        scenario_yaml=_yaml(resolved(run.scenario)),
        sources=_sources(run),
        summary_sha256=sha256((folder / "summary.csv").read_bytes()).hexdigest(),
    )


def _figures(folder: Path) -> Iterator[ShownFigure]:
    """The figures with a caption first, then the others by name; SVG, or PNG where that is too large."""
    captions = _captions(folder / CAPTIONS)
    files = folder.iterdir() if folder.is_dir() else ()
    there = dict.fromkeys(sorted(file.stem for file in files if file.suffix in _MEDIA))
    for name in [name for name in captions if name in there] + [
        name for name in there if name not in captions
    ]:
        svg, png = folder / f"{name}.svg", folder / f"{name}.png"
        drawn = svg.is_file() and (svg.stat().st_size <= _LARGEST_SVG_BYTES or not png.is_file())
        file = svg if drawn else png
        data = base64.b64encode(file.read_bytes()).decode("ascii")
        title = name.replace("_", " ")
        yield ShownFigure(title, captions.get(name, ""), f"data:{_MEDIA[file.suffix]};base64,{data}")


def _captions(path: Path) -> Mapping[str, str]:
    if not path.is_file():
        return {}
    try:
        captions = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RunError(f"{path}: cannot be read ({error}); draw the figures again") from error
    if not isinstance(captions, dict):
        raise RunError(f"{path}: expected captions by figure; draw the figures again")
    return {str(name): str(caption) for name, caption in captions.items()}


def _commands(run: Run) -> Iterator[tuple[str, str]]:
    """What to type to get the same results, each with what has to be there."""
    arguments = run.manifest.get("arguments")
    if isinstance(arguments, list):
        yield "As it was typed:", shlex.join(["simulate", *map(str, arguments)])
    file = f"{run.scenario.name}.yaml"
    yield f"From the scenario below, saved as {file}:", shlex.join(["simulate", file])


def _yaml(data: Mapping[str, Any]) -> str:
    text: str = yaml.safe_dump(dict(data), sort_keys=False, allow_unicode=True, width=100)
    return text


def _sources(run: Run) -> list[tuple[str, Sequence[tuple[str, str]]]]:
    """What the results come from: a title and names with values for each part of the manifest."""
    manifest = run.manifest
    made = sorted(set(manifest.get("replications", [])))
    told = {
        "Run": {
            "seed": run.scenario.seed,
            "replications": " to ".join(map(str, dict.fromkeys((made[0], made[-1])))) if made else "unknown",
            "code of the simulator": manifest.get("simulator"),
            "code of codecs and networks": manifest.get("code"),
            "images": ", ".join(manifest.get("images", [])),
        },
        "Checkpoints (SHA-256)": manifest.get("checkpoints", {}),
        "Recordings (SHA-256)": manifest.get("recordings", {}),
        "Replayed measurements": manifest.get("replayed", {}),
        "Engine": manifest.get("engines", {}),
        "Machine": manifest.get("machine", {}),
        "Versions": manifest.get("versions", {}),
    }
    return [
        (title, [(str(name), str(value)) for name, value in entries.items() if value is not None])
        for title, entries in told.items()
        if entries
    ]
