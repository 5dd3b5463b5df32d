import numpy as np
import pandas as pd
import pytest

from coinfer.simulator.figures_axis import sweep_axis
from coinfer.simulator.scenario import Scenario


@pytest.fixture
def axis_of(experiments):
    """Gives the axis of a sweep."""

    def axis(sweep):
        data = experiments({})[0].scenario.model_dump() | {"sweep": sweep}
        return sweep_axis(Scenario.model_validate(data))

    return axis


def test_zipped_keys_move_along(axis_of):
    axis = axis_of({"zip": {"edge.profile": ["rtx-3090", "cpu-server"], "link.mean_snr_db": [10, 0]}})
    assert (axis.key, axis.values, axis.held) == ("link.mean_snr_db", (0, 10), {})
    assert axis.points[0] == {"edge.profile": "cpu-server", "link.mean_snr_db": 0}
    assert axis.held_text == "moved along: edge.profile"


def test_points_that_make_a_grid_are_held_at_the_first(axis_of):
    columns = {"link.mean_snr_db": [0, 0, 10, 10], "edge.workers": [1, 2, 1, 2]}
    axis = axis_of({"csv": columns, "drain": [True]})
    assert (axis.key, axis.values) == ("link.mean_snr_db", (0, 10))
    assert axis.held == {"edge.workers": 1, "drain": True}
    assert axis.held_text == "held: drain = true, edge.workers = 1"


def test_of_several_points_with_the_same_value_the_first_is_shown(axis_of):
    axis = axis_of({"csv": {"link.mean_snr_db": [0, 5, 5], "edge.workers": [1, 2, 3]}})
    assert axis.points == {
        0: {"link.mean_snr_db": 0, "edge.workers": 1},
        5: {"link.mean_snr_db": 5, "edge.workers": 2},
    }


def test_names_keep_their_order(axis_of):
    axis = axis_of({"zip": {"link.sharing": ["fifo", "equal", "tdma"], "drain": [True, False, True]}})
    assert axis.values == ("fifo", "equal", "tdma")


def test_the_rows_of_a_point_are_selected_also_where_a_value_is_null(axis_of):
    axis = axis_of({"zip": {"devices.0.buffer": [None, 3], "edge.workers": [1, 2]}})
    table = pd.DataFrame(
        {"devices.0.buffer": [np.nan, 3.0, np.nan], "edge.workers": [1, 2, 2], "row": [0, 1, 2]}
    )
    assert axis.select(table, 1)["row"].tolist() == [0]
    assert axis.select(table, 2)["row"].tolist() == [1]
