"""The figure of benchmarks/scaling.py: time and memory against the number of tasks."""

from pathlib import Path

import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullFormatter

from coinfer.simulator.figure_files import house_style, save
from coinfer.simulator.figures_style import GREY, blank_figure, codec_line, codec_style, legend_above

GROUPS = [(engine, records) for engine in ("events", "vector") for records in ("all", "summary")]

LEAST = 0.1
"""Seconds and MB below which a run is lost in the noise of starting up."""


def draw(results: pd.DataFrame, stem: Path) -> None:
    """Draw a line for each engine and way of keeping records, and a mark for a cell with many devices.

    Args:
        results: a row a run, as benchmarks/scaling.py makes them.
        stem: the path of the figure, without suffix.
    """
    stem.parent.mkdir(exist_ok=True)
    with house_style():
        figure = blank_figure(3.0)
        panels = figure.subplots(1, 2)
        crowded = results["layout"].str.contains("devices")
        for number, (engine, records) in enumerate(GROUPS):
            mine = (results["engine"] == engine) & (results["records"] == records)
            style = codec_style(number)
            for panel, column, unit in zip(panels, ("cpu_s", "peak_bytes"), (1.0, 1e6), strict=True):
                rows = results[mine & ~crowded & (results[column] > LEAST * unit)]
                line = codec_line(number)
                line.set_data(rows["tasks"], rows[column] / unit)
                panel.add_line(line)
                many = results[mine & crowded]
                panel.plot(many["tasks"], many[column] / unit, "x", color=style.colour)
        tasks = results["tasks"]
        panels[1].plot(tasks.sort_values(), 200e-6 * tasks.sort_values(), color=GREY, linewidth=0.8)
        for panel, label in zip(panels, ("CPU time (s)", "peak memory (MB)"), strict=True):
            panel.set(xscale="log", yscale="log", xlabel="tasks", ylabel=f"{label}, less start-up")
            for axis in (panel.xaxis, panel.yaxis):
                axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
                axis.set_minor_formatter(NullFormatter())
            panel.autoscale_view()
        handles = [codec_line(number) for number in range(len(GROUPS))]
        handles.append(Line2D([], [], color="black", marker="x", linestyle="none"))
        handles.append(Line2D([], [], color=GREY, linewidth=0.8))
        labels = [f"{engine}, records: {records}" for engine, records in GROUPS]
        legend_above(figure, handles, [*labels, "10,000 devices in a cell", "200 bytes a task"])
        save(figure, stem)
