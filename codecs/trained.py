"""The checkpoint behind a codec: found, checked, and loaded half by half, as two machines would."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import torch
from numpy.typing import NDArray
from torch import nn

from coinfer.codecs.bitstream import short_digest
from coinfer.codecs.network import backbone_for, backbone_sha256, network_sha256
from coinfer.codecs.protocol import SettingsError
from coinfer.models.backbone import SPLITS, Backbone, shipped_sha256
from coinfer.models.checkpoints import Checkpoint, CheckpointError, read_checkpoint, shipped_path

Half = TypeVar("Half", bound=nn.Module)


class Trained:
    """The checkpoint of a codec at a split.

    Args:
        kind: of the checkpoint, `anytime` for example.
        split: stage after which the network is cut.
        name: of the checkpoint that comes with coinfer, without `kind-`.
        checkpoint: a file to use instead.
        classifier: the classes to decide between, and so the network that is cut.

    Raises:
        SettingsError: no such split or checkpoint, or one of another kind, split or network.
    """

    def __init__(self, kind: str, split: str, name: str, checkpoint: str | None, classifier: str) -> None:
        if split not in SPLITS[1:]:
            raise SettingsError(f"split: expected one of {', '.join(SPLITS[1:])}, got {split!r}")
        path = Path(checkpoint) if checkpoint else shipped_path(f"{kind}-{name}")
        if not checkpoint and not path.is_file():
            raise SettingsError(
                f"no {path.name} comes with coinfer; train one with 'coinfer train {kind}' and give it as "
                f"checkpoint"
            )
        try:
            self.weights: Checkpoint = read_checkpoint(path, kind)
        except CheckpointError as error:
            raise SettingsError(str(error)) from error
        made_for = self.weights.metadata.get("split")
        if made_for != split:
            raise SettingsError(f"{path}: made for split '{made_for}', not '{split}'")
        self._classifier = classifier
        if self.weights.metadata.get("backbone_sha256", shipped_sha256()) != backbone_sha256(classifier):
            raise self._other_network(kind)

    @property
    def backbone(self) -> Backbone:
        """The network that is cut.

        Raises:
            SettingsError: there is no such classifier.
        """
        return backbone_for(self._classifier)

    @cached_property
    def digest(self) -> int:
        """What messages carry: the first 16 bits over the network's and the checkpoint's SHA-256."""
        both = network_sha256(self._classifier) + self.weights.sha256
        return short_digest(hashlib.sha256(both.encode()).hexdigest())

    def metadata(self, key: str) -> int:
        """A whole number from the checkpoint's metadata."""
        value = self.weights.metadata.get(key)
        if not isinstance(value, int):
            raise SettingsError(f"{self.weights.path}: metadata lacks {key}; train it again")
        return value

    def table(self, name: str, shape: tuple[int, ...]) -> NDArray[Any]:
        """A tensor of whole numbers of the entropy coder, `counts` for example."""
        table = self.weights.tensors.get(name, torch.empty(0))
        if table.shape != shape:
            raise self._misfit(name)
        whole: NDArray[Any] = table.numpy()
        return whole

    def loaded(self, half: Half, prefix: str) -> Half:
        """Fills an encoder or a decoder with the tensors whose names begin with `prefix`."""
        tensors = self.weights.tensors.items()
        given = {key.removeprefix(prefix): value for key, value in tensors if key.startswith(prefix)}
        wanted, got = _shapes(half.state_dict()), _shapes(given)
        for key in sorted(wanted.keys() | got.keys()):
            if wanted.get(key) != got.get(key):
                raise self._misfit(prefix + key)
        half.load_state_dict(given, strict=False)
        half.to(memory_format=torch.channels_last)
        return half.eval().requires_grad_(False)

    def _other_network(self, kind: str) -> SettingsError:
        if backbone_sha256(self._classifier) == shipped_sha256():
            return SettingsError(
                f"{self.weights.path}: made for another backbone than the one that comes with coinfer; "
                f"give that backbone's file as images.classifier"
            )
        return SettingsError(
            f"{self.weights.path}: made for another backbone than {self._classifier}; train one with "
            f"'coinfer train {kind} --backbone {self._classifier}'"
        )

    def _misfit(self, key: str) -> SettingsError:
        split = self.weights.metadata["split"]
        return SettingsError(
            f"{self.weights.path}: tensor '{key}' does not fit split '{split}'; train it again"
        )


def _shapes(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Size]:
    """Shapes of the tensors that belong into a checkpoint; the frozen part comes with the backbone."""
    return {
        key: value.shape
        for key, value in tensors.items()
        if not key.startswith("frozen.") and not key.endswith("num_batches_tracked")
    }
