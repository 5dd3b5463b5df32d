import pandas as pd
import pytest

from coinfer.simulator.by_point import at_point, by_codec, point_key, points, swept_keys


@pytest.fixture
def tasks():
    """Two sweep points, two replications, two codecs, three tasks each, as a run puts them together."""
    rows = [
        {"codec": codec, "edge.profile": point, "replication": replication, "arrival_s": arrival_s}
        for point in ("fast", None)
        for replication in (0, 1)
        for codec in ("b", "a")
        for arrival_s in (0.5, 1.5, 2.5 + replication)
    ]
    table = pd.DataFrame(rows)
    return table.assign(codec=pd.Categorical(table["codec"], categories=["b", "a"]))


def test_the_rows_of_a_point(tasks):
    assert at_point(tasks, {"edge.profile": "fast"}).index.tolist() == list(range(12))
    assert at_point(tasks, {"edge.profile": None}).index.tolist() == list(range(12, 24))
    assert at_point(tasks, {"edge.profile": "slow"}).empty
    assert at_point(tasks, {}) is tasks


def test_the_records_of_a_unit_by_codec(tasks):
    found = by_codec(tasks.iloc[18:])
    assert {codec: part.index.tolist() for codec, part in found.items()} == {
        "b": [18, 19, 20],
        "a": [21, 22, 23],
    }
    assert by_codec(tasks.iloc[:0]) == {}
    assert list(by_codec(tasks.iloc[3:6])) == ["a"]


def test_swept_values_are_the_key_of_a_point():
    assert point_key({}) == ()
    assert point_key({"edge.workers": 2, "edge.profile": None}) == (
        ("edge.workers", 2),
        ("edge.profile", None),
    )


def test_points_of_results_are_named():
    results = pd.DataFrame(
        {"codec": "a", "edge.profile": ["fast", None], "edge.workers": 2, "deadline_s": 1.0}
    )
    assert swept_keys(results) == ["edge.profile", "edge.workers"]
    names = [name for name, rows in points(results) if len(rows) == 1]
    assert names == ["edge.profile = fast, edge.workers = 2", "edge.profile = null, edge.workers = 2"]
    assert [name for name, _ in points(results[["codec", "deadline_s"]])] == [""]
