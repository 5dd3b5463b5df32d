import pandas as pd
import pytest

from coinfer.simulator.dimensions import dimensions


def table(deadlines_s=(0.1,), **keys):
    points = pd.DataFrame({"codec": "raw", **keys}).merge(pd.DataFrame({"deadline_s": deadlines_s}), "cross")
    return points.assign(tasks=1)


def test_a_grid_has_a_dimension_for_each_key_and_the_deadline():
    found = dimensions(table((0.05, 0.2), a=["1", "1", "2", "2"], b=["x", None, "x", None]))
    assert [(one.name, one.values, one.positions) for one in found] == [
        ("a", ("1", "2"), (1.0, 2.0)),
        ("b", ("x", "null"), (0.0, 1.0)),
        ("deadline (ms)", ("50", "200"), (50.0, 200.0)),
    ]


def test_keys_in_step_are_one_with_the_scale_of_the_first_that_has_one():
    first, _ = dimensions(table(a=["x", "y", "z"], b=["3", "1", "2"], c=["True", "False", "null"]))
    assert first.name == "a, b, c"
    assert first.values == ("x, 3, true", "y, 1, false", "z, 2, null")
    assert first.positions == (3.0, 1.0, 2.0)


def test_points_that_are_no_grid_are_one_dimension():
    first, deadline = dimensions(table(a=["1", "1", "2"], b=["5", "6", "5"]))
    assert first.values == ("1, 5", "1, 6", "2, 5")
    assert first.positions == (0.0, 1.0, 2.0)
    assert deadline.values == ("100",)


@pytest.mark.parametrize(
    ("key", "values", "positions"),
    [
        ("link.bandwidth_hz", ["10", "1000"], (1.0, 3.0)),
        ("link.mean_snr_db", ["1", "100"], (1.0, 100.0)),
        ("tasks_more", ["0", "100"], (0.0, 100.0)),
    ],
)
def test_a_wide_scale_is_logarithmic_unless_in_decibels(key, values, positions):
    assert dimensions(table(**{key: values}))[0].positions == positions


def test_rows_find_their_places_in_other_tables():
    rows = table((0.05, 0.2), a=["2", "1"], b=["x", "y"])
    first, deadline = dimensions(rows)
    other = rows.iloc[[3, 0]]
    assert first.places(other).tolist() == [1, 0]
    assert deadline.places(other).tolist() == [1, 0]
    assert first.places(rows.assign(a="9")).tolist() == [-1] * 4
