"""Bytes against accuracy: what each codec makes of an image set, without any link."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, PercentFormatter

from coinfer.simulator.figures_style import GREY, blank_figure, codec_line, codec_style, legend_above

_NOTE = "Error bars: 95 % intervals (Wilson), where longer than the marker."
_DEEPEST = 0.2
"""Loss at which the figure ends below: lines go on."""
_SPLITS = "Beside a point: the layer of the split. "


def rate_accuracy_figure(table: pd.DataFrame, uncompressed: float, images: str) -> Figure:
    """Draw top-1 accuracy over mean bytes, a line for each family of operating points.

    Families that differ in the split alone share colour and marker, and have the split's layer beside them.

    Args:
        table: the table of rate_accuracy.csv.
        uncompressed: top-1 of the uncompressed network.
        images: what the image set is called.
    """
    figure = blank_figure(3.6)
    panel = figure.subplots()
    table = table.assign(kind=[_kind(*row) for row in zip(table["family"], table["split"], strict=True)])
    table = table[table["payload_bytes_mean"] > 0]  # The axis is logarithmic.
    names = list(table["kind"].unique())
    panel.axhline(uncompressed, color=GREY, linestyle=(0, (1, 1)), linewidth=0.9, zorder=2)
    for (kind, _), rows in table.groupby(["kind", "family"], sort=False):
        _curve(panel, rows.sort_values("payload_bytes_mean"), names.index(kind))
    below = table.loc[table["top1"] < uncompressed - _DEEPEST, "label"]
    if panel.get_ylim()[0] < uncompressed - _DEEPEST:
        panel.set_ylim(bottom=uncompressed - _DEEPEST)
    panel.set_xscale("log")
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    panel.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    panel.set(xlabel="mean length of a message (byte)", ylabel="top-1 accuracy")
    samples = [codec_line(number) for number in range(len(names))]
    line = Line2D([], [], color=GREY, linestyle=(0, (1, 1)), linewidth=0.9)
    legend_above(figure, [*samples, line], [*names, "uncompressed"])
    note = (_SPLITS if table["split"].notna().any() else "") + _NOTE
    note += f"\nBelow the axis: {', '.join(below)}." if len(below) else ""
    figure.supxlabel(f"{images}, {table['images'].iloc[0]:,} images. {note}", fontsize=6.5, color="#444444")
    return figure


def _kind(family: str, split: object) -> str:
    """The family with a star for its split."""
    return family.replace(f"split={split}", "split=*")


def _curve(panel: Axes, rows: pd.DataFrame, number: int) -> None:
    """Draw one family: line, markers, error bars."""
    style = codec_style(number)
    limits = np.array([rows["top1"] - rows["top1_low"], rows["top1_high"] - rows["top1"]])
    panel.errorbar(
        rows["payload_bytes_mean"],
        rows["top1"],
        np.maximum(limits, 0),
        color=style.colour,
        linestyle=style.dashes,
        marker=style.marker,
        markersize=style.size,
        elinewidth=0.9,
        zorder=3 + 0.1 * number,
    )
    split = rows["split"].iloc[-1]
    if isinstance(split, str):
        longest = rows[["payload_bytes_mean", "top1"]].iloc[-1]
        panel.annotate(
            split.removeprefix("layer"), tuple(longest), xytext=(4, -8 if number % 2 else 3),
            textcoords="offset points", color=style.colour, fontsize=6.5, zorder=5,
        )  # fmt: skip
