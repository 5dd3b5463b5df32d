"""Where a figure is printed, what is told of it there, and what its caption says."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

from matplotlib.figure import Figure

from coinfer.simulator.figures_style import RC, WIDTH_INCH, blank_figure
from coinfer.simulator.scenario import Scenario

Style = Literal["paper", "ieee"]

COLUMN_INCH = 3.5
"""Width of a column of a two-column IEEE page."""

_NARROW_INCH = 5.0
_CHARACTERS_PER_INCH = 19
_SERIF: dict[Any, Any] = {"font.family": "STIXGeneral", "xtick.labelsize": 8, "ytick.labelsize": 8}
"""A Times that comes with matplotlib, so that all machines draw the same; 8 points throughout."""

_TASKS_SHARE = (
    "Intervals allow for what tasks of a replication share, fading and queues; they take the images as given."
)


@dataclass(frozen=True)
class Page:
    """The page that a figure is made for.

    Attributes:
        style: `paper` (sans serif, the run named below each figure) or `ieee` (Times, only the figure).
        width_inch: width of a figure.
        suffixes: the files that are written.
        dpi: resolution of the bitmap.
    """

    style: Style = "paper"
    width_inch: float = WIDTH_INCH
    suffixes: tuple[str, ...] = (".png", ".svg")
    dpi: int = 200

    @property
    def settings(self) -> dict[Any, Any]:
        """Settings of matplotlib."""
        return RC | _SERIF if self.style == "ieee" else RC

    @property
    def narrow(self) -> bool:
        """Whether panels have to stand below each other that would stand side by side."""
        return self.width_inch < _NARROW_INCH

    def figure(self, height_inch: float) -> Figure:
        """Return an empty figure of the page's width."""
        return blank_figure(height_inch, self.width_inch)

    def grid(self, panels: int) -> tuple[int, int]:
        """Rows and columns for a number of like panels."""
        columns = min(panels, 2) if self.narrow or panels == 4 else min(panels, 3)
        return ceil(panels / columns), columns


RUN_PAGE = Page()
"""What a run draws by itself."""


def printed(style: Style, columns: int) -> Page:
    """Return the page of a print: vectors, and a bitmap at 300 dpi.

    Args:
        style: see `Page`.
        columns: how many of a two-column page the figure is wide.
    """
    width_inch = COLUMN_INCH if columns == 1 else WIDTH_INCH
    return Page(style, width_inch, (".png", ".svg", ".pdf"), 300)


@dataclass(frozen=True)
class Drawn:
    """A figure with what its caption has to say.

    Attributes:
        figure: the figure.
        note: what it shows and how to read it, in sentences.
        intervals: what stands for an interval, such as `Error bars: 95 % intervals.`; empty without.
        held: what the swept keys do that are not on an axis; may be empty.
    """

    figure: Figure
    note: str
    intervals: str = ""
    held: str = ""

    def caption(self, scenario: Scenario) -> str:
        """The caption in one paragraph: what is shown, the intervals, the run."""
        told = [self.note, self.intervals, _TASKS_SHARE if self.intervals else ""]
        held = f"{self.held[0].upper()}{self.held[1:]}." if self.held else ""
        return " ".join(sentence for sentence in (*told, held, run_line(scenario)) if sentence)

    def tell_below(self, scenario: Scenario) -> None:
        """Say below the panels which run this is, and what stands for an interval."""
        line = f"{run_line(scenario)} {self.intervals}".strip()
        characters = int(self.figure.get_figwidth() * _CHARACTERS_PER_INCH)
        self.figure.supxlabel(textwrap.fill(line, characters), fontsize=6.5, color="#444444")


def run_line(scenario: Scenario) -> str:
    """Say which run a figure comes from, in a sentence."""
    per_device = f"{scenario.tasks:,} tasks" if scenario.tasks else f"{scenario.duration_s:g} s of tasks"
    plural = "s" if scenario.replications > 1 else ""
    at_least = "at least " if scenario.until else ""
    cells = f" in each of {scenario.cells:,} cells" if scenario.cells > 1 else ""
    run = f"{at_least}{scenario.replications:,} replication{plural} of {per_device} per device{cells}"
    return f"Scenario {scenario.name}, seed {scenario.seed}, {run}."
