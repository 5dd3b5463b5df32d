"""The distribution of latency, with theory over the lines that have one."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.text import Text

from coinfer.codecs.protocol import Cost
from coinfer.simulator.by_point import point_key
from coinfer.simulator.figure_files import house_style
from coinfer.simulator.figures_axis import shown_points
from coinfer.simulator.figures_distribution import latency_distribution
from coinfer.simulator.figures_numbers import read_numbers, write_numbers
from coinfer.simulator.figures_page import Page
from coinfer.simulator.figures_style import BLACK
from coinfer.simulator.figures_tables import figure_tables
from coinfer.simulator.measurements import Measurement
from coinfer.simulator.results import results
from coinfer.simulator.scenario import Scenario

RIGHT = np.array([True, True, False])
CODECS = {
    "local": Measurement(np.full(3, 8), RIGHT, Cost(1e10), Cost(), True),
    "raw": Measurement(np.full(3, 3000), RIGHT, Cost(), Cost(8e9), False),
    "jpeg": Measurement(np.array([800, 900, 1000]), RIGHT, Cost(1e8), Cost(8e9), False),
}
FADING = {"link.fading.model": ["none", "rayleigh"]}


@pytest.fixture
def drawn(experiments, unit_files, tmp_path):
    """Draws a small run: the figure with its caption, and the numbers behind it."""

    def draw(sweep, **changes):
        points = [
            replace(point, measurements=CODECS)
            for point in experiments(sweep, **{"tasks": 100, "replications": 1, **changes})
        ]
        scenario = Scenario.model_validate(points[0].scenario.model_dump() | {"sweep": sweep})
        units = unit_files(points, tmp_path)
        found = results(points, units, shown_points(scenario))
        by_point = dict(zip([point_key(point.coordinates) for point in points], units, strict=True))
        write_numbers(figure_tables(found, by_point, scenario), tmp_path / "data")
        numbers = read_numbers(scenario, tmp_path / "data")
        with house_style():
            return latency_distribution(numbers, Page()), numbers

    return draw


def black_lines(panel):
    return [line for line in panel.lines if line.get_color() == BLACK]


@pytest.mark.parametrize("records", ["all", "summary"])
def test_theory_is_drawn_over_the_codecs_that_have_one(drawn, records):
    made, numbers = drawn(FADING, records=records)
    constant, fading, *_ = made.figure.axes
    assert len(black_lines(constant)) == 2
    assert len(black_lines(fading)) == 1
    theory = numbers.tables["closed_forms"]
    assert theory.groupby("place")["codec"].unique().map(list).to_dict() == {
        0: ["local", "raw"],
        1: ["local"],
    }
    (curve,) = black_lines(fading)
    rows = theory[theory["place"] == 1]
    assert curve.get_xdata()[1:] == pytest.approx(rows["latency_s"].to_list())
    assert curve.get_ydata() == pytest.approx([0.0, *rows["answered"]])
    (legend,) = made.figure.legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names == [*CODECS, "closed form: M/D/1, local", "closed form: M/D/1 in tandem, raw"]
    assert "over the line of local: the steady state of an M/D/1 queue (Erlang 1909" in made.note
    assert "over the line of raw: constant services in tandem" in made.note


def test_nothing_is_said_of_theory_where_there_is_none(drawn):
    made, numbers = drawn({}, devices=[{"profile": "jetson-nano", "arrivals": {"rate_hz": 3.0}, "buffer": 1}])
    assert "closed_forms" not in numbers.tables
    assert not black_lines(made.figure.axes[0])
    assert [text.get_text() for text in made.figure.legends[0].get_texts()] == list(CODECS)
    assert "over the line" not in made.note


@pytest.mark.parametrize(("count", "first", "last"), [(18, "20 ms", "1.89 s"), (3, "20 ms", "240 ms")])
def test_as_many_deadlines_are_named_as_fit(drawn, count, first, last):
    deadlines_s = (0.02 + 0.11 * np.arange(count)).round(6).tolist()
    figure = drawn({}, tasks=20, deadlines_s=deadlines_s)[0].figure
    figure.draw_without_rendering()
    (panel,) = figure.axes
    boxes = [Text.get_window_extent(label) for label in panel.texts]
    names = [label.get_text() for label in panel.texts]
    assert (names[0], names[-1]) == (first, last)
    assert len(names) == min(count, 13)
    assert all(one.x1 < other.x0 for one, other in pairwise(boxes))
    assert boxes[-1].x1 <= figure.bbox.x1
    dashed = [line.get_xdata()[0] for line in panel.lines if len(set(line.get_xdata())) == 1]
    assert dashed == pytest.approx(deadlines_s)
