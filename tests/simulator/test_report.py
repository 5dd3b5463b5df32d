import base64
import html
import re

import numpy as np
import pandas as pd
import pytest

from coinfer.simulator.loading import resolved
from coinfer.simulator.plain_yaml import parse
from coinfer.simulator.report import write_report
from coinfer.simulator.scenario import Scenario

HOSTILE = "</pre><script>alert('x')</script> & <img src=\"http://evil.example/x.png\">"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'


@pytest.fixture
def described():
    return Scenario.model_validate(
        {
            "name": "hostile",
            "description": HOSTILE,
            "notes": HOSTILE,
            "tasks": 10,
            "devices": [{"profile": "jetson-nano", "arrivals": {"rate_hz": 1.0}}],
            "link": {"bandwidth_hz": 1e6, "mean_snr_db": 5},
            "edge": {"profile": "rtx-3090"},
            "codecs": [{"id": "raw", "note": HOSTILE}],
            "deadlines_s": [0.1],
        }
    )


@pytest.fixture
def report(described, tmp_path):
    codec = described.codecs[0].label
    row = {"codec": codec, "deadline_s": 0.1, "tasks": 12_345, "latency_s_p99": np.inf}
    row |= {"on_time_accuracy": 0.123456, "on_time_ratio": np.nan, "stable": False, "warmup_s": 2.5}
    summary = pd.DataFrame([row])
    beaten = {"codec_a": codec, "codec_b": "other", "difference": 0.5}
    differences = pd.DataFrame(
        [{"deadline_s": 0.1, **beaten, "difference_low": 0.375, "difference_high": 0.625}]
    )
    figures = [tmp_path / "on_time_accuracy.png", tmp_path / "on_time_accuracy.svg", tmp_path / "extra.png"]
    for file, content in zip(figures, [b"png", SVG, b"extra"], strict=True):
        file.write_bytes(content)
    manifest = {"versions": {"numpy": HOSTILE}, "arguments": ["my scenario.yaml", "--set", HOSTILE]}
    path = tmp_path / "report.html"
    write_report(summary, differences, described, manifest, figures, path)
    return path.read_text(encoding="utf-8")


def test_hostile_text_stays_text(report):
    assert "<script" not in report
    assert "evil.example" in report
    assert re.findall(r"<img[^>]*src=\"(?!data:)", report) == []
    assert 'http://evil.example/x.png"' not in report


def test_nothing_is_fetched(report):
    assert re.findall(r"(?:src|href|action)=\"(?!data:)", report) == []
    assert re.findall(r"url\(|@import|<link|<iframe|<script", report) == []
    assert "default-src 'none'" in report


def test_figures_are_inside_each_once_as_svg_where_there_is_one(report):
    images = re.findall(r'src="data:(image/[a-z+]+);base64,([^"]+)"', report)
    decoded = [(kind, base64.b64decode(data)) for kind, data in images]
    assert decoded == [("image/svg+xml", SVG), ("image/png", b"extra")]


def test_the_table_shows_every_value(report):
    cells = re.findall(r"<td>([^<]*)</td>", report.partition("<h2>Paired differences")[0])
    assert cells[1:] == ["0.1", "12345", "never", "0.1235", "none", "no", "2.5"]
    assert "Warm-up: tasks of the first 2.5 s do not count." in report


def test_it_says_which_codec_wins_and_by_how_much(report):
    text = html.unescape(report)
    assert f"<li>raw(note={HOSTILE}) wins at ≤100 ms (beats other by 50.0 ± 12.5 points)</li>" in text
    pairs = report.partition("<h2>Paired differences")[2].partition("<pre>")[0]
    cells = re.findall(r"<td>([^<]*)</td>", pairs)
    assert cells[2:6] == ["other", "0.5", "0.375", "0.625"]


def test_the_scenario_in_the_report_loads_to_the_same_scenario(report, described):
    text = html.unescape(re.search(r"<pre>(.*?)</pre>", report, re.DOTALL)[1])
    assert Scenario.model_validate(parse(text)) == described
    assert parse(text) == resolved(described)


def test_it_says_how_to_run_it_again(report):
    assert "simulate &#x27;my scenario.yaml&#x27; --set" in report
    assert "<code>simulate hostile.yaml</code>" in report


def test_both_colour_schemes(report):
    assert "@media (prefers-color-scheme: dark)" in report


def test_a_manifest_without_details_is_enough(described, tmp_path):
    path = tmp_path / "report.html"
    summary = pd.DataFrame({"codec": ["raw"], "warmup_s": [0.0]})
    alone = pd.DataFrame(columns=["deadline_s", "codec_a", "codec_b", "difference"])
    write_report(summary, alone, described, {}, [], path)
    report = path.read_text(encoding="utf-8")
    assert "Versions" not in report
    assert "Figures" not in report
    assert "Which codec wins" not in report
    assert "Paired differences" not in report
    assert "<code>simulate hostile.yaml</code>" in report
