import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from coinfer.codecs import registry
from coinfer.codecs.jpeg import Jpeg
from coinfer.codecs.protocol import CodecError, SettingsError
from coinfer.codecs.registry import (
    UnknownCodecError,
    check_name,
    create,
    create_plugin,
    names,
    summary,
    told,
)

GOOD = '''
from __future__ import annotations
from dataclasses import dataclass
from coinfer.codecs.raw import Raw

@dataclass
class Level:
    """String annotations need the module in sys.modules while it runs."""
    value: int

class Half(Raw):
    def __init__(self, classifier: str = "scenes", level: int = 2) -> None:
        super().__init__(classifier)
        self.level = level

class Strict(Raw):
    def __init__(self, classifier: str) -> None:
        raise ValueError("strict: never")

class Lost(Raw):
    def __init__(self, classifier: str) -> None:
        raise KeyError("depth")

class Leaving(Raw):
    def __init__(self, classifier: str) -> None:
        raise SystemExit
'''


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(GOOD)
    return path


def test_built_ins_are_installed() -> None:
    assert {"aecnn", "jpeg", "local", "png", "raw", "split-float32", "split-int8", "webp"} <= set(names())
    assert list(names()) == sorted(names())


def test_names_load_no_codec() -> None:
    program = "import sys; from coinfer.codecs.registry import names; names(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_summary_is_one_line_of_the_codec_s_docstring() -> None:
    assert summary("png") == "PNG (ISO/IEC 15948) at zlib level 6."
    with pytest.raises(UnknownCodecError, match=r"^unknown codec 'pngg', did you mean 'png'\?$"):
        summary("pngg")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("jpg", "unknown codec 'jpg', did you mean 'jpeg'?"),
        ("aecn", "unknown codec 'aecn', did you mean 'aecnn'?"),
        ("zzz", f"unknown codec 'zzz', installed: {', '.join(names())}"),
    ],
)
def test_unknown_codec_names_the_nearest(name: str, line: str) -> None:
    for refuse in (lambda: check_name(name), lambda: create(name, {}, "scenes")):
        with pytest.raises(UnknownCodecError) as caught:
            refuse()
        assert str(caught.value) == line


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("broken_package:Codec", "does not import: ModuleNotFoundError: No module named 'missing_library'"),
        (
            "broken_package.gone:Codec",
            "does not import: ModuleNotFoundError: No module named 'missing_library'",
        ),
        ("json:missing", "does not import: AttributeError: module 'json' has no attribute 'missing'"),
        ("json:loads", "is no subclass of coinfer.codecs.protocol.Codec"),
        ("json:JSONDecoder", "is no subclass of coinfer.codecs.protocol.Codec"),
    ],
)
def test_an_installed_codec_that_is_none(
    value: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_package").mkdir()
    (tmp_path / "broken_package" / "__init__.py").write_text("import missing_library\n")
    monkeypatch.syspath_prepend(tmp_path)
    entry = EntryPoint("theirs", value, "coinfer.codecs")
    monkeypatch.setattr(registry, "_entries", lambda: {"theirs": entry})
    for load in (lambda: summary("theirs"), lambda: create("theirs", {}, "scenes")):
        with pytest.raises(UnknownCodecError) as caught:
            load()
        assert str(caught.value).startswith(f"codec 'theirs': '{value}' {line}")


def test_create_passes_the_settings_on() -> None:
    codec = create("jpeg", {"quality": 30}, "imagenette")
    assert type(codec) is Jpeg
    assert codec.settings == {"classifier": "imagenette", "quality": 30, "max_bytes": None}


@pytest.mark.parametrize(
    ("name", "settings", "line"),
    [
        ("jpeg", {"qualty": 30}, "codec 'jpeg': unknown setting 'qualty', did you mean 'quality'?"),
        ("jpeg", {"zzz": 30}, "codec 'jpeg': unknown setting 'zzz', it takes: quality, max_bytes"),
        ("raw", {"quality": 30}, "codec 'raw': unknown setting 'quality', it takes: no settings"),
        (
            "jpeg",
            {"classifier": "x"},
            "codec 'jpeg': unknown setting 'classifier', it takes: quality, max_bytes",
        ),
        ("jpeg", {"quality": 96}, "codec 'jpeg': quality: expected a whole number in 1..95, got 96"),
        (
            "aecnn",
            {"split": "stem"},
            "codec 'aecnn': split: expected one of layer1, layer2, layer3, layer4, got 'stem'",
        ),
    ],
)
def test_bad_settings(name: str, settings: dict[str, object], line: str) -> None:
    with pytest.raises(SettingsError) as caught:
        create(name, settings, "scenes")
    assert str(caught.value) == line


def test_plugin_from_a_file(plugin: Path) -> None:
    codec = create_plugin(f"{plugin}:Half", {"level": 3}, "scenes")
    assert repr(codec) == "Half(classifier='scenes', level=3)"
    assert type(create_plugin(f"{plugin}:Half", {}, "scenes")) is type(codec)


def test_changed_plugin_file_is_read_again(plugin: Path) -> None:
    before = create_plugin(f"{plugin}:Half", {}, "scenes")
    plugin.write_text(GOOD.replace("level: int = 2", "level: int = 5"))
    after = create_plugin(f"{plugin}:Half", {}, "scenes")
    assert (before.settings["level"], after.settings["level"]) == (2, 5)


def test_plugin_settings_are_checked(plugin: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        create_plugin(f"{plugin}:Half", {"levle": 3}, "scenes")
    assert str(caught.value) == f"codec '{plugin}:Half': unknown setting 'levle', did you mean 'level'?"
    with pytest.raises(SettingsError) as caught:
        create_plugin(f"{plugin}:Strict", {}, "scenes")
    assert str(caught.value) == f"codec '{plugin}:Strict': strict: never"


@pytest.mark.parametrize(
    ("name", "raised"),
    [("Lost", "KeyError: 'depth' (mine.py, line 22)"), ("Leaving", "SystemExit (mine.py, line 26)")],
)
def test_a_constructor_that_fails_is_told_with_the_place(plugin: Path, name: str, raised: str) -> None:
    with pytest.raises(CodecError) as caught:
        create_plugin(f"{plugin}:{name}", {}, "scenes")
    assert str(caught.value) == f"codec '{plugin}:{name}': its constructor raised {raised}"


def test_an_exception_that_was_not_raised_has_no_place() -> None:
    assert told(RuntimeError("one\ntwo")) == "RuntimeError: one two"


@pytest.mark.parametrize("reference", ["nowhere.py:Half", "mine.py", ":Half", ""])
def test_plugin_without_a_file(reference: str) -> None:
    with pytest.raises(UnknownCodecError) as caught:
        create_plugin(reference, {}, "scenes")
    assert (
        str(caught.value) == f"plugin '{reference}': expected path/to/file.py:ClassName of a file that exists"
    )


@pytest.mark.parametrize("name", ["Nothing", "Level", "dataclass"])
def test_plugin_without_a_codec_class(plugin: Path, name: str) -> None:
    with pytest.raises(UnknownCodecError) as caught:
        create_plugin(f"{plugin}:{name}", {}, "scenes")
    expected = f"plugin '{plugin}:{name}': no subclass of coinfer.codecs.protocol.Codec named '{name}'"
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import no_such_module_at_all", "ModuleNotFoundError: No module named 'no_such_module_at_all'"),
        ("raise RuntimeError('boom')", "RuntimeError: boom"),
    ],
)
def test_plugin_that_does_not_import(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "broken.py"
    path.write_text(text)
    for _ in range(2):
        with pytest.raises(UnknownCodecError) as caught:
            create_plugin(f"{path}:Half", {}, "scenes")
        assert str(caught.value) == f"plugin '{path}': {reason}"


def test_plugin_that_is_no_python_file(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    with pytest.raises(UnknownCodecError) as caught:
        create_plugin(f"{path}:Half", {}, "scenes")
    assert str(caught.value) == f"plugin '{path}': not a Python file"
