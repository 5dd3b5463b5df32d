import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coinfer.simulator.cli import main, simulate_main

PLUGIN = '''
import numpy as np

from coinfer.codecs.protocol import Codec, Cost


class Tiny(Codec):
    """Every so many pixels of the red channel; answers by their sum."""

    def __init__(self, classifier="scenes", every=32):
        if every < 1:
            raise ValueError(f"every: expected at least 1, got {every}")
        self.classifier, self.every = classifier, every

    def encode(self, images):
        return [image[0, :: self.every, :: self.every].tobytes() for image in images]

    def decode(self, payloads):
        return np.eye(10, dtype=np.float32)[[sum(payload) % 10 for payload in payloads]]

    def device_cost(self):
        return Cost(1e8, 1e-3)

    def edge_cost(self):
        return Cost(1e9)
'''

SCENARIO = """
name: small
tasks: 20
replications: 2
images: {source: scenes, count: 8}
devices:
  - {profile: jetson-nano, arrivals: {rate_hz: 1.0}}
link: {bandwidth_hz: 1.0e+5, mean_snr_db: 5}
edge: {profile: rtx-3090}
codecs: [{plugin: tiny.py:Tiny}, {plugin: tiny.py:Tiny, every: 4}]
deadlines_s: [0.05, 0.2]
sweep: {link.mean_snr_db: [0, 10]}
"""


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: a small scenario, the codec it names, and a cache beside the folder."""
    folder = tmp_path / "workplace"
    folder.mkdir()
    (folder / "tiny.py").write_text(PLUGIN)
    (folder / "small.yaml").write_text(SCENARIO)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COINFER_CACHE", str(tmp_path / "cache"))
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Figures take seconds; this leaves them out."""
    with monkeypatch.context() as patched:
        patched.setattr("coinfer.simulator.figures.draw_figures", lambda *given: [])
        yield


@pytest.fixture
def two_runs(workplace: Path, made: Path) -> Path:
    """The working folder with copies of the runs that a module has `made`: `runs/small` and `wide`."""
    shutil.copytree(made / "small", workplace / "runs/small")
    shutil.copytree(made / "wide", workplace / "wide")
    return workplace


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs a command in this process, as its console script would, and gives its exit code."""

    def run(*arguments: object, command: str = "simulate") -> int:
        monkeypatch.setattr("sys.argv", [f"bin/{command}", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            {"simulate": simulate_main, "coinfer": main}[command]()
        code = ended.value.code
        return code if isinstance(code, int) else 0 if code is None else 1

    return run
