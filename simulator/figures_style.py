"""How all figures look: colours that a colour-blind reader can tell apart, markers, legend.

References:
    Okabe and Ito, "Color Universal Design" (2008): the palette; its yellow, too pale for a line on
    white, is left out.
"""

from __future__ import annotations

import textwrap
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.textpath import TextPath
from matplotlib.transforms import Transform, offset_copy

WIDTH_INCH = 7.16
"""Text width of a two-column IEEE page."""

BLACK, GREY = "#000000", "#7f7f7f"
BLUE, VERMILLION, GREEN, PURPLE = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
ORANGE, SKY = "#e69f00", "#56b4e9"

RC: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 8,
    "font.size": 8,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.5,
    "hatch.linewidth": 0.6,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "legend.title_fontsize": 8,
    "lines.linewidth": 1.3,
    "svg.hashsalt": "coinfer",
    "text.hinting": "none",
    "text.parse_math": False,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
}
"""Settings of matplotlib; names of codecs are text, so a dollar sign in one starts no formula."""

_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK, GREY)
_MARKERS = "osD^vPX*"
_DODGE_INCH, _DODGE_SHARE = 0.025, 0.4
"""How far a codec is drawn beside the next, and what all may take of the gap between two values."""

_DASHES: tuple[Any, ...] = (
    "-",
    (0, (5, 1.5)),
    (0, (5, 1.5, 1, 1.5)),
    (0, (1, 1.2)),
    (0, (8, 2)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (2.5, 1.2)),
    (0, (1, 2.5)),
)
_HATCHES = ("", "////", "....", "xxxx", "\\\\\\\\", "----", "++++", "oooo")
_SIZES = (5.8, 4.8, 4.4, 4.6, 4.4, 4.2, 3.8, 4.4)
"""Markers shrink in drawing order, so that one of several at the same place does not hide the others."""

_CHARACTER_INCH, _HANDLE_INCH, _LONGEST_LABEL = 0.06, 0.62, 48


@dataclass(frozen=True)
class CodecStyle:
    """How one codec is drawn in every figure."""

    colour: str
    marker: str
    dashes: Any
    hatch: str
    size: float


def codec_style(number: int) -> CodecStyle:
    """Return the style of the codec at place `number`; from the ninth on, colours meet other markers."""
    place, shifted = number % len(_COLOURS), (number + number // len(_COLOURS)) % len(_COLOURS)
    return CodecStyle(_COLOURS[place], _MARKERS[shifted], _DASHES[shifted], _HATCHES[shifted], _SIZES[place])


def codec_line(number: int) -> Line2D:
    """Return the sample line that stands for a codec in a legend."""
    return sample_line(codec_style(number))


def sample_line(style: CodecStyle) -> Line2D:
    """Return the sample line of a style."""
    return Line2D(
        [], [], color=style.colour, marker=style.marker, markersize=style.size, linestyle=style.dashes
    )


def blank_figure(height_inch: float, width_inch: float = WIDTH_INCH) -> Figure:
    """Return an empty figure; of full text width if not told otherwise."""
    figure = Figure(figsize=(width_inch, height_inch), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def legend_above(
    figure: Figure, handles: Sequence[Artist | tuple[Artist, ...]], labels: Sequence[str], title: str = ""
) -> None:
    """Put the legend above all panels, in as many columns as fit."""
    labels, width_inch = [short(label) for label in labels], figure.get_figwidth()
    together: Any = list(handles)
    figure.legend(
        together,
        labels,
        loc="outside upper center",
        ncols=_columns(labels, width_inch),
        title="\n".join(textwrap.wrap(title, int(width_inch / _CHARACTER_INCH))) or None,
        handlelength=2.8,
    )


def _columns(labels: Sequence[str], width_inch: float) -> int:
    """Return the most legend columns that fit; matplotlib fills them from the top."""
    widths_inch = [text_inch(label) for label in labels]
    for columns in range(len(labels), 1, -1):
        rows = ceil(len(labels) / columns)
        widest_inch = [max(widths_inch[top : top + rows]) for top in range(0, len(labels), rows)]
        if sum(widest_inch) + len(widest_inch) * _HANDLE_INCH <= width_inch:
            return len(widest_inch)
    return 1


def text_inch(text: str) -> float:
    """Return how wide a line of text is in the font of legends and titles."""
    return float(TextPath((0, 0), text, size=RC["legend.fontsize"]).get_extents().width) / 72 if text else 0.0


def fitting(label: str, width_inch: float) -> str:
    """Cut a codec's label to a width.

    Args:
        label: of any length, on any number of lines.
        width_inch: room for it.
    """
    lengths = range(1, _LONGEST_LABEL + 1)
    most = bisect_right(lengths, width_inch, key=lambda length: text_inch(short(label, length)))
    return short(label, max(most, 1))


def dodged(panel: Axes, number: int, codecs: int, gap_inch: float) -> Transform:
    """Return the panel's coordinates moved a little aside, so that codecs do not hide each other's bars.

    Args:
        panel: the axes.
        number: place of the codec.
        codecs: how many there are.
        gap_inch: between neighbouring values on the axis.
    """
    figure = panel.get_figure(root=True)
    step_inch = min(_DODGE_INCH, _DODGE_SHARE * gap_inch / codecs)
    return offset_copy(panel.transData, figure, step_inch * (number - (codecs - 1) / 2), 0.0)


def short(label: str, most: int = _LONGEST_LABEL) -> str:
    """Cut a codec's label that is too long for a figure, and keep it on one line."""
    line = " ".join(label.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def time_text(time_s: float) -> str:
    """Write a time in the unit that reads best.

    >>> time_text(0.05), time_text(0.9999), time_text(12.34), time_text(3021.0), time_text(0.0)
    ('50 ms', '1 s', '12.3 s', '3,021 s', '0')
    """
    rounded_s = float(f"{time_s:.3g}")
    if rounded_s == 0:
        return "0"
    if rounded_s >= 100:
        return f"{time_s:,.0f} s"
    for unit_s, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if rounded_s >= unit_s * (1 - 1e-9):
            return f"{rounded_s / unit_s:.3g} {unit}"
    return f"{rounded_s:.3g} s"
