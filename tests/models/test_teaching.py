import numpy as np
import pytest
import torch

from coinfer.models.teaching import distillation


def test_distillation_is_zero_for_the_teacher_itself_and_grows_with_the_distance() -> None:
    teacher = torch.tensor([[2.0, -1.0, 0.5]])
    assert distillation(teacher + 3.0, teacher).item() == pytest.approx(0.0, abs=1e-6)
    # Two classes at temperature 2: KL of sigmoid(1) from sigmoid(0), times 4.
    p = torch.sigmoid(torch.tensor(1.0)).item()
    kl = p * np.log(p / 0.5) + (1 - p) * np.log((1 - p) / 0.5)
    assert distillation(torch.zeros(1, 2), torch.tensor([[2.0, 0.0]])).item() == pytest.approx(4 * kl)
