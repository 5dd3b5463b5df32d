"""The frontier: the smallest deadline at which a codec is nearly as good as the uncompressed network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rcParams
from matplotlib.axes import Axes

from coinfer.simulator.figures_numbers import PLACE, Numbers
from coinfer.simulator.figures_page import Drawn, Page
from coinfer.simulator.figures_scale import scale_x, tick_times
from coinfer.simulator.figures_style import GREY, codec_line, codec_style, dodged, legend_above, time_text

SHARE = 0.9
"""Of the uncompressed accuracy."""

_UNCOMPRESSED = ("raw", "png")
_COLUMNS = ("place", "deadline_s", "low_s", "high_s")
_NEVER, _ABOVE = 1.4, 1.8
"""Where codecs stand that do not get there, and where the axis ends, in units of the longest deadline."""


def frontier(numbers: Numbers, page: Page) -> Drawn | None:
    """Draw the smallest sufficient deadline of all codecs along the sweep.

    Returns:
        None where nothing is swept.
    """
    axis, codecs = numbers.axis, numbers.codecs
    if axis.key is None:
        return None
    figure = page.figure(3.2)
    panel = figure.subplots()
    longest_s = float(numbers.tables["deadlines"]["deadline_s"].max())
    gap_inch = page.width_inch / max(len(axis.values), 2)
    for number, codec in enumerate(codecs):
        _curve(panel, reached(numbers, codec), numbers, number, gap_inch, longest_s)
    low_s = float(numbers.tables["deadlines"]["deadline_s"].min())
    panel.set(yscale="log", ylim=(low_s, longest_s * _ABOVE))
    tick_times(panel.yaxis, low_s, longest_s * _ABOVE, labels=8)
    scale_x(panel, axis, page.width_inch)
    panel.axhline(longest_s, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=2)
    panel.annotate(
        "later",
        (0.0, longest_s * _NEVER),
        (-6, 0),
        xycoords=panel.get_yaxis_transform(),
        textcoords="offset points",
        ha="right",
        va="center",
        fontsize=rcParams["ytick.labelsize"],
    )
    panel.set(xlabel=axis.label, ylabel=f"deadline for {SHARE:.0%} of the\nuncompressed accuracy")
    legend_above(figure, [codec_line(number) for number in range(len(codecs))], codecs, axis.held_text)
    return Drawn(figure, _note(numbers, longest_s), "Error bars: 95 % intervals.", axis.held_text)


def reached(numbers: Numbers, codec: str) -> pd.DataFrame:
    """Find the smallest deadline at which a codec's on-time accuracy reaches its target.

    Returns:
        A row a value of the axis: `deadline_s`, infinite if no deadline that was looked at is enough, between
        `low_s` and `high_s`: where the upper and the lower limit of on-time accuracy get there.
    """
    table, rows = numbers.tables["deadlines"], []
    of_codec = table[table["codec"] == codec].sort_values("deadline_s")
    for place, shares in of_codec.groupby(PLACE):
        enough = SHARE * _uncompressed(numbers, int(str(place)))
        limits = ("on_time_accuracy", "on_time_accuracy_high", "on_time_accuracy_low")
        rows.append((place, *(shares["deadline_s"][shares[limit] >= enough].min() for limit in limits)))
    return pd.DataFrame(rows, columns=list(_COLUMNS)).fillna(np.inf)


def _reference(numbers: Numbers) -> str | None:
    return next((codec for codec in _UNCOMPRESSED if codec in numbers.codecs), None)


def _uncompressed(numbers: Numbers, place: int) -> float:
    """Accuracy without a deadline of the uncompressed network, or else of the most accurate codec."""
    summary = numbers.tables["summary"]
    accuracy = summary[summary[PLACE] == place].groupby("codec")["accuracy"].first()
    return float(accuracy.get(_reference(numbers), accuracy.max()))


def _note(numbers: Numbers, longest_s: float) -> str:
    reference = _reference(numbers)
    which = f"codec {reference}" if reference else "the most accurate codec of the run"
    shares = sorted({_uncompressed(numbers, place) for place in range(len(numbers.axis.values))})
    told = " to ".join(f"{100 * share:.1f}" for share in dict.fromkeys([shares[0], shares[-1]]))
    return (
        f"Smallest deadline at which on-time accuracy reaches {SHARE:.0%} of the uncompressed accuracy: "
        f"that of {which} without a deadline, {told} %. Hollow markers at the top: not "
        f"within {time_text(longest_s)}, the longest deadline looked at."
    )


def _curve(
    panel: Axes, table: pd.DataFrame, numbers: Numbers, number: int, gap_inch: float, longest_s: float
) -> None:
    axis, style = numbers.axis, codec_style(number)
    aside = dodged(panel, number, len(numbers.codecs), gap_inch)
    x = np.array(axis.positions())[table[PLACE].to_numpy(dtype=np.int64)]
    y_s, found = table["deadline_s"].to_numpy(), np.isfinite(table["deadline_s"].to_numpy())
    common: dict[str, Any] = {
        "color": style.colour,
        "marker": style.marker,
        "markersize": style.size,
        "transform": aside,
    }
    dashes = style.dashes if axis.numeric else "none"
    panel.plot(x, np.where(found, y_s, np.nan), linestyle=dashes, zorder=3 + 0.1 * number, **common)
    panel.plot(
        x[~found],
        np.full((~found).sum(), longest_s * _NEVER),
        linestyle="none",
        markerfacecolor="white",
        **common,
    )
    top_s = np.minimum(table["high_s"], longest_s * _ABOVE)
    panel.vlines(
        x[found], table["low_s"][found], top_s[found], color=style.colour, linewidth=0.9, transform=aside
    )
