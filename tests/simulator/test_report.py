import base64
import html
import json
import re

import pytest

from coinfer.simulator.loading import resolved
from coinfer.simulator.plain_yaml import parse
from coinfer.simulator.report import write_report
from coinfer.simulator.run_folder import RunError, read_run
from coinfer.simulator.scenario import Scenario

HOSTILE = '</pre></script><script>alert(\'x\')</script> & "quoted" <img src="http://evil.example/x.png">'
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'


def text_of(folder):
    path = folder.parent / "report.html"
    write_report(folder, path)
    return path.read_text(encoding="utf-8")


def change(folder, **facts):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | facts))


@pytest.fixture(scope="session")
def hostile_run(write_run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile") / "run"
    write_run(
        folder,
        {f"raw(note={HOSTILE})": "zebra", "plain": "apple"},
        name="hostile",
        description=HOSTILE,
        notes=HOSTILE,
        sweep={"link.mean_snr_db": [-5, 10], "engine": ["auto", "events"]},
    )
    figures = folder / "figures"
    figures.mkdir()
    for name, content in {"b.png": b"png", "b.svg": SVG, "a.png": b"a", "huge.png": b"small"}.items():
        (figures / name).write_bytes(content)
    (figures / "huge.svg").write_bytes(SVG + b" " * 400_000)
    (figures / "captions.json").write_text(json.dumps({"b": f"Caption {HOSTILE}", "gone": "no such figure"}))
    change(folder, versions={"numpy": HOSTILE}, arguments=["my scenario.yaml", "--set", HOSTILE])
    return folder


@pytest.fixture(scope="session")
def report(hostile_run):
    return text_of(hostile_run)


def test_hostile_text_stays_text(report):
    own = re.findall(r"<script[^>]*>", report)
    assert own == ['<script type="application/json" id="plot-data">', "<script>"]
    assert "evil.example" in report
    assert re.findall(r"<img[^>]*src=\"(?!data:)", report) == []
    assert 'http://evil.example/x.png"' not in report
    data = re.search(r'id="plot-data">(.*?)</script>', report, re.DOTALL)[1]
    assert json.loads(data)["series"][0]["name"] == f"raw(note={HOSTILE})"


def test_nothing_is_fetched(report):
    assert set(re.findall(r"(?:src|href|action)=\"(?!data:)([^\"]*)", report)) == {"#content"}
    assert re.findall(r"url\(|@import|<link|<iframe|<object", report) == []
    assert (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:" in report
    )


def test_figures_are_inside_captioned_ones_first_and_large_ones_as_png(report):
    images = re.findall(r'alt="([^"]*)" src="data:(image/[a-z+]+);base64,([^"]+)"', report)
    assert [(name, kind, base64.b64decode(data)) for name, kind, data in images] == [
        ("b", "image/svg+xml", SVG),
        ("a", "image/png", b"a"),
        ("huge", "image/png", b"small"),
    ]
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", report)
    assert [html.unescape(caption) for caption in captions] == [f"Caption {HOSTILE}", "a", "huge"]


def test_findings_come_before_all_numbers(report):
    text = html.unescape(report)
    lines = re.findall(r"<li>(.*?)</li>", text)
    assert len(lines) == 4
    assert "<details" not in report
    assert lines[0].startswith("link.mean_snr_db = -5, engine = auto: ")
    assert text.index("Which codec wins") < text.index("<table")


def test_of_many_findings_the_rest_is_folded(write_run, tmp_path):
    text = text_of(write_run(tmp_path / "run", sweep={"link.mean_snr_db": list(range(15))}))
    shown, rest = text.split('<details class="rest">')
    folded = rest.split("</details>")[0]
    assert (shown.count("<li>"), folded.count("<li>"), text.count("<li>")) == (12, 3, 15)
    assert "<summary>3 more</summary>" in folded


def rows_of(report, number):
    body = re.findall(r"<tbody>(.*?)</tbody>", report, re.DOTALL)[number]
    return [
        (row[0], re.findall(r"<td[^>]*>([^<]*)", row[1])) for row in re.findall(r"<tr(.*?)>(.*)</tr>", body)
    ]


def test_the_table_shows_what_summary_csv_holds(report, hostile_run):
    summary = read_run(hostile_run).summary
    rows = rows_of(report, 0)
    assert len(rows) == len(summary) == 2 * 4 * 3
    places, cells = rows[4]
    assert places == ' data-codec="0" data-d0="0" data-d1="1" data-d2="1"'
    row = summary.iloc[4]
    shown = [row["link.mean_snr_db"], row["engine"], "100", f"{100 * row['on_time_accuracy']:.1f}"]
    assert cells[1:5] == shown == ["-5", "events", "100", cells[4]]
    low, high = 100 * row["on_time_accuracy_low"], 100 * row["on_time_accuracy_high"]
    assert f'title="95 % interval: {low:.1f} to {high:.1f}"' in report


def test_pairs_are_known_by_both_codecs(report):
    places, cells = rows_of(report, 1)[0]
    assert places.startswith(' data-codec="0 1" ')
    assert cells[1:5] == ["plain", "-5", "auto", "50"]


def test_the_plot_holds_all_points_in_percent(report, hostile_run):
    data = json.loads(re.search(r'id="plot-data">(.*?)</script>', report, re.DOTALL)[1])
    assert [dimension["name"] for dimension in data["dimensions"]] == [
        "link.mean_snr_db",
        "engine",
        "deadline (ms)",
    ]
    summary = read_run(hostile_run).summary
    assert len(data["points"]) == len(summary)
    assert data["points"][4][:4] == [0, 0, 1, 1]
    assert data["points"][4][4] == pytest.approx(100 * summary["on_time_accuracy"][4], abs=1e-3)


def test_the_scenario_in_the_report_loads_to_the_same_scenario(report, hostile_run):
    blocks = re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", report, re.DOTALL)
    text = html.unescape(blocks[-1])
    scenario = read_run(hostile_run).scenario
    assert Scenario.model_validate(parse(text)) == scenario
    assert parse(text) == resolved(scenario)


def test_it_says_how_to_run_it_again_and_from_what(report):
    text = html.unescape(report)
    assert "<code>simulate 'my scenario.yaml' --set" in text
    assert "<code>simulate hostile.yaml</code>" in text
    assert "three" in text
    assert re.search(r'<code class="hash">[0-9a-f]{64}</code>', text)


def test_the_same_folder_gives_the_same_bytes(report, hostile_run):
    assert text_of(hostile_run) == report


def test_a_run_with_a_single_codec_and_no_figures_is_enough(write_run, tmp_path):
    folder = write_run(tmp_path / "run", {"alone": "zebra"}, tasks=5, sweep={})
    report = text_of(folder)
    assert "Which codec wins" not in report
    assert "Codec against codec" not in report
    assert "<figure>" not in report
    assert json.loads(re.search(r'id="plot-data">(.*?)</script>', report, re.DOTALL)[1])["x"] == 0


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("manifest.json", None, r"run: no manifest\.json, so not a run of coinfer; give the folder"),
        ("manifest.json", "{", r"manifest\.json: cannot be read \(.*\); run it again"),
        ("manifest.json", "{}", r"manifest\.json: expected a mapping with a scenario"),
        ("manifest.json", '{"scenario": {"name": "x"}}', r"scenario\.tasks.*another version|scenario\..*"),
        ("summary.csv", None, r"summary\.csv: No such file or directory; give the folder of a run"),
        ("differences.csv", "a,b\n1,2\n", r"differences\.csv: no table that a run wrote"),
        (
            "figures/captions.json",
            "[]",
            r"captions\.json: expected captions by figure; draw the figures again",
        ),
        ("figures/captions.json", "{", r"captions\.json: cannot be read .*; draw the figures again"),
    ],
)
def test_a_broken_folder_is_told_in_a_line(write_run, tmp_path, file, content, message):
    folder = write_run(tmp_path / "run", tasks=5, sweep={})
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_text(content)
    with pytest.raises(RunError, match=message):
        write_report(folder, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_no_folder(tmp_path):
    with pytest.raises(RunError, match=r"nowhere: no such folder; give the folder that a run wrote"):
        read_run(tmp_path / "nowhere")
