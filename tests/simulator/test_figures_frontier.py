import numpy as np
import pandas as pd
import pytest

from coinfer.simulator.figures_frontier import frontier, reached
from coinfer.simulator.figures_map import deadline_map
from coinfer.simulator.figures_numbers import Numbers
from coinfer.simulator.figures_page import Page
from coinfer.simulator.figures_winners import winners

GRID_S = [0.1, 0.2, 0.4]


@pytest.fixture
def numbers(experiments):
    """Two codecs at two values: raw is slow and gets better, local is fast but not accurate enough."""
    scenario = experiments({"link.mean_snr_db": [0, 10]})[0].scenario
    scenario = scenario.model_validate(scenario.model_dump() | {"sweep": {"link.mean_snr_db": [0, 10]}})
    shares = {("raw", 0): [0.0, 0.1, 0.5], ("raw", 1): [0.0, 0.721, 0.8], ("local", 0): [0.6, 0.6, 0.6]}
    shares["local", 1] = [0.6, 0.719, 0.73]
    deadlines = pd.concat(
        pd.DataFrame({"place": place, "codec": codec, "deadline_s": GRID_S, "on_time_accuracy": share})
        for (codec, place), share in shares.items()
    )
    share = deadlines["on_time_accuracy"]
    deadlines = deadlines.assign(on_time_accuracy_low=share - 0.05, on_time_accuracy_high=share + 0.05)
    summary = pd.DataFrame(
        {"place": [0, 1, 0, 1], "codec": ["raw", "raw", "local", "local"], "accuracy": [0.8, 0.8, 0.9, 0.9]}
    )
    leads = pd.DataFrame(
        {
            "place": [0, 0, 0, 1, 1, 1],
            "deadline_s": GRID_S * 2,
            "codec": ["local", "local", "local", "local", "raw", "raw"],
            "rival": "any",
            "on_time_accuracy": [0.6, 0.6, 0.6, 0.0, 0.72, 0.8],
            "difference_low": [0.1, 0.1, -0.1, 0.1, -0.1, 0.1],
        }
    )
    return Numbers(scenario, {"summary": summary, "deadlines": deadlines, "leads": leads})


def test_the_frontier_is_the_first_deadline_at_nine_tenths_of_the_uncompressed_accuracy(numbers):
    raw, local = reached(numbers, "raw"), reached(numbers, "local")
    assert raw["deadline_s"].tolist() == [np.inf, 0.2]
    assert raw[["low_s", "high_s"]].to_numpy().tolist() == [[np.inf, np.inf], [0.2, 0.4]]
    assert local["deadline_s"].tolist() == [np.inf, 0.4]
    assert local[["low_s", "high_s"]].to_numpy().tolist() == [[np.inf, np.inf], [0.2, np.inf]]


def test_without_a_lossless_codec_the_most_accurate_one_is_the_reference(numbers):
    tables = {
        name: table.assign(codec=table["codec"].replace("raw", "jpeg"))
        for name, table in numbers.tables.items()
    }
    other = Numbers(numbers.scenario, tables)
    assert reached(other, "jpeg")["deadline_s"].tolist() == [np.inf, np.inf]
    drawn = frontier(other, Page())
    assert drawn is not None
    assert "the most accurate codec of the run without a deadline, 90.0 %" in drawn.note


def test_codecs_that_are_too_late_stand_above_the_longest_deadline(numbers):
    drawn = frontier(numbers, Page())
    assert drawn is not None
    assert "codec raw without a deadline, 80.0 %" in drawn.note
    (panel,) = drawn.figure.axes
    hollow = [line for line in panel.lines if line.get_markerfacecolor() == "white"]
    assert [line.get_xdata().tolist() for line in hollow] == [[0.0], [0.0]]
    assert all(line.get_ydata()[0] > 0.4 for line in hollow)


def test_the_map_says_the_share_at_each_deadline_of_the_scenario(numbers):
    drawn = deadline_map(numbers, Page())
    assert drawn is not None
    raw = drawn.figure.axes[0]
    assert [text.get_text() for text in raw.texts] == ["0", "0", "10", "72"]
    (mesh,) = raw.collections
    np.testing.assert_allclose(mesh.get_array(), [[0, 0], [10, 72.1], [50, 80]])


def test_winners_are_hatched_where_they_are_not_proven_and_nobody_wins_in_vain(numbers):
    drawn = winners(numbers, Page())
    assert drawn is not None
    (panel,) = drawn.figure.axes
    cells = [(patch.get_x(), round(patch.get_height(), 3), patch.get_hatch()) for patch in panel.patches]
    assert [hatch for *_, hatch in cells] == [None, "////", "////", None]
    assert [x for x, *_ in cells] == [-5.0, -5.0, 5.0, 5.0]
    markers = [line.get_xdata().tolist() for line in panel.lines]
    assert sorted(markers) == [[0.0, 0.0], [10.0]]
