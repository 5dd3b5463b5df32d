import json
import warnings
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from coinfer.codecs.protocol import Cost
from coinfer.simulator.by_point import point_key
from coinfer.simulator.distribution import Distribution
from coinfer.simulator.figure_files import house_style
from coinfer.simulator.figures import CAPTIONS, DRAWN, draw, draw_figures
from coinfer.simulator.figures_axis import shown_points, sweep_axis
from coinfer.simulator.figures_breakdown import (
    STAGES,
    StageMeans,
    latency_breakdown,
    longest_shown_s,
    stage_means,
    stage_table,
)
from coinfer.simulator.figures_distribution import answered_share
from coinfer.simulator.figures_numbers import FOLDER, NumbersError, placed, read_numbers, write_numbers
from coinfer.simulator.figures_page import Page, printed
from coinfer.simulator.figures_style import codec_style, fitting, text_inch
from coinfer.simulator.figures_tables import figure_tables
from coinfer.simulator.measurements import Measurement
from coinfer.simulator.results import results
from coinfer.simulator.scenario import Scenario

HOSTILE = ("$\\frac{_", "x" * 200, 'two\nlines, "quoted"', "nan", "1", "_mine", "<b>", "é…")
NAMED = {"link.sharing": ["fifo", "equal"]}
SNR = {"link.mean_snr_db": [-5, 0, 20]}
GRID = {"edge.workers": [1, 2], "link.bandwidth_hz": [1e5, 1e6, 1e7], "link.sharing": ["fifo", "equal"]}


@pytest.fixture
def ran(experiments, unit_files, tmp_path):
    """Runs a small scenario: what it found, the files of its units by sweep point, and the scenario."""

    def run(sweep, labels=("zebra", "apple"), **changes):
        points = experiments(sweep, **changes)
        codecs = {
            label: Measurement(
                np.full(3, 300 * (number + 1)), np.array([True, True, False]), Cost(1e8), Cost(1e8), False
            )
            for number, label in enumerate(labels)
        }
        points = [replace(point, measurements=codecs) for point in points]
        scenario = Scenario.model_validate(points[0].scenario.model_dump() | {"sweep": sweep})
        units = unit_files(points, tmp_path)
        found = results(points, units, shown_points(scenario))
        return found, dict(zip([point_key(p.coordinates) for p in points], units, strict=True)), scenario

    return run


@pytest.fixture
def numbers(ran, tmp_path):
    """The numbers of the figures of a small run."""

    def of(sweep, **changes):
        found, units, scenario = ran(sweep, **changes)
        write_numbers(figure_tables(found, units, scenario), tmp_path / FOLDER)
        return read_numbers(scenario, tmp_path / FOLDER)

    return of


def test_names_of_many_deadlines_do_not_touch_below_bars(numbers):
    deadlines_s = [round(0.1 + 0.05 * place, 2) for place in range(18)]
    with house_style():
        figure = DRAWN["on_time_accuracy"](numbers({}, deadlines_s=deadlines_s), Page()).figure
        figure.draw_without_rendering()
    labels = [label for label in figure.axes[0].get_xticklabels() if label.get_text()]
    boxes = [label.get_window_extent() for label in labels]
    assert [label.get_text() for label in labels[:2]] == ["100 ms", "200 ms"]
    assert all(one.x1 < other.x0 for one, other in pairwise(boxes))


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def test_a_run_draws_its_figures_with_captions_and_the_same_bytes_again(ran, tmp_path, monkeypatch):
    found, units, scenario = ran(SNR)
    drawn = ["on_time_accuracy", "winners", "timeline"]
    few = {name: make for name, make in DRAWN.items() if name in {*drawn, "along_the_way"}}
    monkeypatch.setattr("coinfer.simulator.figures.DRAWN", few)
    once = draw_figures(found, units, scenario, tmp_path / "once")
    assert names(tmp_path / "once") == sorted(
        [CAPTIONS, *(f"{name}.{kind}" for name in drawn for kind in ("png", "svg"))]
    )
    captions = json.loads((tmp_path / "once" / CAPTIONS).read_text())
    assert list(captions) == drawn
    run = "Scenario sweep, seed 0, 2 replications of 30 tasks per device."
    assert all(caption.endswith(run) for caption in captions.values())
    assert "95 % intervals" in captions["on_time_accuracy"]
    for path in once:
        start = path.read_bytes()[:8]
        assert start == b"\x89PNG\r\n\x1a\n" if path.suffix == ".png" else start.startswith(b"<?xml")
    for path in draw(read_numbers(scenario, tmp_path / "once" / FOLDER), tmp_path / "again"):
        assert path.read_bytes() == (tmp_path / "once" / path.name).read_bytes()
    assert b"dc:date" not in once[1].read_bytes()


