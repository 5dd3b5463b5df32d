import re
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from coinfer.simulator.by_point import point_key
from coinfer.simulator.distribution import Distribution
from coinfer.simulator.figures import draw_figures
from coinfer.simulator.figures_axis import shown_points, sweep_axis
from coinfer.simulator.figures_breakdown import StageMeans, latency_breakdown, longest_shown_s, stage_means
from coinfer.simulator.figures_distribution import answered_share
from coinfer.simulator.figures_style import codec_style
from coinfer.simulator.loading import expand
from coinfer.simulator.records import STAMPS
from coinfer.simulator.results import Results
from coinfer.simulator.scenario import Scenario

NAMES = [
    "latency_breakdown.png",
    "latency_breakdown.svg",
    "latency_distribution.png",
    "latency_distribution.svg",
    "on_time_accuracy.png",
    "on_time_accuracy.svg",
]
SNR = {"link.mean_snr_db": [-5, 0, 20]}


def scenario(codecs=("raw", "local"), sweep=None, deadlines_s=(0.1, 0.5)):
    return Scenario.model_validate(
        {
            "name": "synthetic",
            "tasks": 20,
            "devices": [{"profile": "jetson-nano", "arrivals": {"rate_hz": 1.0}}],
            "link": {"bandwidth_hz": 1e6, "mean_snr_db": 5},
            "edge": {"profile": "rtx-3090"},
            "codecs": list(codecs),
            "deadlines_s": list(deadlines_s),
            "sweep": SNR if sweep is None else sweep,
        }
    )


@pytest.fixture
def synthetic_run(judged):
    """Makes tasks whose codec n spends about n + 1 times as long in each stage; the first is unstable."""

    def run(described, **changes):
        rng = np.random.default_rng(1)
        labels, shown, rows = [codec.label for codec in described.codecs], {}, []
        for point in expand(described):
            tables = []
            for number, label in enumerate(labels):
                stages_s = rng.exponential(0.02 * (number + 1), (described.tasks, len(STAMPS)))
                arrival_s = np.arange(described.tasks, dtype=float)[:, None]
                stamps_s = np.cumsum(np.hstack([arrival_s, stages_s]), axis=1)
                table = pd.DataFrame(stamps_s, columns=["arrival_s", *STAMPS])
                common = {"replication": 0, "device_id": 0, "payload_bytes": 9, "correct": True}
                tables.append(table.assign(codec=label, outcome="done", **common).assign(**changes))
                for deadline_s in described.deadlines_s:
                    share = float((stages_s.sum(axis=1) <= deadline_s).mean())
                    limits = {"on_time_accuracy_low": share - 0.05, "on_time_accuracy_high": share + 0.05}
                    verdict = {"on_time_accuracy": share, **limits, "stable": number > 0}
                    rows.append({"codec": label, **point.coordinates, "deadline_s": deadline_s, **verdict})
            key = point_key(point.coordinates)
            if key in shown_points(described):
                shown[key] = judged(pd.concat(tables, ignore_index=True), point.scenario).point
        return Results(pd.DataFrame(rows), pd.DataFrame(), {}, shown)

    return run


EIGHT = ["raw", "png", "local", *({"id": "jpeg", "quality": quality} for quality in (10, 30, 50, 70, 90))]
GRID = {"edge.workers": [1, 2], "link.bandwidth_hz": [1e5, 1e6, 1e7], "link.sharing": ["fifo", "equal"]}
NAMED = {"link.sharing": ["fifo", "equal"]}


@pytest.mark.parametrize(
    "described",
    [
        scenario(codecs=["png"], sweep={"link.mean_snr_db": [0]}, deadlines_s=[0.2]),
        scenario(codecs=EIGHT, deadlines_s=[0.02, 0.05, 0.1, 0.11, 0.12, 1.0]),
        scenario(sweep=GRID),
        scenario(
            codecs=[
                "raw",
                {"id": "odd", "formula": "$\\frac{_", "long": "x" * 200},
                {"plugin": "a.py:_Mine"},
            ],
            sweep=NAMED,
        ),
    ],
    ids=["one codec", "eight codecs", "grid", "names and hostile labels"],
)
def test_every_figure_is_written_as_png_and_svg(described, tmp_path, synthetic_run):
    paths = draw_figures(synthetic_run(described), {}, described, tmp_path / "figures")
    assert sorted(path.name for path in paths) == NAMES
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == NAMES
    for path in paths:
        start = path.read_bytes()[:8]
        assert start == b"\x89PNG\r\n\x1a\n" if path.suffix == ".png" else start.startswith(b"<?xml")


