"""The cards of codecs: up to date, complete, and true."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from coinfer.codecs.bitstream import (
    KIND_AECNN,
    KIND_ANYTIME,
    KIND_BOTTLENET,
    KIND_LABEL,
    KIND_SPLIT_FLOAT32,
    KIND_SPLIT_INT8,
)
from coinfer.codecs.registry import module, names
from coinfer.simulator.cli.codec_cards import card, with_cards
from coinfer.simulator.codec_spec import CodecSpec
from coinfer.simulator.errors import InputError

PAGE = Path(__file__).resolve().parents[3] / "docs" / "codecs.md"
TEXT = PAGE.read_text(encoding="utf-8")
OURS = [name for name in names() if module(name).startswith("coinfer.codecs.")]
KINDS = {
    "local": KIND_LABEL,
    "aecnn": KIND_AECNN,
    "bottlenet++": KIND_BOTTLENET,
    "anytime": KIND_ANYTIME,
    "split-float32": KIND_SPLIT_FLOAT32,
    "split-int8": KIND_SPLIT_INT8,
}


def section(name: str) -> str:
    """What the page has under a codec's name."""
    return TEXT.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


def test_the_page_is_up_to_date() -> None:
    assert with_cards(TEXT) == TEXT, "run: coinfer codecs --cards docs/codecs.md"


@pytest.mark.parametrize("name", OURS)
def test_every_codec_has_a_card_and_what_only_we_know(name: str) -> None:
    told = section(name)
    assert f"<!-- card: {name} -->" in told
    for heading in ("**Message.** ", "**Weak at** ", "**Source.** "):
        assert told.count(heading) == 1, heading


@pytest.mark.parametrize("name", KINDS)
def test_the_kind_is_that_of_the_header(name: str) -> None:
    assert f"**Message.** Kind {KINDS[name]}" in section(name)


@pytest.mark.parametrize("name", OURS)
def test_the_example_is_a_codec_of_a_scenario(name: str) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", section(name), re.S)
    (codec,) = yaml.safe_load(example)["codecs"]
    assert CodecSpec.model_validate(codec).id == name


def test_a_card_tells_settings_cost_and_weights() -> None:
    told = section("bottlenet++")
    assert "\n| `ratio` | whole number | `1024` | compression before entropy coding;" in told
    assert (
        "\n| damaged message | `coded: true`: discarded; `coded: false`: decoded as far as it goes |\n"
        in told
    )
    (row,) = [line for line in told.splitlines() if line.startswith("| `split: layer3`, `ratio: 1024` |")]
    assert f"| {1024 * 14 * 14 * 4 // 1024:,} bytes |" in row
    assert row.endswith("| `bottlenet-layer3-1024.safetensors` |")
    assert "| `split: layer1` | 3,211,264 bytes | 1.59 GFLOP, 8.9 ms |" in section("split-float32")


def test_no_work_is_a_dash_and_an_empty_column_is_left_out() -> None:
    assert "\n| with | device | edge |\n" in section("raw")
    assert "\n| defaults | - | 8.21 GFLOP |\n" in section("raw")
    assert "| `max_bytes: 1000` | 24 ms |" in section("webp")


def test_only_what_is_between_the_marks_changes(typed: Callable[..., int], workplace: Path) -> None:
    page = workplace / "page.md"
    page.write_text("# Mine\n\n<!-- card: png -->\nold\n<!-- /card -->\n\nThe end.\n")
    assert typed("codecs", "--cards", page, command="coinfer") == 0
    assert page.read_text() == (
        f"# Mine\n\n<!-- card: png -->\n\n{card('png')}\n<!-- /card -->\n\nThe end.\n"
    )
    assert sorted(path.name for path in workplace.iterdir()) == ["page.md", "small.yaml", "tiny.py"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (None, "--cards page.md: cannot be read as text ([Errno 2] No such file or directory: 'page.md')"),
        (
            "# Mine\n",
            "--cards page.md: expected marks such as <!-- card: jpeg --> and <!-- /card -->, each on a line "
            "of its own; add them",
        ),
        (
            "<!-- card: jpg -->\n<!-- /card -->\n",
            "--cards: no installed codec 'jpg', did you mean 'jpeg'?",
        ),
    ],
)
def test_mistakes(
    typed: Callable[..., int],
    workplace: Path,
    capsys: pytest.CaptureFixture[str],
    text: str | None,
    line: str,
) -> None:
    if text is not None:
        (workplace / "page.md").write_text(text)
    assert typed("codecs", "--cards", "page.md", command="coinfer") == 2
    assert capsys.readouterr() == ("", f"{line}\n")


def test_a_codec_without_defaults_has_no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    from coinfer.codecs.protocol import SettingsError

    def demanding(*_: object) -> None:
        raise SettingsError("codec 'png': missing 1 required argument: 'level'")

    monkeypatch.setattr("coinfer.simulator.cli.codec_cards.create", demanding)
    with pytest.raises(InputError, match="a card needs defaults for all settings"):
        card("png")
