"""Where a scenario's recordings are looked for."""

from pathlib import Path

import pytest

from coinfer.simulator.errors import InputError, ScenarioError
from coinfer.simulator.experiment import check_link
from coinfer.simulator.loading import expand, load_scenario

SCENARIO = """\
name: recorded
tasks: 10
devices: [{profile: jetson-nano, arrivals: {rate_hz: 1.0}}]
link:
  bandwidth_hz: 1.0e+6
  recording: {file: days/monday.csv}
  fading: {model: none}
edge: {profile: rtx-3090}
codecs: [raw]
deadlines_s: [0.1]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "recorded.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    return path


def refused(file: Path, *overrides: str) -> str:
    with pytest.raises(InputError) as caught:
        check_link(load_scenario(file, overrides))
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_a_recording_lies_beside_its_scenario(file: Path) -> None:
    file.write_text(SCENARIO, encoding="utf-8")
    recording = load_scenario(file).link.recording
    assert recording is not None
    assert recording.file == file.parent / "days" / "monday.csv"


def test_swept_recordings_lie_there_too(file: Path) -> None:
    swept = "sweep: {link.recording.file: [days/monday.csv, /days/tuesday.csv]}"
    file.write_text(SCENARIO + swept, encoding="utf-8")
    files = [point.scenario.link.recording for point in expand(load_scenario(file))]
    assert [found.file for found in files if found] == [
        file.parent / "days" / "monday.csv",
        Path("/days/tuesday.csv"),
    ]


def test_a_recording_typed_on_the_command_line_lies_where_it_says(file: Path) -> None:
    file.write_text(SCENARIO, encoding="utf-8")
    recording = load_scenario(file, ["link.recording.file=here.csv"]).link.recording
    assert recording is not None
    assert recording.file == Path("here.csv")


@pytest.mark.parametrize(
    ("new", "line"),
    [
        ("recording: {file: 5}", "link.recording.file: expected a path, got 5"),
        ("recording: {}", "link.recording.file: missing; this key is required"),
        ("recording: [a.csv]", "link.recording: expected a mapping of keys to values, got a list"),
    ],
)
def test_a_recording_is_a_path(file: Path, new: str, line: str) -> None:
    file.write_text(SCENARIO.replace("recording: {file: days/monday.csv}", new), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(file)
    assert str(caught.value) == f"recorded.yaml: {line}"


def test_a_recording_that_is_not_there(file: Path) -> None:
    line = refused(file)
    assert line.endswith(
        "monday.csv: cannot be read (No such file or directory); give the path of a CSV file"
    )


@pytest.mark.parametrize(
    ("text", "overrides", "line"),
    [
        (
            "time_s,rate_bps\n0,1e6\n1,2e6\n",
            ["link.rate.model=nr"],
            "rate_bps is what crosses already; remove link.rate and link.tdd",
        ),
        (
            "time_s,rate_bps\n0,1e6\n1,2e6\n",
            ["link.sharing=ofdma", "devices.0.count=2"],
            "this needs snr_db, got rate_bps, which fits one bandwidth only",
        ),
        (
            "time_s,rate_bps\n0,1e6\n1,2e6\n",
            ["downlink.model=link"],
            "this needs snr_db, got rate_bps, which fits one bandwidth only",
        ),
        (
            "time_s,snr_db\n0,-90\n1,-80\n",
            ["link.rate.model=nr", "link.deep_fade=integrate"],
            "the link carries nothing: its rate is 0 in all 2 steps",
        ),
        (
            "time_s,snr_db\n0,5\n5000,5\n",
            ["link.rate.model=nr"],
            "it lasts 20000000 slots of rate model nr, expected at most 8388608; cut it",
        ),
    ],
)
def test_a_recording_that_does_not_fit_the_link(
    file: Path, text: str, overrides: list[str], line: str
) -> None:
    (file.parent / "days").mkdir()
    (file.parent / "days" / "monday.csv").write_text(text)
    assert refused(file, *overrides) == f"link.recording: {line}"
