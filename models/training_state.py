"""The state of a training run: one file, replaced whole, that a killed run goes on from."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn


class TrainingError(ValueError):
    """A training run cannot go on from the state it finds."""


class TrainingState:
    """Weights, optimiser moments and the step of one phase, in a safetensors file.

    Args:
        path: the file.
        identity: what is trained, and how; a state of another identity is refused.
        model: the network.
        optimiser: its optimiser.
    """

    def __init__(self, path: Path, identity: str, model: nn.Module, optimiser: torch.optim.Optimizer) -> None:
        self._path, self._identity = path, identity
        self._model, self._optimiser = model, optimiser
        self._saved_at = time.monotonic()

    def restore(self) -> int:
        """Loads the state if it is there; returns the step to go on from.

        Raises:
            TrainingError: the state is damaged, or belongs to another training run.
        """
        if not self._path.is_file():
            return 0
        try:
            with safe_open(self._path, framework="pt") as file:
                metadata = file.metadata() or {}
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise TrainingError(f"{self._path}: damaged state ({error}); remove it") from error
        if metadata.get("identity") != self._identity:
            raise TrainingError(
                f"{self._path}: the state of another training run; give another --work folder or remove it"
            )
        self._model.load_state_dict({k[2:]: v for k, v in tensors.items() if k.startswith("m.")})
        self._restore_moments(tensors, metadata)
        return int(tensors["step"])

    def save_if_due(self, step: int, every_s: float, last: bool) -> None:
        """Saves when the last save is `every_s` old, and always at the end of the phase."""
        if not last and time.monotonic() - self._saved_at < every_s:
            return
        tensors = {f"m.{key}": value for key, value in self._model.state_dict().items()}
        packed = self._optimiser.state_dict()
        if not last:
            for index, moments in packed["state"].items():
                tensors |= {
                    f"o.{index}.{key}": value for key, value in moments.items() if torch.is_tensor(value)
                }
        tensors["step"] = torch.tensor(step)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_suffix(".partial")
        metadata = {"identity": self._identity, "groups": json.dumps(packed["param_groups"])}
        try:
            save_file({key: value.contiguous().clone() for key, value in tensors.items()}, partial, metadata)
            os.replace(partial, self._path)
        finally:
            partial.unlink(missing_ok=True)
        self._saved_at = time.monotonic()

    def _restore_moments(self, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in tensors.items():
            if key.startswith("o."):
                _, index, name = key.split(".", 2)
                state.setdefault(int(index), {})[name] = value
        if state:
            self._optimiser.load_state_dict({"state": state, "param_groups": json.loads(metadata["groups"])})
