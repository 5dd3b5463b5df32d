from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from coinfer.models.training import (
    Job,
    Loss,
    Phase,
    Source,
    augment,
    evaluate,
    mixed_precision,
    run_phase,
    schedule,
)


class Dots:
    """Sixteen noisy images of two classes, whose labels are their numbers or their classes."""

    class_names = ("dark", "light")
    fingerprint = "dots"

    def __init__(self, count: int = 16, numbered: bool = False) -> None:
        rng = np.random.default_rng(0)
        self.labels: NDArray[np.int64] = np.arange(count) if numbered else np.arange(count) % 2
        level = 60 + 120 * (np.arange(count) % 2)
        self._pixels = rng.integers(0, 60, (count, 3, 12, 12)) + level[:, None, None, None]

    def __len__(self) -> int:
        return len(self.labels)

    def load(self, indices: Sequence[int]) -> NDArray[np.uint8]:
        return self._pixels[list(indices)].astype(np.uint8)


class KilledError(Exception):
    """Stands for the end of the process."""


def tiny() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))


def job_for(model: nn.Module, folder: Path, kill_at: int = -1, **options: Any) -> Job:
    calls = iter(range(1_000_000))

    def loss(pixels: Tensor, labels: Tensor, classifier: str) -> Loss:
        if next(calls) == kill_at:
            raise KilledError
        answers = functional.cross_entropy(model(pixels / 255).float(), labels)
        return Loss(answers + 0.25, answers)

    settings = {"save_every_s": 0.0, **options}
    return Job(model, [Source(Dots(), "toy")], loss, folder, **settings)


def weights(model: nn.Module) -> list[Tensor]:
    return [value.clone() for value in model.state_dict().values()]


PHASE = Phase("toy", 4, 8, 0.01, 4)


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
@pytest.mark.parametrize("kill_at", [1, 7, 15])
def test_a_killed_run_ends_as_an_undisturbed_one(tmp_path: Path, optimiser: str, kill_at: int) -> None:
    whole, killed, resumed = tiny(), tiny(), tiny()
    run_phase(job_for(whole, tmp_path / "whole", optimiser=optimiser), PHASE)
    with pytest.raises(KilledError):
        run_phase(job_for(killed, tmp_path / "killed", kill_at, optimiser=optimiser), PHASE)
    torch.nn.init.zeros_(resumed[0].weight)
    run_phase(job_for(resumed, tmp_path / "killed", optimiser=optimiser), PHASE)
    assert all(torch.equal(a, b) for a, b in zip(weights(whole), weights(resumed), strict=True))
    assert not torch.equal(weights(whole)[0], weights(killed)[0])


def test_a_run_killed_before_its_first_save_starts_again(tmp_path: Path) -> None:
    whole, resumed = tiny(), tiny()
    run_phase(job_for(whole, tmp_path / "whole"), PHASE)
    with pytest.raises(KilledError):
        run_phase(job_for(tiny(), tmp_path / "killed", 5, save_every_s=1e9), PHASE)
    run_phase(job_for(resumed, tmp_path / "killed", save_every_s=1e9), PHASE)
    assert all(torch.equal(a, b) for a, b in zip(weights(whole), weights(resumed), strict=True))


def test_a_finished_phase_is_loaded_and_not_run_again(tmp_path: Path) -> None:
    first, second = tiny(), tiny()
    run_phase(job_for(first, tmp_path), PHASE)
    run_phase(job_for(second, tmp_path, kill_at=0), PHASE)
    assert all(torch.equal(a, b) for a, b in zip(weights(first), weights(second), strict=True))


def test_each_epoch_shows_each_image_once(tmp_path: Path) -> None:
    seen: list[int] = []
    model = nn.Linear(1, 1)

    def loss(pixels: Tensor, labels: Tensor, classifier: str) -> Loss:
        seen.extend(labels.tolist())
        return Loss(*[model(pixels.mean().view(1, 1)).sum() * 0] * 2)

    run_phase(Job(model, [Source(Dots(numbered=True), "toy")], loss, tmp_path), PHASE)
    epochs = np.array(seen).reshape(4, 16)
    assert [sorted(epoch) for epoch in epochs.tolist()] == [list(range(16))] * 4
    assert len({tuple(epoch) for epoch in epochs.tolist()}) == 4


def test_each_batch_holds_a_share_of_each_source(tmp_path: Path) -> None:
    seen: list[tuple[str, int]] = []
    model = nn.Linear(1, 1)

    def loss(pixels: Tensor, labels: Tensor, classifier: str) -> Loss:
        seen.append((classifier, len(labels)))
        return Loss(*[model(pixels.mean().view(1, 1)).sum()] * 2)

    sources = [Source(Dots(24), "big"), Source(Dots(8), "small")]
    run_phase(Job(model, sources, loss, tmp_path), Phase("toy", 1, 8, 0.01, 8))
    assert seen == [("big", 6), ("small", 2)] * 4


