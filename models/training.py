"""The one training loop: batches in a fixed order, bf16 where quick, and a state that survives a kill."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn
from torch.nn import functional

from coinfer.models.images import ImageSet
from coinfer.models.training_state import TrainingState


@dataclass(frozen=True)
class Phase:
    """One stage of training: how long, at which image size, and with which step size.

    Args:
        name: shown in the log; also names the saved state.
        epochs: passes over the data; may be a fraction.
        size_px: side of the square images.
        learning_rate: peak of the schedule (linear warm-up over 5 % of the steps, cosine to zero).
        batch: images a step.
    """

    name: str
    epochs: float
    size_px: int
    learning_rate: float
    batch: int = 64


@dataclass(frozen=True)
class Source:
    """A labelled image set, and the classifier whose classes its labels index.

    Args:
        images: the set.
        classifier: its name in the backbone.
        teacher_only: a student learns from its teacher's scores, not from the labels.
    """

    images: ImageSet
    classifier: str
    teacher_only: bool = False


class Loss(NamedTuple):
    """What a batch costs: the whole to minimise, and that part of it which asks for right answers."""

    whole: Tensor
    answers: Tensor


@dataclass
class Job:
    """What is trained, on what, and against which loss.

    Args:
        model: the network; only parameters with `requires_grad` are changed.
        sources: image sets; each batch holds a share of each, by size.
        loss: `(pixels [batch, 3, size, size], labels [batch], classifier)` to two scalars.
        work_dir: where the state is kept for resuming.
        identity: what a saved state must match to be resumed.
        optimiser: `adam` or `sgd`.
        step_scale: beginnings of parameters' names, and their step size over that of all others.
        log: receives a row every `LOG_EVERY` steps: phase, step, steps in all, images seen in the phase, and
            the means of the whole loss and of the answers' since the last row.
    """

    model: nn.Module
    sources: Sequence[Source]
    loss: Callable[[Tensor, Tensor, str], Loss]
    work_dir: Path
    identity: str = ""
    seed: int = 0
    optimiser: str = "adam"
    device: str = "cpu"
    min_crop: float = 0.35
    step_scale: Mapping[str, float] = field(default_factory=dict)
    save_every_s: float = 120.0
    log: Callable[[Mapping[str, float | str | int]], None] = field(default=lambda row: None)


LOG_EVERY = 20
"""Steps from one row of the log to the next."""


def run_phase(job: Job, phase: Phase) -> None:
    """Trains one phase, going on from its saved state where there is one."""
    steps_an_epoch = sum(len(source.images) for source in job.sources) // phase.batch
    total = max(1, round(phase.epochs * steps_an_epoch))
    optimiser = _optimiser(job, phase)
    state = TrainingState(
        job.work_dir / f"{phase.name}.state.safetensors", job.identity, job.model, optimiser
    )
    step = state.restore()
    if step >= total:
        return
    job.model.to(job.device)
    since: list[tuple[float, float]] = []
    with _progress() as bar:
        shown = bar.add_task(f"{phase.name} at {phase.size_px} px", total=total, completed=step, note="")
        for step, parts in _batches(job, phase, step, total):  # noqa: B020
            for group in optimiser.param_groups:
                group["lr"] = group["scale"] * phase.learning_rate * schedule(step / total)
            value = _one_step(job, phase, optimiser, parts, step)
            if not math.isfinite(value[0]):
                raise FloatingPointError(
                    f"{phase.name}: loss is {value[0]} at step {step}; lower the learning rate"
                )
            bar.update(shown, completed=step + 1, note=f"loss {value[0]:.3f}")
            since.append(value)
            if (step + 1) % LOG_EVERY == 0 or step + 1 == total:
                whole, answers = np.mean(since, axis=0).tolist()
                seen = (step + 1) * sum(len(indices) for _, indices in parts)
                row: dict[str, float | str | int] = {"phase": phase.name, "step": step + 1, "of": total}
                job.log(row | {"images": seen, "loss": whole, "answers": answers})
                since.clear()
            state.save_if_due(step + 1, job.save_every_s, last=step + 1 == total)


def schedule(progress: float) -> float:
    """Step size over its peak at `progress` in 0..1: linear warm-up over 5 %, then half a cosine."""
    return min(progress / 0.05, 0.5 * (1 + math.cos(math.pi * progress))) if progress < 1 else 0.0


def _one_step(
    job: Job,
    phase: Phase,
    optimiser: torch.optim.Optimizer,
    parts: Sequence[tuple[Source, NDArray[np.int64]]],
    step: int,
) -> tuple[float, float]:
    optimiser.zero_grad(set_to_none=True)
    drawn = _seed(job, phase)
    torch.manual_seed(int(np.random.SeedSequence([*drawn, 2, step]).generate_state(1)[0]))
    size = sum(len(indices) for _, indices in parts)
    total = np.zeros(2)
    for number, (source, indices) in enumerate(parts):
        pixels = torch.from_numpy(source.images.load(indices.tolist())).to(job.device)
        labels = torch.from_numpy(source.images.labels[indices]).to(job.device)
        rng = np.random.default_rng([*drawn, 1, step, number])
        with mixed_precision(job.device):
            pixels = augment(pixels, phase.size_px, job.min_crop, rng)
            loss = job.loss(pixels, labels, source.classifier)
            share = len(indices) / size
        (loss.whole * share).backward()  # type: ignore[no-untyped-call]
        total += share * np.array([loss.whole.item(), loss.answers.item()])
    torch.nn.utils.clip_grad_norm_([p for p in job.model.parameters() if p.requires_grad], 5.0)
    optimiser.step()
    return float(total[0]), float(total[1])


def mixed_precision(device: str) -> torch.autocast:
    """bfloat16 autocast where the processor has instructions for it, float32 elsewhere.

    Emulated it is a brake: with AVX2 alone, ResNet-50 at 128 px trains 14 times slower than in float32.

    Args:
        device: `cpu` or `cuda`.
    """
    if device == "cuda":
        quick = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        quick = any(torch.cpu.get_capabilities().get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))
    return torch.autocast(device, torch.bfloat16, enabled=quick)


def augment(pixels: Tensor, size_px: int, min_crop: float, rng: np.random.Generator) -> Tensor:
    """Random crop (area share `min_crop`..1, mild stretch), flip and brightness, resampled to `size_px`.

    Args:
        pixels: `[batch, 3, height, width]` uint8.
        size_px: side of the result.
        min_crop: smallest share of the area that a crop keeps.
        rng: source of the randomness.

    Returns:
        `[batch, 3, size_px, size_px]` float32 in 0..255.
    """
    batch = len(pixels)
    side = np.sqrt(rng.uniform(min_crop, 1.0, batch))
    stretch = np.exp(rng.uniform(-0.2, 0.2, batch))
    width, height = np.minimum(side * stretch, 1.0), np.minimum(side / stretch, 1.0)
    theta = np.zeros((batch, 2, 3), dtype=np.float32)
    theta[:, 0, 0] = width * rng.choice([-1.0, 1.0], batch)
    theta[:, 1, 1] = height
    theta[:, 0, 2] = rng.uniform(-1, 1, batch) * (1 - width)
    theta[:, 1, 2] = rng.uniform(-1, 1, batch) * (1 - height)
    light = torch.tensor(rng.uniform(0.8, 1.2, (batch, 1, 1, 1)), dtype=torch.float32, device=pixels.device)
    with torch.autocast(pixels.device.type, enabled=False):
        grid = functional.affine_grid(
            torch.from_numpy(theta).to(pixels.device), [batch, 3, size_px, size_px], align_corners=False
        )
        crops = functional.grid_sample(pixels.float(), grid, align_corners=False, padding_mode="reflection")
    return (crops * light).clamp(0, 255)


def _batches(
    job: Job, phase: Phase, first: int, total: int
) -> Iterator[tuple[int, list[tuple[Source, NDArray[np.int64]]]]]:
    """Yields (step, indices for each source); the order depends only on the seed, the phase and the step."""
    sizes = np.array([len(source.images) for source in job.sources])
    shares = np.maximum(1, np.round(phase.batch * sizes / sizes.sum()).astype(int))
    for step in range(first, total):
        parts = []
        for number, (source, share) in enumerate(zip(job.sources, shares, strict=True)):
            rounds, offset = divmod(step * int(share), len(source.images))
            order = [
                np.random.default_rng([*_seed(job, phase), 0, number, rounds + extra]).permutation(
                    len(source.images)
                )
                for extra in (0, 1)
            ]
            parts.append((source, np.concatenate(order)[offset : offset + int(share)]))
        yield step, parts


def _seed(job: Job, phase: Phase) -> list[int]:
    """Each phase draws an order and crops of its own."""
    return [job.seed, zlib.crc32(phase.name.encode())]


def _optimiser(job: Job, phase: Phase) -> torch.optim.Optimizer:
    by_scale: dict[float, list[nn.Parameter]] = {}
    for name, parameter in job.model.named_parameters():
        if parameter.requires_grad:
            scale = next((job.step_scale[start] for start in job.step_scale if name.startswith(start)), 1.0)
            by_scale.setdefault(scale, []).append(parameter)
    groups = [{"params": parameters, "scale": scale} for scale, parameters in by_scale.items()]
    if job.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=phase.learning_rate, momentum=0.9, nesterov=True, weight_decay=5e-5)
    return torch.optim.Adam(groups, lr=phase.learning_rate)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )


@torch.inference_mode()
def evaluate(
    classify: Callable[[Tensor], Tensor],
    images: ImageSet,
    batch: int = 64,
    device: str = "cpu",
    exact: bool = True,
) -> NDArray[np.bool_]:
    """Returns `[images]` whether each image is classified correctly.

    Args:
        classify: `[batch, 3, 224, 224]` pixels to `[batch, classes]` logits.
        images: the set.
        batch: images at a time.
        device: where `classify` wants its pixels.
        exact: float32; else bfloat16 where that is quicker.
    """
    right = []
    for start in range(0, len(images), batch):
        indices = range(start, min(start + batch, len(images)))
        pixels = torch.from_numpy(images.load(indices)).to(device)
        with nullcontext() if exact else mixed_precision(device):
            guess = classify(pixels).argmax(1).cpu().numpy()
        right.append(guess == images.labels[list(indices)])
    return np.concatenate(right)