@pytest.mark.parametrize(
    ("sweep", "changes"),
    [
        ({}, {"labels": ["only"], "deadlines_s": [0.2]}),
        (NAMED, {"labels": HOSTILE}),
        (SNR, {"records": "summary"}),
    ],
    ids=["one codec without a sweep", "names and hostile labels", "summary"],
)
def test_every_kind_of_run_can_be_drawn(numbers, sweep, changes):
    run = numbers(sweep, **changes)
    with warnings.catch_warnings(), house_style():
        warnings.simplefilter("error")
        drawn = {name: made for name, make in DRAWN.items() if (made := make(run, Page()))}
        drawn["latency_breakdown"].figure.draw_without_rendering()
    assert run.codecs == list(changes.get("labels", ("zebra", "apple")))
    assert {"on_time_accuracy", "latency_breakdown", "latency_distribution"} <= drawn.keys()
    assert ("timeline" in drawn) == ("records" not in changes)
    assert ("frontier" in drawn) == bool(sweep)
    assert ("winners" in drawn) == bool(sweep)


def test_a_run_without_any_answer_can_be_drawn(numbers):
    run = numbers(SNR, link={"bandwidth_hz": 1.0, "mean_snr_db": 5}, on_deadline="abort")
    with house_style():
        assert all(make(run, Page()) for name, make in DRAWN.items() if name != "along_the_way")
    assert run.tables["latencies"].empty
    assert [bar.text for bar in stage_means(run.at("stages", -5))] == ["no answers"] * 2


def test_a_print_is_as_wide_as_its_column_and_names_no_run(numbers, tmp_path, monkeypatch):
    run = numbers({})
    page = printed("ieee", 1)
    monkeypatch.setattr("coinfer.simulator.figures.DRAWN", {"latency_breakdown": latency_breakdown})
    files = draw(run, tmp_path / "out", page)
    assert {path.suffix for path in files} == {".png", ".svg", ".pdf"}
    svg, pdf = (tmp_path / "out" / f"latency_breakdown.{kind}" for kind in ("svg", "pdf"))
    assert f'width="{3.5 * 72:g}pt"' in svg.read_text()
    assert b"/CreationDate" not in pdf.read_bytes()
    assert b"/Type3" not in pdf.read_bytes()
    assert "Scenario sweep" in json.loads((tmp_path / "out" / CAPTIONS).read_text())["latency_breakdown"]
    drawn = latency_breakdown(run, page)
    assert drawn.figure.get_supxlabel() == ""


def test_numbers_that_are_missing_or_damaged_are_told_in_a_line(numbers, tmp_path):
    scenario = numbers({}).scenario
    with pytest.raises(NumbersError, match="found none; run it again"):
        read_numbers(scenario, tmp_path / "nowhere")
    (tmp_path / FOLDER / "stages.csv").write_bytes(b"")
    with pytest.raises(NumbersError, match=r"stages\.csv: cannot be read"):
        read_numbers(scenario, tmp_path / FOLDER)


def test_tables_are_placed_along_the_axis(numbers):
    axis = numbers(SNR).axis
    parts = {value: pd.DataFrame({"link.mean_snr_db": [value], "codec": ["a"]}) for value in (-5, 20)}
    table = placed(parts, axis)
    assert table.columns.tolist() == ["place", "link.mean_snr_db", "codec"]
    assert table["place"].tolist() == [0, 2]


