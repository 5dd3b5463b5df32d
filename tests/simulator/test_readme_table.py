from pathlib import Path

import pandas as pd
import pytest

from coinfer.simulator.errors import InputError
from coinfer.simulator.operating_points import BUNDLED, load_operating_points
from coinfer.simulator.readme_table import markdown, update_readme

ROOT = Path(__file__).resolve().parents[2]

TABLE = pd.DataFrame(
    {
        "label": ["raw", "aecnn"],
        "payload_bytes_mean": [150_528.0, 1_473.4],
        "feature_ratio": [float("nan"), 1_089.7],
        "top1": [0.85834, 0.83338],
        "loss_points": [0.0, 2.496],
        "loss_points_low": [-0.04, 1.71],
        "loss_points_high": [0.04, 3.3],
        "device_gmac": [0.0, 1.8264],
    }
)
BLOCK = """\
| operating point | bytes | ratio | top-1, % | points lost | GMAC on the device |
| --- | --: | --: | --: | --: | --: |
| `raw` | 150,528 |  | 85.8 | 0.0 (0.0 to 0.0) | 0.00 |
| `aecnn` | 1,473 | 1,090 | 83.3 | 2.5 (1.7 to 3.3) | 1.83 |
"""


@pytest.fixture
def readme(tmp_path):
    path = tmp_path / "README.md"
    path.write_text("# Title\n\n<!-- results -->\nold\n<!-- /results -->\n\nThe end.\n")
    return path


@pytest.fixture
def csv(tmp_path):
    TABLE.to_csv(tmp_path / "rate_accuracy.csv", index=False)
    return tmp_path / "rate_accuracy.csv"


def test_rows_are_chosen_and_rounded():
    assert markdown(TABLE, []) == BLOCK
    head, rule, raw, aecnn = BLOCK.splitlines()
    assert markdown(TABLE, ["aecnn", "raw"]).splitlines() == [head, rule, aecnn, raw]
    with pytest.raises(InputError, match=r"readme: aecn: no such row in .*, did you mean 'aecnn'"):
        markdown(TABLE, ["aecn"])


def test_the_block_is_replaced_and_nothing_else(readme, csv):
    for _ in range(2):
        update_readme(readme, csv, [])
        text = f"# Title\n\n<!-- results -->\n\n{BLOCK}\n<!-- /results -->\n\nThe end.\n"
        assert readme.read_text() == text
    assert {path.name for path in readme.parent.iterdir()} == {"README.md", "rate_accuracy.csv"}


def test_a_file_without_marks_is_left_alone(readme, csv):
    readme.write_text("# Title\n")
    with pytest.raises(InputError, match="expected the marks <!-- results -->"):
        update_readme(readme, csv, [])
    assert readme.read_text() == "# Title\n"


@pytest.mark.parametrize("content", [b"", b"label,top1\nraw,1\n", bytes(range(128, 200))])
def test_a_damaged_table_is_told(readme, csv, content):
    csv.write_bytes(content)
    with pytest.raises(InputError, match="expected a table of 'coinfer evaluate'"):
        update_readme(readme, csv, [])


def test_missing_files_are_told(readme, csv):
    with pytest.raises(InputError, match="no such file; run 'coinfer evaluate' first"):
        update_readme(readme, csv.with_name("gone.csv"), [])
    with pytest.raises(InputError, match="cannot be read as text"):
        update_readme(readme.with_name("gone.md"), csv, [])


def test_the_readme_shows_the_results_as_they_are(tmp_path):
    csv = ROOT / "results" / "rate_accuracy.csv"
    if not csv.is_file():
        pytest.skip("no results yet: coinfer evaluate")
    copy = tmp_path / "README.md"
    copy.write_bytes((ROOT / "README.md").read_bytes())
    update_readme(copy, csv, load_operating_points(BUNDLED).readme)
    assert copy.read_text() == (ROOT / "README.md").read_text(), "run coinfer evaluate --readme README.md"
