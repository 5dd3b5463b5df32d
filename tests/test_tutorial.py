"""The tutorial in docs/plugins.md, followed word by word in an empty folder and an environment of its own."""

import os
import re
import site
import subprocess
import venv
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from coinfer.codecs.testing import CHECKS

TUTORIAL = Path(__file__).resolve().parents[1] / "docs" / "plugins.md"
BLOCK = re.compile(r"(?:<!-- file: (?P<file>\S+) -->\n\n)?```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.M | re.S)

SCRIPTS = {
    "coinfer": "from coinfer.simulator.cli import main",
    "simulate": "from coinfer.simulator.cli import simulate_main as main",
    "pip": "from pip._internal.cli.main import main",
    "pytest": "from pytest import console_main as main",
}


def environment(folder: Path, tmp_path: Path) -> dict[str, str]:
    """An environment that sees what this one has installed, so that installing needs no network."""
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    inner = subprocess.check_output(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
    )
    outer = "; ".join(f"site.addsitedir({path!r})" for path in site.getsitepackages())
    (Path(inner.strip()) / "outer.pth").write_text(f"import site; {outer}\n")
    for name, imported in SCRIPTS.items():
        script = folder / "bin" / name
        start = "if __name__ == '__main__':\n    sys.exit(main())\n"
        script.write_text(f"#!{python}\nimport sys\n{imported}\n{start}")
        script.chmod(0o755)
    own = ("PYTEST_", "PIP_", "COINFER_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(own)}
    return kept | {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "COINFER_CACHE": str(tmp_path / "cache"),
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "COLUMNS": "120",
    }


@pytest.mark.slow
def test_word_by_word(tmp_path: Path) -> None:
    work = tmp_path / "empty"
    work.mkdir()
    variables = environment(tmp_path / "environment", tmp_path)
    shown, commands = "", 0
    for block in BLOCK.finditer(TUTORIAL.read_text(encoding="utf-8")):
        if block["file"]:
            (work / block["file"]).write_text(block["text"], encoding="utf-8")
        elif block["kind"] == "console":
            for line in block["text"].splitlines():
                typed = ["bash", "-c", line.removeprefix("$ ")]
                ended = subprocess.run(
                    typed, cwd=work, env=variables, text=True, capture_output=True, check=False
                )
                print(f"{line}\n{ended.stdout}{ended.stderr}")  # noqa: T201
                assert ended.returncode == 0, f"{line}\n{ended.stdout}{ended.stderr}"
                shown, commands = shown + ended.stdout, commands + 1
    assert commands == 8
    assert shown.count("13 checks pass, 0 fail, 2 do not apply.") == 2
    summary = pd.read_csv(work / "runs" / "mine" / "summary.csv")
    sent = summary.groupby("codec")["payload_bytes_mean"].first()
    assert 2 * sent["coarse(step=2)"] < sent["jpeg(quality=75)"]
    with Image.open(work / "deadline.png") as plot:
        assert plot.size[0] > 500


def test_all_checks_are_listed() -> None:
    text = TUTORIAL.read_text(encoding="utf-8")
    assert [check for check in CHECKS if f"| {check.name} | {check.rule} |\n" not in text] == []


def test_every_file_is_python_or_yaml() -> None:
    blocks = list(BLOCK.finditer(TUTORIAL.read_text(encoding="utf-8")))
    files = {block["file"]: block["text"] for block in blocks if block["file"]}
    assert len(files) == 5
    for file, text in files.items():
        if file.endswith(".py"):
            compile(text, file, "exec")
