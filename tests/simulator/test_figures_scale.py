import numpy as np
import pytest

from coinfer.simulator.figures_page import printed
from coinfer.simulator.figures_scale import cell_edges, spaced


def test_labels_that_would_touch_are_left_out():
    assert spaced(np.array([0.0, 1.0, 2.0, 3.0]), [1.0] * 4) == [0, 1, 2, 3]
    assert spaced(np.array([0.0, 0.9, 2.0, 3.0]), [1.0] * 4) == [0, 2, 3]
    assert spaced(np.array([0.0, 1.0, 2.0]), [1.0, 2.0, 1.0]) == [0, 2]


def test_cells_meet_halfway_by_ratio_on_a_logarithmic_scale():
    np.testing.assert_allclose(cell_edges(np.array([1.0, 4.0]), logarithmic=True), [0.5, 2.0, 8.0])
    np.testing.assert_allclose(cell_edges(np.array([3.0]), logarithmic=False), [2.5, 3.5])


@pytest.mark.parametrize(("columns", "grid"), [(1, (3, 2)), (2, (2, 3))])
def test_panels_stand_below_each_other_on_a_narrow_page(columns, grid):
    page = printed("paper", columns)
    assert page.grid(6) == grid
    assert page.grid(1) == (1, 1)
    assert page.grid(4) == (2, 2)
