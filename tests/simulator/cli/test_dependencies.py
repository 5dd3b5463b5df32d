from pathlib import Path

import pytest

from coinfer.simulator.cli import dependencies
from coinfer.simulator.cli.dependencies import beside, code_version, imported, sources, weights


def test_a_codec_depends_on_what_it_imports():
    of_jpeg, of_aecnn = imported("coinfer.codecs.jpeg"), imported("coinfer.codecs.aecnn")
    assert {"coinfer.codecs.jpeg", "coinfer.codecs.pillow", "coinfer.models.backbone"} <= of_jpeg
    assert {"coinfer.codecs.entropy", "coinfer.models.aecnn", "coinfer.models.parts"} <= of_aecnn
    assert not {"coinfer.codecs.aecnn", "coinfer.models.aecnn", "coinfer.models.train_aecnn"} & of_jpeg
    assert "coinfer.models.train_aecnn" not in of_aecnn
    assert all(name in sources() for name in of_jpeg | of_aecnn)


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A package of someone else's with a codec in it; and caches that are empty before and after."""
    folder = tmp_path / "their_codecs"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('imported')\n")
    (folder / "tiny.py").write_text("A = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    code_version.cache_clear()
    yield folder
    code_version.cache_clear()


def test_the_version_of_others_changes_with_their_code(own):
    before = code_version("their_codecs.tiny")
    code_version.cache_clear()
    assert code_version("their_codecs.tiny") == before != code_version()
    code_version.cache_clear()
    (own / "tiny.py").write_text("A = 2\n")
    assert code_version("their_codecs.tiny") != before


def test_the_version_of_others_changes_with_their_data(own):
    (own / "table.npz").write_bytes(b"1")
    before = code_version("their_codecs.tiny")
    code_version.cache_clear()
    (own / "table.npz").write_bytes(b"2")
    assert code_version("their_codecs.tiny") != before


def test_a_plugin_depends_on_the_modules_beside_it(tmp_path):
    texts = {"mine.py": "import numpy, helper", "helper.py": "from parts.one import x", "other.py": ""}
    (tmp_path / "parts").mkdir()
    for name, text in {**texts, "parts/one.py": "import mine"}.items():
        (tmp_path / name).write_text(text)
    found = [str(path.relative_to(tmp_path)) for path in beside(tmp_path / "mine.py")]
    assert found == ["helper.py", "mine.py", "parts/one.py"]
    assert beside(tmp_path / "gone.py") == beside(tmp_path) == []


def test_versions_change_with_code_that_counts_and_with_no_other(tmp_path, monkeypatch):
    changed = tmp_path / "pillow.py"
    changed.write_text(sources()["coinfer.codecs.pillow"].read_text() + "A = 1\n")
    names = ("coinfer.codecs.jpeg", "coinfer.codecs.raw", None)
    before = [code_version(name) for name in names]
    code_version.cache_clear()
    known = sources() | {"coinfer.codecs.pillow": changed}
    monkeypatch.setattr(dependencies, "sources", lambda: known)
    after = [code_version(name) for name in names]
    code_version.cache_clear()
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, True, False]


def test_weights_of_one_codec_leave_the_others_alone():
    assert weights("jpeg").keys() == {"classifier-scenes.safetensors", "resnet50-imagenette.safetensors"}
    own = weights("aecnn").keys() - weights("jpeg").keys()
    assert "aecnn-layer2.safetensors" in own
    assert all(name.startswith("aecnn-") for name in own)
    assert weights("bottlenet++").keys() >= weights("jpeg").keys()
    assert weights("aecnn").keys() < weights().keys() == {Path(name).name for name in weights()}


def test_weights_of_one_split_leave_the_others_alone():
    own = weights("bottlenet++", "layer3").keys() - weights("jpeg").keys()
    assert own == {"bottlenet-layer3-1024.safetensors"}
    assert weights("jpeg", "layer3") == weights("jpeg")