def test_it_learns_and_logs(tmp_path: Path) -> None:
    rows: list[Any] = []
    model = tiny()
    run_phase(job_for(model, tmp_path, log=rows.append), Phase("toy", 19.5, 8, 0.01, 4))
    assert [row["step"] for row in rows] == [20, 40, 60, 78]
    assert [row["images"] for row in rows] == [80, 160, 240, 312]
    assert {(row["phase"], row["of"]) for row in rows} == {("toy", 78)}
    assert rows[-1]["answers"] < 0.5 * rows[0]["answers"]
    assert [row["loss"] - row["answers"] for row in rows] == pytest.approx([0.25] * 4)


def test_frozen_parameters_stay(tmp_path: Path) -> None:
    model = tiny()
    model[0].requires_grad_(False)
    before, last = model[0].weight.clone(), model[4].weight.clone()
    run_phase(job_for(model, tmp_path), PHASE)
    assert torch.equal(model[0].weight, before)
    assert not torch.equal(model[4].weight, last)


def test_a_loss_that_is_no_number_stops_the_run(tmp_path: Path) -> None:
    model = nn.Linear(1, 1)
    sources = [Source(Dots(), "toy")]
    job = Job(model, sources, lambda *_: Loss(*[model.weight.sum() * float("nan")] * 2), tmp_path)
    with pytest.raises(FloatingPointError) as caught:
        run_phase(job, PHASE)
    assert str(caught.value) == "toy: loss is nan at step 0; lower the learning rate"
    assert not list(tmp_path.iterdir())


def test_schedule() -> None:
    assert [schedule(x) for x in (0.0, 0.025, 0.5, 1.0, 1.5)] == pytest.approx([0, 0.5, 0.5, 0, 0])
    values = [schedule(x) for x in np.linspace(0, 1, 201)]
    peak = int(np.argmax(values))
    assert peak == 10
    assert values[peak] == pytest.approx(1, abs=0.01)
    assert values[:11] == sorted(values[:11])
    assert values[10:] == sorted(values[10:], reverse=True)


class TestAugment:
    def test_a_function_of_its_generator(self) -> None:
        pixels = torch.from_numpy(Dots().load(range(4)))
        first, again, other = (augment(pixels, 8, 0.35, np.random.default_rng(seed)) for seed in (1, 1, 2))
        assert torch.equal(first, again)
        assert not torch.equal(first, other)

    def test_results_are_pixels_of_the_asked_size(self) -> None:
        pixels = torch.randint(0, 256, (50, 3, 24, 24), dtype=torch.uint8)
        crops = augment(pixels, 17, 0.35, np.random.default_rng(0))
        assert (crops.shape, crops.dtype) == ((50, 3, 17, 17), torch.float32)
        assert crops.min() >= 0
        assert crops.max() <= 255

    def test_brightness_changes_by_at_most_a_fifth(self) -> None:
        grey = torch.full((200, 3, 24, 24), 100, dtype=torch.uint8)
        crops = augment(grey, 8, 0.35, np.random.default_rng(0))
        levels = crops.mean(dim=(1, 2, 3))
        torch.testing.assert_close(crops, levels.view(-1, 1, 1, 1).expand_as(crops), atol=1e-3, rtol=0)
        assert 80 <= levels.min() < 83
        assert 117 < levels.max() <= 120

    def test_crops_are_inside_and_as_large_as_asked(self) -> None:
        """On a ramp, a crop's slope is its width and its ends are its place."""
        ramp = torch.arange(0, 200, 2, dtype=torch.uint8).view(1, 1, 1, 100).expand(300, 3, 100, 100)
        crops = augment(ramp, 50, 0.35, np.random.default_rng(0))
        row = crops[:, 0, 25, :]
        width = (row[:, -2] - row[:, 1]).abs() / 47 * 50 / 200
        bright = row.mean(dim=1)
        assert width.max() <= 1.2 + 1e-3
        assert width.min() >= 0.8 * np.sqrt(0.35) * np.exp(-0.2) - 1e-3
        assert bright.max() < 1.2 * 200
        falling = (row[:, -1] < row[:, 0]).float().mean()
        assert 0.4 < falling < 0.6


def test_evaluate() -> None:
    images = Dots(11)
    right = evaluate(
        lambda pixels: functional.one_hot((pixels.float().mean(dim=(1, 2, 3)) > 120).long(), 2), images, 4
    )
    assert right.tolist() == [True] * 11
    wrong = evaluate(lambda pixels: torch.tensor([[1.0, 0.0]]).repeat(len(pixels), 1), images, batch=64)
    assert wrong.tolist() == (images.labels == 0).tolist()


@pytest.mark.parametrize(
    ("has", "kind"),
    [
        ({"avx2": True, "avx512_f": True, "avx512_bf16": False, "amx_bf16": False}, torch.float32),
        ({"avx2": True, "avx512_bf16": True}, torch.bfloat16),
        ({"amx_bf16": True}, torch.bfloat16),
        ({"neon": True, "bf16": True}, torch.bfloat16),
        ({"neon": True}, torch.float32),
    ],
)
def test_bfloat16_only_where_the_processor_computes_in_it(
    has: dict[str, bool], kind: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: has)
    with mixed_precision("cpu"):
        assert nn.Linear(2, 2)(torch.zeros(1, 2)).dtype is kind
