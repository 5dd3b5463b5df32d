from dataclasses import replace

from coinfer.simulator.by_point import point_key
from coinfer.simulator.results import results


def test_codecs_come_in_their_order_with_sweep_points_and_deadlines_below(experiments, unit_files, tmp_path):
    points = experiments({"edge.workers": [90, 10]})
    zebra, apple = points[0].measurements.values()
    points = [
        replace(point, measurements={f"jpeg({number})": zebra, "a": apple})
        for number, point in zip((90, 10), points, strict=True)
    ]
    table = results(points, unit_files(points, tmp_path)).summary
    assert table.columns[:4].tolist() == ["codec", "edge.workers", "deadline_s", "tasks"]
    assert table.iloc[:, :4].to_numpy().tolist() == [
        ["jpeg(90)", 90, 0.1, 60],
        ["jpeg(90)", 90, 0.2, 60],
        ["a", 90, 0.1, 60],
        ["a", 90, 0.2, 60],
        ["a", 10, 0.1, 60],
        ["a", 10, 0.2, 60],
        ["jpeg(10)", 10, 0.1, 60],
        ["jpeg(10)", 10, 0.2, 60],
    ]


def test_differences_come_point_by_point_and_outcomes_are_counted(experiments, unit_files, tmp_path):
    points = experiments({"link.mean_snr_db": [10, -5]})
    found = results(points, unit_files(points, tmp_path), {point_key(points[1].coordinates)})
    assert found.differences["link.mean_snr_db"].tolist() == [10, 10, -5, -5]
    assert {codec: sum(counts.values()) for codec, counts in found.outcomes.items()} == {
        "zebra": 120,
        "apple": 120,
    }
    assert list(found.shown) == [(("link.mean_snr_db", -5),)]


def test_a_single_codec_has_no_differences_but_their_columns(experiments, unit_files, tmp_path):
    points = [replace(point, measurements={"zebra": point.measurements["zebra"]}) for point in experiments()]
    table = results(points, unit_files(points, tmp_path)).differences
    assert table.empty
    assert table.columns[:2].tolist() == ["link.mean_snr_db", "deadline_s"]
