"""The figures of a run: drawn from their numbers, with captions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from coinfer.simulator.by_point import PointKey
from coinfer.simulator.figure_files import house_style, save
from coinfer.simulator.figures_accuracy import on_time_accuracy
from coinfer.simulator.figures_breakdown import latency_breakdown
from coinfer.simulator.figures_distribution import latency_distribution
from coinfer.simulator.figures_energy import energy_accuracy
from coinfer.simulator.figures_frontier import frontier
from coinfer.simulator.figures_map import deadline_map
from coinfer.simulator.figures_numbers import FOLDER, Numbers, read_numbers, write_numbers
from coinfer.simulator.figures_page import RUN_PAGE, Drawn, Page
from coinfer.simulator.figures_tables import figure_tables
from coinfer.simulator.figures_timeline import timeline
from coinfer.simulator.figures_way import along_the_way
from coinfer.simulator.figures_winners import winners
from coinfer.simulator.results import Results
from coinfer.simulator.scenario import Scenario

CAPTIONS = "captions.json"
"""The captions by the names of figures, in the order in which they are shown."""

DRAWN: dict[str, Callable[[Numbers, Page], Drawn | None]] = {
    "on_time_accuracy": on_time_accuracy,
    "frontier": frontier,
    "winners": winners,
    "deadline_map": deadline_map,
    "latency_distribution": latency_distribution,
    "latency_breakdown": latency_breakdown,
    "energy_accuracy": energy_accuracy,
    "along_the_way": along_the_way,
    "timeline": timeline,
}
"""The figures by the names of their files; one that a run has nothing for is None."""


def draw_figures(
    found: Results, units: Mapping[PointKey, Sequence[Path]], scenario: Scenario, folder: Path
) -> list[Path]:
    """Draw what a run showed; the same run gives the same SVG files, byte for byte.

    Args:
        found: what the run found; with the accounts of `shown_points`.
        units: the files of the units of each sweep point.
        scenario: the scenario with its sweep.
        folder: where the files go; made if missing. The numbers go into its folder `data`.

    Returns:
        The files: a PNG and an SVG of each figure that the run has. What single tasks are needed for is not
        drawn with `records: summary`.
    """
    write_numbers(figure_tables(found, units, scenario), folder / FOLDER)
    return draw(read_numbers(scenario, folder / FOLDER), folder)


def draw(numbers: Numbers, folder: Path, page: Page = RUN_PAGE) -> list[Path]:
    """Draw the figures of a run from their numbers, and write their captions.

    Args:
        numbers: of the run.
        folder: where the files go; made if missing.
        page: what they are made for.

    Returns:
        The files of the figures.
    """
    folder.mkdir(parents=True, exist_ok=True)
    captions, files = dict[str, str](), list[Path]()
    with house_style(page):
        for name, make in DRAWN.items():
            drawn = make(numbers, page)
            if drawn is None:
                continue
            if page.style == "paper":
                drawn.tell_below(numbers.scenario)
            captions[name] = drawn.caption(numbers.scenario)
            files += save(drawn.figure, folder / name, page, captions[name])
    (folder / CAPTIONS).write_text(
        json.dumps(captions, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return files