def test_the_same_run_gives_the_same_files(tmp_path, synthetic_run):
    described = scenario()
    run = synthetic_run(described)
    once = draw_figures(run, {}, described, tmp_path / "once")
    again = draw_figures(run, {}, described, tmp_path / "again")
    assert [path.read_bytes() for path in once] == [path.read_bytes() for path in again]
    assert b"dc:date" not in once[1].read_bytes()


def test_a_run_without_any_answer_can_be_drawn(tmp_path, synthetic_run):
    described = scenario()
    ends = np.where(np.arange(described.tasks) % 2, "dropped", "in_flight")
    found = synthetic_run(described, outcome=ends, **dict.fromkeys(STAMPS, np.nan))
    wrong = {"on_time_accuracy": 0.0, "on_time_accuracy_low": 0.0, "on_time_accuracy_high": np.nan}
    found = replace(found, summary=found.summary.assign(**wrong))
    assert len(draw_figures(found, {}, described, tmp_path)) == 6


def test_an_infinite_latency_is_an_answer_that_never_came(tmp_path, synthetic_run):
    described = scenario(sweep={})
    done_s = np.where(np.arange(described.tasks) % 2, np.arange(described.tasks) + 1.0, np.inf)
    found = synthetic_run(described, done_s=done_s)
    assert len(draw_figures(found, {}, described, tmp_path)) == 6
    assert [bar.answered for bar in stage_means(found.shown[()], found.summary)] == [0.5, 0.5]


def test_the_share_answered_counts_every_task():
    times_s, share = answered_share(Distribution.of(np.array([0.3, np.inf, 0.1, np.inf])))
    assert times_s.tolist() == [0.1, 0.3]
    assert share.tolist() == [0.25, 0.5]
    times_s, share = answered_share(Distribution.of(np.arange(1.0, 100_001.0)))
    assert len(times_s) <= 500
    np.testing.assert_allclose(share, times_s / 1e5, rtol=1e-12)


def test_the_mean_stages_add_up_to_the_mean_latency(synthetic_run):
    described = scenario()
    found, axis = synthetic_run(described), sweep_axis(described)
    account = found.shown[axis.point(20)]
    for bar in stage_means(account, axis.select(found.summary, 20)):
        latency_s = account.codecs[bar.codec].latency_s
        assert bar.total_s == pytest.approx(float(latency_s.values.mean()), rel=1e-12)
        assert (bar.means_s > 0.01).all()


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


def test_the_mean_snr_goes_on_the_axis_and_the_other_keys_are_held():
    axis = sweep_axis(scenario(sweep={"edge.workers": [4, 2], "link.mean_snr_db": [20, -5]}))
    assert (axis.key, axis.values, axis.held) == ("link.mean_snr_db", (-5, 20), {"edge.workers": 4})
    assert axis.held_text == "held: edge.workers = 4"
    assert axis.title(-5) == "mean SNR \N{MINUS SIGN}5 dB"


def test_without_a_swept_snr_the_first_number_goes_on_the_axis():
    axis = sweep_axis(scenario(sweep=GRID | {"link.mean_snr_db": [3]}))
    assert (axis.key, axis.logarithmic) == ("edge.workers", False)
    assert axis.held == {"link.bandwidth_hz": 1e5, "link.sharing": "fifo", "link.mean_snr_db": 3}
    assert sweep_axis(scenario(sweep={"link.bandwidth_hz": [1e7, 1e5]})).logarithmic
    assert sweep_axis(scenario(sweep={"drain": [True, False]})).positions() == [0.0, 1.0]


def test_selection_keeps_the_held_point_only(synthetic_run):
    described = scenario(sweep=GRID)
    chosen = sweep_axis(described).select(synthetic_run(described).summary, 2)
    assert chosen[list(GRID)].drop_duplicates().to_numpy().tolist() == [[2, 1e5, "fifo"]]


def test_sixteen_codecs_look_different():
    looks = {(style.colour, style.marker) for style in map(codec_style, range(16))}
    assert len(looks) == 16


def test_the_names_of_all_codecs_and_the_run_stand_in_the_figure(synthetic_run):
    described = scenario(codecs=EIGHT)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = synthetic_run(described)
        figure = latency_breakdown(found.shown, found.summary, described)
    shown = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert shown == [codec.label for codec in described.codecs]
    assert re.search(
        r"Scenario synthetic, seed 0, 1 replication of 20 tasks per device\.$", figure.get_supxlabel()
    )