def test_the_share_answered_counts_every_task():
    times_s, share = answered_share(Distribution.of(np.array([0.3, np.inf, 0.1, np.inf])))
    assert times_s.tolist() == [0.1, 0.3]
    assert share.tolist() == [0.25, 0.5]
    times_s, share = answered_share(Distribution.of(np.arange(1.0, 100_001.0)))
    assert len(times_s) <= 500
    np.testing.assert_allclose(share, times_s / 1e5, rtol=1e-12)


def test_the_mean_stages_add_up_to_the_mean_latency(ran):
    found, _, scenario = ran(SNR)
    axis = sweep_axis(scenario)
    account, summary = found.shown[axis.point(20)], axis.select(found.summary, 20)
    for bar in stage_means(stage_table(account, summary)):
        latency_s = account.codecs[bar.codec].latency_s
        mean_s = latency_s.values @ latency_s.counts / latency_s.total
        assert bar.total_s == pytest.approx(mean_s, rel=1e-12)
        assert len(bar.means_s) == len(STAGES)


def bar(total_s, stable=True, answered=1.0):
    return StageMeans("codec", np.array([total_s]), answered, stable)


def test_a_bar_that_dwarfs_the_others_does_not_set_the_scale():
    assert longest_shown_s([bar(0.1), bar(0.2), bar(0.9), bar(40.0), bar(9.0, stable=False)]) == 0.9
    assert longest_shown_s([bar(30.0, stable=False), bar(50.0, stable=False)]) == 50.0
    assert longest_shown_s([bar(0.0, answered=0.0)]) == 1.0


def test_the_end_of_a_bar_says_what_it_leaves_out():
    assert bar(0.132).text == "132 ms"
    assert bar(31.2, stable=False).text == "31.2 s\nunstable"
    assert bar(31.2, stable=False, answered=0.9999).text == "31.2 s, unstable\n99.9% answered"
    assert bar(0.0, answered=0.0).text == "no answers"


def test_the_mean_snr_goes_on_the_axis_and_the_other_keys_are_held(experiments):
    axis = axis_of(experiments, {"edge.workers": [4, 2], "link.mean_snr_db": [20, -5]})
    assert (axis.key, axis.values, axis.held) == ("link.mean_snr_db", (-5, 20), {"edge.workers": 4})
    assert axis.held_text == "held: edge.workers = 4"
    assert axis.title(-5) == "mean SNR \N{MINUS SIGN}5 dB"


def test_without_a_swept_snr_the_first_number_goes_on_the_axis(experiments):
    axis = axis_of(experiments, GRID | {"link.mean_snr_db": [3]})
    assert (axis.key, axis.logarithmic) == ("edge.workers", False)
    assert axis.held == {"link.bandwidth_hz": 1e5, "link.sharing": "fifo", "link.mean_snr_db": 3}
    assert axis_of(experiments, {"link.bandwidth_hz": [1e7, 1e5]}).logarithmic
    assert axis_of(experiments, {"drain": [True, False]}).positions() == [0.0, 1.0]


def test_numbers_keep_the_held_points_only(numbers):
    run = numbers({"link.mean_snr_db": [0, 10], "link.sharing": ["equal", "fifo"]})
    assert len(run.tables["summary"]) == 2 * 2 * 2
    assert run.axis.held == {"link.sharing": "equal"}
    assert run.shown("stages") == [0, 10]


def axis_of(experiments, sweep):
    return sweep_axis(Scenario.model_validate(experiments({})[0].scenario.model_dump() | {"sweep": sweep}))


def test_sixteen_codecs_look_different():
    looks = {(style.colour, style.marker) for style in map(codec_style, range(16))}
    assert len(looks) == 16


def test_a_label_is_cut_to_the_room_there_is():
    assert fitting("raw", 1.0) == "raw"
    cut = fitting("x" * 200, 1.0)
    assert cut.endswith("…")
    assert 0.8 < text_inch(cut) <= 1.0
    assert fitting("x", 0.0) == "x"


def test_the_names_of_all_codecs_stand_in_the_figure(numbers):
    labels = [f"jpeg(quality={quality})" for quality in range(8)]
    drawn = latency_breakdown(numbers(SNR, labels=labels), Page())
    assert [label.get_text() for label in drawn.figure.axes[0].get_yticklabels()] == labels
