"""One curve of theory with the points measured beside it."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter
from numpy.typing import NDArray

from coinfer.simulator.figures_style import codec_line, codec_style, legend_above

Values = Sequence[float] | NDArray[np.float64]


def overlay(axes: Axes, number: int, theory: tuple[Values, Values], measured: tuple[Values, Values]) -> None:
    """Draw one curve and its points in the style of that number.

    Args:
        axes: Where.
        number: Which of several curves this is, from 0 on.
        theory: Places and values of the line.
        measured: Places and values of the markers.
    """
    style = codec_style(number)
    axes.plot(*theory, color=style.colour, linestyle=style.dashes, linewidth=1.0)
    axes.plot(*measured, color=style.colour, marker=style.marker, markersize=style.size - 1.0, linestyle="")


def logarithmic(axes: Axes) -> None:
    """Let the vertical axis be logarithmic, with plain numbers: our style has no formulas in texts."""
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def explain(figure: Figure, names: Sequence[str], note: str) -> None:
    """Put the names of the curves above and a caption below.

    Args:
        figure: What to explain.
        names: A name for each curve, by number; none if there is but one.
        note: What is drawn, and from how much.
    """
    if names:
        legend_above(figure, [codec_line(number) for number in range(len(names))], names)
    text = textwrap.fill(f"Lines: theory. Markers: measured. {note}", 138)
    figure.supxlabel(text, fontsize=6.5, color="#444444")
