import io
import re

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from coinfer.simulator.scenario import Scenario
from coinfer.simulator.tables import print_findings, print_results

DEADLINES_S = [0.05, 0.1, 0.2, 0.5, 1.0]


def scenario(**changes):
    return Scenario.model_validate(
        {
            "name": "table",
            "tasks": 10,
            "devices": [{"profile": "jetson-nano", "arrivals": {"rate_hz": 1.0}}],
            "link": {"bandwidth_hz": 1e6, "mean_snr_db": 5},
            "edge": {"profile": "rtx-3090"},
            "codecs": ["raw", "local"],
            "deadlines_s": DEADLINES_S,
            "sweep": {"link.mean_snr_db": [-5, 20]},
            **changes,
        }
    )


def summary(
    codecs=("aecnn(split=layer2)", "local"),
    points=({"link.mean_snr_db": -5}, {"link.mean_snr_db": 20}),
    deadlines_s=DEADLINES_S,
):
    return pd.DataFrame(
        {
            "codec": codec,
            **point,
            "deadline_s": deadline_s,
            "on_time_accuracy": accuracy,
            "on_time_accuracy_low": accuracy - 0.02,
            "on_time_accuracy_high": accuracy + 0.01,
            "payload_bytes_mean": 12_345.6,
            "latency_s_p50": 0.0421,
            "latency_s_p95": float("inf"),
            "stable": codec == "local",
            "bottleneck": "link",
            "bottleneck_load": 1.806,
            "backlog_slope_hz": 0.9012,
            "warmup_s": 12.5,
        }
        for codec, accuracy in zip(codecs, (0.7654, 0.25), strict=False)
        for point in points
        for deadline_s in deadlines_s
    )


def printed(rows, described, **console):
    out = io.StringIO()
    print_results(Console(file=out, width=80, color_system=None, **console), rows, described)
    return out.getvalue()


def cells(line):
    return re.split(r" {2,}", line.strip())


def test_a_row_for_each_codec_below_each_sweep_point():
    lines = [line for line in printed(summary(), scenario()).splitlines()[4:-1] if line.strip()]
    best, other = ["76.5 ±1.5"] * 5, ["25.0 ±1.5"] * 5
    rows = [
        ["aecnn(split=layer2)", "12,346", "42", "inf", *best, "no:", "link", "1.81x,", "+0.9/s"],
        ["local", "12,346", "42", "inf", *other, "yes"],
    ]
    assert [re.split(r" {1,}(?=[^±])", line.strip()) for line in lines] == [
        ["link.mean_snr_db", "=", "-5"],
        *rows,
        ["link.mean_snr_db", "=", "20"],
        *rows,
    ]


def test_the_headings_name_every_deadline():
    heading = printed(summary(), scenario()).splitlines()[2]
    deadlines = ["≤50 ms", "≤100 ms", "≤200 ms", "≤500 ms", "≤1000 ms"]
    assert cells(heading) == ["codec", "bytes", "p50 ms", "p95 ms", *deadlines, "stable"]


def test_nothing_is_cut_off_where_there_is_no_terminal():
    text = printed(summary(), scenario())
    assert "…" not in text
    assert max(map(len, text.splitlines())) > 80


def test_a_narrow_terminal_gets_the_table_without_intervals():
    narrow = printed(summary(), scenario(), force_terminal=True)
    assert "…" not in narrow
    assert "±" not in narrow
    assert "76.5" in narrow
    assert "95 %" not in narrow


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_a_terminal_too_narrow_for_many_deadlines_shows_some(width):
    deadlines_s = [0.05 * (1 + place) for place in range(18)]
    rows = summary(("local",), ({},), deadlines_s).assign(on_time_accuracy=[0.01 * n for n in range(18)])
    out = io.StringIO()
    console = Console(file=out, width=width, color_system=None, force_terminal=True)
    print_results(console, rows, scenario(sweep={}, deadlines_s=deadlines_s))
    _, _, heading, _, row, *_ = lines = out.getvalue().splitlines()
    shown = cells(heading)[4:-1]
    places = [round(float(text[1:-3]) / 50) - 1 for text in shown]
    assert (places[0], places[-1]) == (0, 17)
    assert max(steps := np.diff(places)) - min(steps) <= 1
    assert cells(row)[4:-1] == [f"{place:.1f}" for place in places]
    assert f"{len(shown)} of 18 deadlines; the others are in summary.csv." in lines
    assert width - 9 <= max(len(line.rstrip()) for line in lines[1:5]) <= width


@pytest.mark.parametrize("codecs", [("odd(levels=[a, b])", "close(x=[/])"), ("[bold]loud[/bold]", "[/red]")])
def test_brackets_in_a_label_stay_text(codecs):
    text = printed(summary(codecs), scenario())
    assert all(codec in text for codec in codecs)


def test_the_best_at_each_point_and_deadline_is_bold():
    out = io.StringIO()
    rows = summary()
    rows.loc[rows["deadline_s"] == 0.05, "on_time_accuracy"] = 0.0
    print_results(
        Console(file=out, width=200, force_terminal=True, color_system="standard"), rows, scenario()
    )
    assert out.getvalue().count("\x1b[1m76.5\x1b[0m") == 8
    assert "\x1b[1m25.0" not in out.getvalue()
    assert "\x1b[1m0.0" not in out.getvalue()


def test_without_a_sweep_and_with_two_keys():
    alone = printed(summary(points=({},)), scenario(sweep={}))
    assert cells(alone.splitlines()[4])[:2] == ["aecnn(split=layer2)", "12,346"]
    both = {"link.mean_snr_db": -5, "link.sharing": "fifo"}
    grid = scenario(sweep={key: [value] for key, value in both.items()})
    line = printed(summary(points=(both,)), grid).splitlines()[4]
    assert line.strip() == "link.mean_snr_db = -5, link.sharing = fifo"


def test_the_warm_up_is_told_below_the_table():
    text = printed(summary(), scenario())
    assert text.splitlines()[-1] == "Warm-up: tasks of the first 12.5 s do not count."


def test_who_wins_is_printed_as_text_of_any_length():
    differences = pd.DataFrame(
        {
            "deadline_s": [0.1],
            "codec_a": ["odd(levels=[a, b])"],
            "codec_b": ["[red]"],
            "difference": [0.123],
            "difference_low": [0.112],
            "difference_high": [0.134],
        }
    )
    out = io.StringIO()
    print_findings(Console(file=out, width=40, color_system=None), differences)
    heading, line = out.getvalue().splitlines()
    assert heading.endswith("(all pairs: differences.csv):")
    assert line == "  odd(levels=[a, b]) wins at ≤100 ms (beats [red] by 12.3 ± 1.1 points)"
    print_findings(Console(file=out), differences.iloc[:0])
    assert len(out.getvalue().splitlines()) == 2
