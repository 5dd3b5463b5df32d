import numpy as np
import pandas as pd

from coinfer.simulator.html_table import MOST_ROWS, html_table, number_column, text_column


def cells(column, **values):
    return column.cells(pd.DataFrame(values))


def test_numbers_are_in_the_units_of_the_heading():
    (cell,) = cells(number_column("ms", "latency_s", 1e3, 0), latency_s=[12.3125])
    assert (cell.text, cell.order, cell.interval) == ("12,312", 12312.5, "")


def test_what_never_happens_comes_after_all_and_what_is_missing_last():
    never, missing = cells(number_column("ms", "a"), a=[np.inf, np.nan])
    assert (never.text, never.order) == ("never", 1e300)
    assert (missing.text, missing.order) == ("none", None)


def test_a_difference_has_a_sign_and_stands_out_if_its_interval_leaves_out_zero():
    column = number_column("points", "d", 100, signed=True)
    found = cells(column, d=[0.1, -0.1, -1e-9], d_low=[0.05, -0.2, -1], d_high=[0.2, 0.01, 1])
    assert [cell.text for cell in found] == ["+10.0", "\N{MINUS SIGN}10.0", "+0.0"]
    assert [cell.clear for cell in found] == [True, False, False]
    assert found[0].interval == "(5.0 to 20.0)"
    assert found[0].title == "95 % interval: 5.0 to 20.0"


def test_an_interval_without_a_bound_and_none_at_all():
    column = number_column("s", "a", digits=0)
    unbounded, without = cells(column, a=[5, 6], a_low=[4, np.nan], a_high=[np.inf, np.nan])
    assert unbounded.interval == "(4 to never)"
    assert (without.text, without.interval, without.title) == ("6", "", "")


def test_a_page_shows_no_more_rows_than_a_browser_bears():
    table = pd.DataFrame({"codec": ["a"] * (MOST_ROWS + 1)})
    made = html_table(table, [text_column("codec", lambda rows: rows["codec"])], table)
    assert (len(made.rows), made.whole) == (MOST_ROWS, MOST_ROWS + 1)
    places, (cell,) = made.rows[0]
    assert (places, cell.text) == ({"codec": "a"}, "a")
