import tomllib
from pathlib import Path

import pytest

from coinfer.simulator.errors import InputError
from coinfer.simulator.operating_points import BUNDLED, load_operating_points

ROOT = Path(__file__).resolve().parents[2]
CODECS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["coinfer.codecs"]


@pytest.fixture
def points(tmp_path):
    """Writes a file of operating points and reads it."""

    def read(text):
        (tmp_path / "points.yaml").write_text(text)
        return load_operating_points(tmp_path / "points.yaml")

    return read


def test_the_bundled_points_are_of_installed_codecs():
    bundled = load_operating_points(BUNDLED)
    assert {spec.id for spec in bundled.codecs} <= CODECS.keys()
    assert bundled.labels[0] == "raw"
    assert {label.partition("@")[0] for label in bundled.readme} <= set(bundled.labels)


def test_only_some_are_taken_in_the_order_of_the_file(points):
    read = points("codecs: [raw, png, {id: jpeg, quality: 5}]")
    assert [spec.label for spec in read.only(["jpeg(quality=5)", "raw"])] == ["raw", "jpeg(quality=5)"]
    assert read.only([]) == read.codecs
    with pytest.raises(InputError) as caught:
        read.only(["jpeg(quality=6)"])
    assert str(caught.value) == (
        "--only jpeg(quality=6): no such operating point, did you mean 'jpeg(quality=5)'?"
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("codecs: []", "points.yaml: codecs: expected at least one entry, got an empty list"),
        ("codecs: [raw, raw]", "points.yaml: codecs: raw is listed twice; keep one"),
        ("codec: [raw]", "points.yaml: codec: unknown key, did you mean 'codecs'?"),
        ("codecs: [", "points.yaml: line 1: "),
        ("codecs: [7]", "points.yaml: codecs.0: expected a codec's name or a mapping"),
    ],
)
def test_a_mistake_is_told_in_one_line(points, text, line):
    with pytest.raises(InputError) as caught:
        points(text)
    assert str(caught.value).startswith(line)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(InputError, match=r"gone\.yaml: cannot be read as text"):
        load_operating_points(tmp_path / "gone.yaml")
