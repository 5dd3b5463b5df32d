"""Checkpoints: safetensors files whose header carries what the weights are and how they came to be."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

FORMAT = 1
"""Version of the checkpoint layout; a file of another version is refused."""

STEP = ".step"
"""Ends the name of the steps of a kernel stored in whole steps; the kernel's own name comes before."""

LARGEST_STEPS = 127
"""Kernels in steps are -127..127 of them."""


class CheckpointError(ValueError):
    """A checkpoint file is missing, damaged, or of another version or kind."""


@dataclass(frozen=True)
class Checkpoint:
    """The tensors of a checkpoint and the JSON metadata stored beside them."""

    path: Path
    metadata: dict[str, Any]
    tensors: dict[str, torch.Tensor]

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the file, in hex."""
        return file_sha256(self.path)

    @property
    def classifier(self) -> tuple[str, tuple[str, ...]]:
        """Name and class names of its one classifier.

        Raises:
            CheckpointError: it has none, or several.
        """
        names = self.metadata.get("class_names")
        if not isinstance(names, dict) or len(names) != 1:
            raise CheckpointError(f"{self.path}: expected the classes of one classifier; train it again")
        ((name, classes),) = names.items()
        return name, tuple(classes)


def file_sha256(path: Path) -> str:
    """Returns the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def shipped_path(name: str) -> Path:
    """Returns the path of a checkpoint that comes with coinfer; it need not exist."""
    return Path(str(files("coinfer.models") / "weights" / f"{name}.safetensors"))


def read_checkpoint(path: Path, *kinds: str) -> Checkpoint:
    """Reads a checkpoint, its floating-point tensors, and kernels in steps, as float32.

    Args:
        path: the safetensors file.
        kinds: what it may be (`backbone`, `classifier`, `aecnn`, ...); none given takes any file.

    Raises:
        CheckpointError: no such file, not a safetensors file, or of another kind or version.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: no such checkpoint; train one with 'coinfer train --help'")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = json.loads((file.metadata() or {}).get("coinfer", "{}"))
            stored = {key: _widen(file.get_tensor(key)) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, json.JSONDecodeError, OSError) as error:
        raise CheckpointError(f"{path}: not a readable checkpoint ({error})") from error
    if not isinstance(metadata, dict):
        raise CheckpointError(f"{path}: not a readable checkpoint (its metadata is no mapping)")
    if kinds:
        _check(path, metadata, kinds)
    return Checkpoint(path, metadata, _out_of_steps(stored))


def write_checkpoint(
    path: Path,
    tensors: Mapping[str, torch.Tensor],
    metadata: Mapping[str, Any],
    half: bool = True,
    in_steps: tuple[str, ...] = (),
) -> None:
    """Writes a checkpoint whole or not at all.

    Args:
        path: the safetensors file; its folder is made.
        tensors: what to write; counters of batches are left out.
        metadata: what can be JSON.
        half: write floating-point tensors as float16.
        in_steps: convolution kernels whose names begin like one of these, `[out, in, height, width]`, take 8
            bits a weight: whole steps, a step being 1/127 of the largest weight of its output channel.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = {key: value for key, value in tensors.items() if "num_batches_tracked" not in key}
    kept = _into_steps(kept, in_steps)
    kept = {key: _narrow(value, half and not key.endswith(STEP)) for key, value in kept.items()}
    text = json.dumps({"format": FORMAT, **metadata}, sort_keys=True)
    partial = path.with_suffix(".partial")
    try:
        partial.write_bytes(save(kept, {"coinfer": text}))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _check(path: Path, metadata: Mapping[str, Any], kinds: Sequence[str]) -> None:
    version = metadata.get("format")
    if version != FORMAT:
        raise CheckpointError(
            f"{path}: checkpoint format {version}, this coinfer reads {FORMAT}; train it again"
        )
    if metadata.get("kind") not in kinds:
        wanted = " or ".join(f"'{kind}'" for kind in kinds)
        raise CheckpointError(f"{path}: expected a checkpoint of kind {wanted}, got '{metadata.get('kind')}'")


def _into_steps(tensors: Mapping[str, torch.Tensor], beginnings: tuple[str, ...]) -> dict[str, torch.Tensor]:
    found = dict(tensors)
    for key, value in tensors.items():
        if key.startswith(beginnings) and value.ndim == 4:
            step = value.float().abs().amax(dim=(1, 2, 3), keepdim=True) / LARGEST_STEPS
            found[key] = (value / step.clamp_min(1e-30)).round().to(torch.int8)
            found[key + STEP] = step
    return found


def _out_of_steps(stored: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {
        key: value * stored[key + STEP] if key + STEP in stored else value
        for key, value in stored.items()
        if not (key.endswith(STEP) and key.removesuffix(STEP) in stored)
    }


def _widen(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor


def _narrow(tensor: torch.Tensor, half: bool) -> torch.Tensor:
    tensor = tensor.detach().cpu().contiguous()
    return tensor.half() if half and tensor.is_floating_point() else tensor
