from pathlib import Path

import pytest
import torch
from torch import nn

from coinfer.models.training_state import TrainingError, TrainingState


def stepped() -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(1)
    model = nn.Linear(3, 2)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.1)
    model(torch.ones(1, 3)).sum().backward()
    optimiser.step()
    return model, optimiser


def test_weights_moments_and_step_come_back(tmp_path: Path) -> None:
    model, optimiser = stepped()
    TrainingState(tmp_path / "a.safetensors", "me", model, optimiser).save_if_due(7, every_s=0, last=False)
    other = nn.Linear(3, 2)
    its = torch.optim.Adam(other.parameters(), lr=0.1)
    assert TrainingState(tmp_path / "a.safetensors", "me", other, its).restore() == 7
    assert torch.equal(other.weight, model.weight)
    assert torch.equal(its.state_dict()["state"][0]["exp_avg"], optimiser.state_dict()["state"][0]["exp_avg"])


def test_nothing_saved_starts_at_zero(tmp_path: Path) -> None:
    assert TrainingState(tmp_path / "none.safetensors", "me", *stepped()).restore() == 0


def test_it_waits_until_a_save_is_due(tmp_path: Path) -> None:
    TrainingState(tmp_path / "a.safetensors", "me", *stepped()).save_if_due(1, every_s=60, last=False)
    assert list(tmp_path.iterdir()) == []


def test_another_run_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    TrainingState(path, "me", *stepped()).save_if_due(1, every_s=60, last=True)
    with pytest.raises(TrainingError, match=r"the state of another training run; give another --work folder"):
        TrainingState(path, "you", *stepped()).restore()


def test_a_damaged_state_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"not a state")
    with pytest.raises(TrainingError, match=r"damaged state"):
        TrainingState(path, "me", *stepped()).restore()
