from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from coinfer.models.aecnn import LEVELS
from coinfer.models.backbone import shipped
from coinfer.models.checkpoints import write_checkpoint
from coinfer.models.train_aecnn import AecnnStudent, Settings


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes AECNN checkpoints of random weights: `untrained(seed=, log_step=, drop=, **metadata)`."""

    def make(seed: int = 0, log_step: float = -3.0, drop: str = "", **metadata: Any) -> Path:
        torch.manual_seed(seed)
        student = AecnnStudent(shipped(), Settings())
        torch.nn.init.constant_(student.encoder.quantiser.log_step, log_step)
        tensors = {
            f"{half}.{key}": value
            for half in ("encoder", "decoder")
            for key, value in getattr(student, half).state_dict().items()
        }
        tensors["counts"] = torch.from_numpy(np.tile(2 ** np.clip(20 - np.arange(LEVELS), 0, 20), (8, 1)))
        kept = {key: value for key, value in tensors.items() if "frozen." not in key and key != drop}
        path = tmp_path_factory.mktemp("untrained") / "aecnn.safetensors"
        described = {"kind": "aecnn", "split": "layer2", "kept": 8, "size_px": 224, **metadata}
        write_checkpoint(path, kept, {key: value for key, value in described.items() if value is not None})
        return path

    return make
