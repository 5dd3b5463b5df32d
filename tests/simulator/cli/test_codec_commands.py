import json
import subprocess
import sys

import pytest

from coinfer.codecs.registry import create_plugin, names

TINY = "tiny.py:Tiny"
NO_FILE = "expected path/to/file.py:ClassName of a file that exists"


def test_a_broken_codec_fails_with_code_1(workplace, typed, capsys):
    (workplace / "tiny.py").write_text(
        (workplace / "tiny.py").read_text().replace("return [image", "images //= 2\n        return [image")
    )
    assert typed("check-codec", TINY, "--set", "every=16", command="coinfer") == 1
    out = " ".join(capsys.readouterr().out.split())
    assert out.startswith("Tiny(classifier='scenes', every=16)")
    assert "pixels FAIL" in out
    assert "encode changed the pixels it was given: work on a copy" in out
    assert "determinism pass" in out
    assert "1 fail, 2 do not apply." in out


def test_json_and_quiet(workplace, typed, capsys, monkeypatch):
    from coinfer.codecs.testing import CHECKS

    checks = [check for check in CHECKS if check.name in {"settings", "cuts"}]
    monkeypatch.setattr("coinfer.simulator.cli.check_codec.CHECKS", checks)
    assert typed("check-codec", TINY, "--json", command="coinfer") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["check"], row["verdict"]) for row in rows] == [("settings", "pass"), ("cuts", "no")]
    assert rows[1]["reason"] == "messages cannot be cut"
    assert typed("check-codec", TINY, "--quiet", command="coinfer") == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["jpg"], "check-codec: unknown codec 'jpg', did you mean 'jpeg'?"),
        (["gone.py:Tiny"], f"check-codec: plugin 'gone.py:Tiny': {NO_FILE}"),
        (["tiny.py"], f"check-codec: plugin 'tiny.py': {NO_FILE}"),
        (
            [TINY, "--set", "evry=3"],
            "check-codec: codec 'tiny.py:Tiny': unknown setting 'evry', did you mean 'every'?",
        ),
        ([TINY, "--set", "every=0"], "check-codec: codec 'tiny.py:Tiny': every: expected at least 1, got 0"),
        ([TINY, "--set", "every"], "--set: expected key=value such as quality=50, got 'every'"),
        (
            [TINY, "--classifier", "flowers"],
            "check-codec: no classifier 'flowers' in the backbone, it has: imagenette, scenes",
        ),
    ],
)
def test_mistakes(workplace, typed, capsys, arguments, line):
    assert typed("check-codec", *arguments, command="coinfer") == 2
    assert capsys.readouterr() == ("", f"{line}\n")


def test_a_codec_that_cannot_be_made(workplace, typed, capsys):
    source = (
        (workplace / "tiny.py")
        .read_text()
        .replace("self.classifier, self.every = ", "1 / 0\n        a, b = ")
    )
    (workplace / "tiny.py").write_text(source)
    assert typed("check-codec", TINY, command="coinfer") == 2
    assert capsys.readouterr().err == (
        "check-codec: codec 'tiny.py:Tiny': its constructor raised ZeroDivisionError: division by zero "
        "(tiny.py, line 13)\n"
    )


def test_a_new_codec_is_a_whole_package(workplace, typed, capsys):
    assert typed("new-codec", "my_codec", command="coinfer") == 0
    assert capsys.readouterr().out == (
        'Wrote my_codec/. Next:\n\n    pip install -e "./my_codec[test]"\n    coinfer check-codec my_codec\n'
    )
    folder = workplace / "my_codec"
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files == {
        "pyproject.toml",
        "README.md",
        "src/my_codec/__init__.py",
        "src/my_codec/codec.py",
        "tests/test_my_codec.py",
    }
    assert not any("$" in (folder / file).read_text() for file in files)
    assert 'my_codec = "my_codec:MyCodec"' in (folder / "pyproject.toml").read_text()
    rules = ["--isolated", "--line-length", "110", "--select", "E,F,W,I,N,UP,B,SIM,RUF100"]
    subprocess.run([sys.executable, "-m", "ruff", "check", "--quiet", *rules, str(folder)], check=True)


def test_a_new_codec_is_one_that_codes(workplace, typed, frames):
    """The battery on it is part of test_tutorial."""
    assert typed("new-codec", "my_codec", "--out", "made/here", command="coinfer") == 0
    codec = create_plugin("made/here/src/my_codec/codec.py:MyCodec", {"levels": 8}, "scenes")
    payloads = codec.encode(frames)
    assert all(500 < len(payload) < codec.fixed_width_bytes() for payload in payloads)
    assert codec.decode(payloads).shape == (3, 10)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("2x", "not a name for a Python package; take letters, digits and _, such as my_codec"),
        ("my-codec", "not a name for a Python package; take letters, digits and _, such as my_codec"),
        ("class", "not a name for a Python package; take letters, digits and _, such as my_codec"),
        ("jpeg", "a codec of this name is installed; take another name"),
        ("json", "Python already has a module of this name; take another name"),
        ("taken", "taken exists; take another name, or give --out FOLDER"),
    ],
)
def test_names_that_cannot_be(workplace, typed, capsys, name, line):
    assert "jpeg" in names()
    (workplace / "taken").mkdir()
    (workplace / "taken" / "notes.txt").write_text("mine")
    before = sorted(workplace.rglob("*"))
    assert typed("new-codec", name, command="coinfer") == 2
    assert capsys.readouterr() == ("", f"new-codec {name}: {line}\n")
    assert sorted(workplace.rglob("*")) == before
