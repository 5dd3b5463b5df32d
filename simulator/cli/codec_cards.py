"""What the code knows of a codec, as a card in Markdown: a block between two marks in docs/codecs.md."""

from __future__ import annotations

import inspect
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from safetensors import safe_open

from coinfer.codecs.protocol import Codec, CodecError, Cost
from coinfer.codecs.registry import create, module, names
from coinfer.models.backbone import SPLITS
from coinfer.models.checkpoints import shipped_path
from coinfer.simulator.errors import InputError, suggestion

MARK = re.compile(r"(?P<start><!-- card: (?P<name>\S+) -->\n).*?(?P<end><!-- /card -->)", re.S)
CLASSIFIER = "scenes"
BUDGET_BYTES = 1000
"""Of a codec that fits its messages into a number of bytes, for the row that shows what this costs."""

Settings = Mapping[str, Any]


def update_cards(page: Path) -> None:
    """Writes the cards of a page anew, whole or not at all.

    Raises:
        InputError: the page cannot be read or written, has no marks, or names no installed codec.
    """
    try:
        text = page.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--cards {page}: cannot be read as text ({error})") from error
    if not MARK.search(text):
        raise InputError(
            f"--cards {page}: expected marks such as <!-- card: jpeg --> and <!-- /card -->, each on a line "
            f"of its own; add them"
        )
    fresh = with_cards(text)
    partial = page.with_name(f".{page.name}.{os.getpid()}.partial")
    try:
        partial.write_text(fresh, encoding="utf-8")
        os.replace(partial, page)
    except OSError as error:
        raise InputError(f"--cards {page}: cannot be written: {error.strerror}") from error


def with_cards(text: str) -> str:
    """Returns a page with every card as it should be now.

    Raises:
        InputError: a mark names no installed codec.
    """
    return MARK.sub(lambda mark: f"{mark['start']}\n{card(mark['name'])}\n{mark['end']}", text)


def card(name: str) -> str:
    """Describes an installed codec: purpose, settings, where it runs, cost, weights, an example.

    Raises:
        InputError: there is no such codec, or it cannot be made without settings.
    """
    if name not in names():
        raise InputError(f"--cards: no installed codec '{name}'{suggestion(name, names())}")
    try:
        codec = create(name, {}, CLASSIFIER)
    except CodecError as error:
        raise InputError(f"--cards: {error}; a card needs defaults for all settings") from error
    text, meanings = _documented(type(codec))
    parts = [text, _settings(codec, meanings), _facts(codec), _costs(name, codec), _example(name, codec)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _documented(codec: type[Codec]) -> tuple[str, dict[str, str]]:
    """The docstring up to its arguments, and the meaning of each of these."""
    text, _, arguments = (inspect.getdoc(codec) or "").partition("\n\nArgs:\n")
    own = arguments.partition("\n\n")[0]
    entries = re.findall(r"^    (\w+): (.*?)(?=^    \w|\Z)", own, re.M | re.S)
    return text, {name: " ".join(meaning.split()) for name, meaning in entries}


def _settings(codec: Codec, meanings: Mapping[str, str]) -> str:
    parameters = inspect.signature(type(codec)).parameters
    rows = [
        (
            f"`{name}`",
            _kind(str(parameter.annotation)),
            f"`{_value(parameter.default)}`",
            meanings.get(name, ""),
        )
        for name, parameter in parameters.items()
        if name != "classifier"
    ]
    return _table(("setting", "type", "default", "meaning"), rows) if rows else "No settings."


def _facts(codec: Codec) -> str:
    rows = [("device", _first_line(codec.device_cost)), ("edge", _first_line(codec.edge_cost))]
    if codec.answers_on_device:
        rows.append(("answer", "on the device: it does not wait for the message"))
    rows.append(("damaged message", _of_damaged(codec)))
    if codec.cuts:
        rows.append(("measured when cut to", f"{', '.join(f'{size:,}' for size in codec.cuts)} bytes"))
    return _table(("part", "what happens"), rows)


def _of_damaged(codec: Codec) -> str:
    if hasattr(codec, "coded"):
        return "`coded: true`: discarded; `coded: false`: decoded as far as it goes"
    return "decoded as far as it goes" if codec.tolerates_loss else "discarded"


def _costs(name: str, codec: Codec) -> str:
    shipped = list(_shipped(name, codec))
    variants = shipped or [(settings, "") for settings in _variants(codec)]
    headings = ["with", "at fixed width", "device", "edge", "parameters on the device", "weights"]
    rows = [_cost_row(name, settings, file) for settings, file in variants]
    used = [place for place in range(len(headings)) if any(row[place] for row in rows)]
    return _table([headings[place] for place in used], [[row[place] for place in used] for row in rows])


def _cost_row(name: str, settings: Settings, file: str) -> list[str]:
    codec = create(name, settings, CLASSIFIER)
    width, parameters = codec.fixed_width_bytes(), codec.device_parameters()[0]
    return [
        ", ".join(f"`{key}: {_value(value)}`" for key, value in settings.items()) or "defaults",
        f"{width:,} bytes" if width is not None else "",
        _work(codec.device_cost()),
        _work(codec.edge_cost()),
        f"{parameters / 1e6:.2f} million" if parameters else "",
        file,
    ]


def _shipped(name: str, codec: Codec) -> Iterator[tuple[Settings, str]]:
    """Settings and file of each checkpoint that comes with coinfer; a codec's module names their kind."""
    kind = module(name).rpartition(".")[2]
    if "checkpoint" not in codec.settings:
        return
    for path in sorted(shipped_path(kind).parent.glob(f"{kind}-*.safetensors")):
        with safe_open(path, framework="pt") as file:  # its header alone: the tensors are not needed twice
            metadata = json.loads(file.metadata()["coinfer"])
        settings = {key: metadata[key] for key in codec.settings if key in metadata}
        yield settings, f"`{path.name}`"


def _variants(codec: Codec) -> list[Settings]:
    if "split" in codec.settings:
        return [{"split": split} for split in SPLITS]
    return [{}, {"max_bytes": BUDGET_BYTES}] if "max_bytes" in codec.settings else [{}]


def _example(name: str, codec: Codec) -> str:
    told = {key: value for key, value in codec.settings.items() if key != "classifier" and value is not None}
    written = ", ".join(f"{key}: {_value(value)}" for key, value in {"id": name, **told}.items())
    return f"```yaml\ncodecs: [{f'{{{written}}}' if told else name}]\n```"


def _work(cost: Cost) -> str:
    """Operations and serial code of one image; nothing for nothing."""
    parts = [f"{cost.flops / 1e9:.3g} GFLOP"] if cost.flops else []
    parts += [f"{cost.serial_s * 1e3:.2g} ms"] if cost.serial_s else []
    return ", ".join(parts) or "-"


def _kind(annotation: str) -> str:
    words = {"str": "text", "int": "whole number", "bool": "true or false", "None": "null"}
    return " or ".join(words.get(part, part) for part in annotation.split(" | "))


def _value(value: object) -> str:
    return yaml.safe_dump(value, default_flow_style=True).removesuffix("\n...\n").strip()


def _first_line(method: object) -> str:
    return (inspect.getdoc(method) or "").partition("\n")[0]


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
