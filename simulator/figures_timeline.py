"""A few seconds of one device: its SNR, and below its tasks stage by stage."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.transforms import Transform, offset_copy

from coinfer.simulator.figures_breakdown import STAGES, stage_samples
from coinfer.simulator.figures_numbers import Numbers
from coinfer.simulator.figures_page import Drawn, Page
from coinfer.simulator.figures_style import GREY, legend_above, short, time_text
from coinfer.simulator.figures_window import TASKS
from coinfer.simulator.records import STAMPS

_NOTE = (
    "{tasks} tasks of one device in the first replication, chosen where answers in time and late ones are "
    "close together; a row a task, for the codecs with the highest on-time accuracy at {deadline}. Bar: "
    "the task's deadline, cross: no answer by then. Above: the SNR that the device "
    "met{drawn}."
)
_LONGEST = 2.0
_FULL = 100


def timeline(numbers: Numbers, page: Page) -> Drawn | None:
    """Draw the SNR, and below a panel for each codec with a row for each task.

    Returns:
        None for a run that kept no tasks, or had none in its first replication.
    """
    if "timeline" not in numbers.tables:
        return None
    tasks, snr = numbers.tables["timeline"], numbers.tables["snr"]
    codecs, deadline_s = list(tasks["codec"].unique()), numbers.middle_deadline_s
    above = [1.0] if len(snr) else []
    figure = page.figure(0.9 + 0.8 * len(above) + 1.15 * len(codecs))
    ratios = [*above, *(1.3 for _ in codecs)]
    panels = figure.subplots(len(ratios), 1, sharex=True, height_ratios=ratios, squeeze=False)[:, 0]
    if above:
        _snr(panels[0], snr)
    for panel, codec in zip(panels[len(above) :], codecs, strict=True):
        _tasks(panel, tasks[tasks["codec"] == codec], deadline_s)
        panel.set_title(short(codec), loc="left", pad=2)
    arrival_s = tasks["arrival_s"]
    end_s = np.minimum(tasks["done_s"].fillna(np.inf), arrival_s + _LONGEST * deadline_s)
    panels[-1].set(
        xlim=(0, 1.01 * max(float(end_s.max()), float(arrival_s.max()) + deadline_s)), xlabel="time (s)"
    )
    bar = Line2D([], [], linestyle="none", marker="|", markersize=7, color="black")
    cross = Line2D([], [], linestyle="none", marker="x", markersize=4.5, color="black")
    legend_above(figure, [*stage_samples(), bar, cross], [*STAGES, "deadline", "late"], _at(numbers))
    drawn = ", drawn anew from the seed" if len(snr) >= _FULL else " where airtimes start"
    note = _NOTE.format(tasks=TASKS, deadline=time_text(deadline_s), drawn=drawn if above else ": unknown")
    return Drawn(figure, note, held=_at(numbers))


def _at(numbers: Numbers) -> str:
    axis = numbers.axis
    (value,) = numbers.shown("timeline")
    return "; ".join(text for text in (axis.title(value), axis.held_text) if text)


def _snr(panel: Axes, snr: pd.DataFrame) -> None:
    known_everywhere = len(snr) >= _FULL
    panel.plot(
        snr["time_s"], snr["snr_db"], color=GREY,
        linestyle="-" if known_everywhere else "none", marker="" if known_everywhere else ".",
    )  # fmt: skip
    panel.set_ylabel("SNR (dB)")


def _tasks(panel: Axes, tasks: pd.DataFrame, deadline_s: float) -> None:
    rows = np.arange(len(tasks))
    stamps_s = tasks[["arrival_s", *STAMPS]].to_numpy(dtype=np.float64)
    for (fill, hatching), start_s, end_s in zip(
        STAGES.values(), stamps_s.T[:-1], stamps_s.T[1:], strict=True
    ):
        panel.barh(
            rows, np.nan_to_num(end_s - start_s), 0.7, np.nan_to_num(start_s), color=fill,
            edgecolor=hatching or fill, linewidth=0, hatch="//////" if hatching else None, zorder=2,
        )  # fmt: skip
    due_s = stamps_s[:, 0] + deadline_s
    late = ~((tasks["outcome"] == "done").to_numpy() & (stamps_s[:, -1] <= due_s))
    panel.vlines(due_s, rows - 0.45, rows + 0.45, color="black", linewidth=1.1, zorder=3)
    panel.plot(
        due_s[late], rows[late], "x", color="black", markersize=4.5, zorder=4, transform=_beside(panel)
    )
    panel.set(ylim=(len(tasks) - 0.4, -0.6), ylabel="task")
    panel.set_yticks([])
    panel.grid(visible=False, axis="y")


def _beside(panel: Axes) -> Transform:
    return offset_copy(panel.transData, panel.get_figure(root=True), 0.07, 0.0)
