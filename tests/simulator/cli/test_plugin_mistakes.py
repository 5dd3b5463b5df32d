"""A plugin that breaks the contract: one line that names codec, method and place, exit code 2."""

import pytest

EMPTY = """
from coinfer.codecs.jpeg import Jpeg


class Empty(Jpeg):
    def encode(self, images):
        return [b""] * len(images)
"""


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "return Cost(1e8, 1e-3)",
            "return 5",
            "codec 'Tiny': device_cost must return a coinfer.codecs.protocol.Cost, got 5",
        ),
        (
            "return [image[",
            "raise SystemExit(0); [image[",
            "codec 'Tiny': encode raised SystemExit: 0 (tiny.py, line 16)",
        ),
        (
            "self.classifier, self.every = classifier, every",
            "{}['depth']",
            "codec 'tiny.py:Tiny': its constructor raised KeyError: 'depth' (tiny.py, line 13)",
        ),
    ],
)
def test_a_plugin_that_misbehaves(workplace, typed, capsys, old, new, line):
    file = workplace / "tiny.py"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    assert typed("small.yaml") == 2
    assert capsys.readouterr() == ("", f"small.yaml: {line}\n")
    assert not (workplace / "runs").exists()


def test_what_another_codec_says_is_told_by_the_name_of_the_plugin(workplace, typed, capsys):
    (workplace / "empty.py").write_text(EMPTY)
    assert typed("small.yaml", "--set", "codecs=[{plugin: empty.py:Empty}]") == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("small.yaml: codec 'Empty': decode: JPEG: truncated or altered image file (")
