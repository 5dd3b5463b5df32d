"""The feature codecs that can be trained: their settings, checked, and what trains them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from coinfer.simulator.errors import InputError

if TYPE_CHECKING:
    from coinfer.models.training import Phase


@dataclass(frozen=True)
class Trainable:
    """A kind of codec with its settings.

    Args:
        codec: its entry point.
        settings: what its training takes.
        presets: its steps.
        train: trains it and writes the checkpoint.
        stem: of the checkpoint's name, unless the user gives another.
        chosen: the codec's settings that pick such a checkpoint.
    """

    codec: str
    settings: Any
    presets: Mapping[str, Sequence[Phase]]
    train: Callable[..., dict[str, object]]
    stem: str
    chosen: Mapping[str, object]


def trainable(kind: str, given: Mapping[str, Any]) -> Trainable:
    """Looks up a kind of codec and checks the settings given on the command line.

    Args:
        kind: `aecnn`, `bottlenet` or `anytime`.
        given: the fields of its `Settings`.

    Raises:
        InputError: a setting is wrong.
    """
    from coinfer.models.backbone import SPLITS

    check_choice("--split", given["split"], SPLITS[1:])
    for name, value in given.items():
        if isinstance(value, float) and not isfinite(value):
            raise InputError(f"--{name.replace('_', '-')}: expected a finite number, got {value}")
    return {"aecnn": _aecnn, "bottlenet": _bottlenet, "anytime": _anytime}[kind](given)


def check_choice(option: str, value: str, choices: Sequence[str]) -> None:
    """Checks an option that takes one of a few words.

    Raises:
        InputError: it is another.
    """
    if value not in choices:
        raise InputError(f"{option}: expected one of {', '.join(choices)}, got '{value}'")


def _check_whole(ratio: int, channels: int, split: str) -> None:
    """Checks that a ratio leaves whole channels, of those that a ratio of 1 would leave."""
    if channels % ratio:
        raise InputError(
            f"--ratio {ratio}: leaves {channels / ratio:.4g} channels at {split}; "
            f"take one that divides {channels}"
        )


def _aecnn(given: Mapping[str, Any]) -> Trainable:
    from coinfer.models.aecnn import kept_channels
    from coinfer.models.backbone import CHANNELS
    from coinfer.models.train_aecnn import PHASES, Settings, train_aecnn

    check_choice("--ranking", given["ranking"], ("attention", "l1", "random"))
    split, ratio = given["split"], given["ratio"]
    kept, channels = kept_channels(split, ratio), CHANNELS[split]
    if kept < 1:
        raise InputError(f"--ratio {ratio}: keeps no channel at {split}; lower it")
    if kept > channels:
        raise InputError(f"--ratio {ratio}: keeps {kept} of {channels} channels at {split}; raise it")
    _check_whole(ratio, kept_channels(split, 1), split)
    return Trainable("aecnn", Settings(**given), PHASES, train_aecnn, f"aecnn-{split}", {"split": split})


def _bottlenet(given: Mapping[str, Any]) -> Trainable:
    from coinfer.models.bottlenet import sent_channels
    from coinfer.models.end_to_end import PRESETS
    from coinfer.models.train_bottlenet import Settings, train_bottlenet

    check_choice("--disturbance", given["disturbance"], ("none", "awgn", "erasure"))
    split, ratio, strength = given["split"], given["ratio"], given["strength"]
    if sent_channels(split, ratio) < 1:
        raise InputError(f"--ratio {ratio}: sends no channel at {split}; lower it")
    _check_whole(ratio, sent_channels(split, 1), split)
    if (given["disturbance"] == "none") != (strength == 0):
        raise InputError(
            f"--strength: expected more than 0 with --disturbance awgn or erasure, and 0 with none, "
            f"got {strength:g} with {given['disturbance']}"
        )
    if given["disturbance"] == "erasure" and strength > 1:
        raise InputError(f"--strength: a share of lost values is at most 1, got {strength:g}")
    stem, chosen = f"bottlenet-{split}-{ratio}", {"split": split, "ratio": ratio}
    return Trainable("bottlenet++", Settings(**given), PRESETS, train_bottlenet, stem, chosen)


def _anytime(given: Mapping[str, Any]) -> Trainable:
    from coinfer.models.end_to_end import PRESETS
    from coinfer.models.train_anytime import Settings, train_anytime

    split = given["split"]
    return Trainable(
        "anytime", Settings(**given), PRESETS, train_anytime, f"anytime-{split}", {"split": split}
    )
