"""Bytes against accuracy: what each codec makes of an image set, without any link."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, PercentFormatter

from coinfer.simulator.figures_style import (
    GREY,
    CodecStyle,
    blank_figure,
    codec_style,
    legend_above,
    sample_line,
)

_NOTE = "Error bars: 95 % intervals (Wilson), where longer than the marker."
_DEEPEST = 0.2
"""Loss at which the figure ends below: lines go on."""
_SPLITS = "Beside a point: the layer of the split. "


def rate_accuracy_figure(table: pd.DataFrame, uncompressed: float, images: str) -> Figure:
    """Draw top-1 accuracy over mean bytes, a line for each family of operating points.

    Families of a codec share their colour. Those that differ in the split alone share the marker as well, and
    have the split's layer beside them.

    Args:
        table: the table of rate_accuracy.csv.
        uncompressed: top-1 of the uncompressed network.
        images: what the image set is called.
    """
    figure = blank_figure(3.6)
    panel = figure.subplots()
    table = table.assign(kind=[_kind(*row) for row in zip(table["family"], table["split"], strict=True)])
    table = table[table["payload_bytes_mean"] > 0]  # The axis is logarithmic.
    styles = _styles(table)
    panel.axhline(uncompressed, color=GREY, linestyle=(0, (1, 1)), linewidth=0.9, zorder=2)
    lowest = uncompressed - _DEEPEST
    for (kind, _), family in table.groupby(["kind", "family"], sort=False):
        rows = family.sort_values("payload_bytes_mean")
        style, place = styles[str(kind)], list(styles).index(str(kind))
        _curve(panel, rows, style)
        _split(panel, rows[rows["top1"] >= lowest], style.colour, below=place % 2 == 1)
    below = table.loc[table["top1"] < lowest, "label"]
    if panel.get_ylim()[0] < lowest:
        panel.set_ylim(bottom=lowest)
    panel.set_xscale("log")
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    panel.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    panel.set(xlabel="mean length of a message (byte)", ylabel="top-1 accuracy")
    samples = [sample_line(style) for style in styles.values()]
    line = Line2D([], [], color=GREY, linestyle=(0, (1, 1)), linewidth=0.9)
    legend_above(figure, [*samples, line], [*styles, "uncompressed"])
    note = (_SPLITS if table["split"].notna().any() else "") + _NOTE
    note += f"\nBelow the axis: {', '.join(below)}." if len(below) else ""
    figure.supxlabel(f"{images}, {table['images'].iloc[0]:,} images. {note}", fontsize=6.5, color="#444444")
    return figure


def _kind(family: str, split: object) -> str:
    """The family with a star for its split."""
    return family.replace(f"split={split}", "split=*")


def _styles(table: pd.DataFrame) -> dict[str, CodecStyle]:
    """A style for each kind: a marker of its own, and the colour of its codec, by the number of points."""
    points = table["codec"].value_counts()
    colours = sorted(table["codec"].unique(), key=lambda codec: -points[codec])
    kinds = table.drop_duplicates("kind")[["kind", "codec"]].itertuples(index=False)
    return {
        kind: replace(codec_style(place), colour=codec_style(colours.index(codec)).colour)
        for place, (kind, codec) in enumerate(kinds)
    }


def _curve(panel: Axes, rows: pd.DataFrame, style: CodecStyle) -> None:
    """Draw one family: line, markers, error bars."""
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
        zorder=3,
    )


def _split(panel: Axes, rows: pd.DataFrame, colour: str, below: bool) -> None:
    """Write the layer of the split beside a family: behind its first point in the figure."""
    if rows.empty or not isinstance(split := rows["split"].iloc[0], str):
        return
    panel.annotate(
        split.removeprefix("layer"),
        tuple(rows[["payload_bytes_mean", "top1"]].iloc[0]),
        xytext=(3.5, -3) if len(rows) > 1 else (4, -8 if below else 3),
        textcoords="offset points",
        color=colour,
        fontsize=7,
        zorder=5,
        path_effects=[withStroke(linewidth=1.5, foreground="white")],
    )
