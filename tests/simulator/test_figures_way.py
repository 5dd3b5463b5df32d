import numpy as np
import pandas as pd
import pytest

from coinfer.simulator.figures_numbers import Numbers
from coinfer.simulator.figures_page import Page
from coinfer.simulator.figures_way import along_the_way, way, way_tables
from coinfer.simulator.scenario import Scenario

LINE = {"model": "line", "start_m": 20, "end_m": 120, "speed_mps": 2}
ROUND = {"model": "waypoint", "radius_m": 100, "speed_mps": 2}


def scenario(mobility):
    level = {"budget": {}} if mobility else {"mean_snr_db": 5}
    return Scenario.model_validate(
        {
            "name": "way",
            "duration_s": 96,
            "devices": [
                {"profile": "jetson-nano", "arrivals": {"rate_hz": 1.0}, "mobility": mobility},
            ],
            "link": {"bandwidth_hz": 1e6, **level},
            "edge": {"profile": "rtx-3090"},
            "codecs": ["raw", "local"],
            "deadlines_s": [0.1, 0.2, 0.5],
        }
    )


def records():
    """A task a second for each codec; raw is late in the second half, and its last task is given up."""
    arrival_s = np.arange(97.0)
    late = np.where(arrival_s > 48.0, 0.3, 0.15)
    raw = pd.DataFrame({"codec": "raw", "arrival_s": arrival_s, "done_s": arrival_s + late})
    raw["outcome"], raw["snr_db"] = "done", np.linspace(30.0, -10.0, 97)
    raw.loc[96, ["outcome", "done_s", "snr_db"]] = "aborted", np.nan, np.nan
    local = raw.assign(codec="local", done_s=raw["arrival_s"] + 0.05, outcome="done", snr_db=np.nan)
    tasks = pd.concat([raw, local], ignore_index=True).assign(correct=True, replication=0)
    return tasks, pd.DataFrame({"codec": ["raw", "local"]})


def drawn(described):
    tasks, summary = records()
    drawn = along_the_way(Numbers(described, {"summary": summary, **way_tables(tasks, 0.2)}), Page())
    return drawn.figure


def test_a_run_in_which_nobody_moves_has_no_such_figure():
    assert way(scenario(None)) is None
    assert way(scenario({"model": "standing", "distance_m": 100})) is None


@pytest.mark.parametrize("mobility", [LINE, ROUND])
def test_the_shares_on_time_follow_the_way(mobility):
    figure = drawn(scenario(mobility))
    above, below = figure.axes[:2]
    raw, local = (line.get_ydata() for line in below.lines)
    assert raw.tolist() == [1.0] * 12 + [0.0] * 12
    assert local.tolist() == [1.0] * 24
    assert "200 ms" in below.get_ylabel()
    (median_db,) = (line.get_ydata() for line in above.lines)
    assert median_db[0] == pytest.approx(30.0 - 40.0 / 96.0 * 2.0)
    assert np.all(np.diff(median_db) < 0.0)


def test_a_line_has_its_distances_written_above():
    figure = drawn(scenario(LINE))
    (top,) = figure.axes[0].child_axes
    assert [tick.get_text() for tick in top.get_xticklabels()] == ["20 m", "70 m", "120 m", "70 m"]
    assert top.get_xticks().tolist() == [0.0, 25.0, 50.0, 75.0]
