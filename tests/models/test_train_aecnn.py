from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from coinfer.codecs.aecnn import Aecnn
from coinfer.models.backbone import Backbone, shipped
from coinfer.models.checkpoints import read_checkpoint
from coinfer.models.scenes.scene import Scenes
from coinfer.models.student import Lesson, some_symbols
from coinfer.models.train_aecnn import (
    PHASES,
    AecnnStudent,
    Settings,
    train_aecnn,
    universal_bits,
)
from coinfer.models.training import Phase, Source

QUICK = tuple(Phase(name, 0.5, 64, 1e-3) for name in ("a-attention", "b-prune", "c-decoder", "d-joint"))


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return shipped()


@pytest.fixture(scope="module")
def train(backbone: Backbone, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Trains AECNN on four frames for one step a phase; one state folder, so the second run resumes."""
    folder = tmp_path_factory.mktemp("train")

    @cache
    def run(name: str) -> Path:
        rows: list[Any] = []
        sources = [Source(Scenes(4, seed=1), "scenes")]
        lesson = Lesson(backbone, sources, sources, QUICK, folder / name, folder / "state", rows.append)
        metadata = train_aecnn(Settings(), lesson)
        assert metadata["top1"].keys() == {"scenes"}
        return folder / name

    return run


def test_universal_bits_is_the_gamma_code_s_length() -> None:
    for symbol, bits in ((0, 1), (1, 3), (3, 5), (255, 17)):
        assert universal_bits(torch.full((2, 3), float(symbol))).item() == pytest.approx(bits)


def test_each_phase_trains_its_parts(backbone: Backbone) -> None:
    student = AecnnStudent(backbone, Settings())
    encoder, decoder = student.encoder, student.decoder
    assert student.trained("a-attention") == [encoder.attention]
    assert student.trained("b-prune") == [encoder.attention]
    assert student.trained("c-decoder") == [decoder.restore, decoder.quantiser]
    assert student.trained("d-joint") == [encoder.last, encoder.attention, decoder.restore, decoder.quantiser]
    assert student.trained("e-tail") == [encoder.last, encoder.attention, decoder]
    assert decoder.quantiser is encoder.quantiser


class Mislabelled:
    """Four frames, all of one label."""

    def __init__(self, label: int) -> None:
        frames = Scenes(4, seed=1)
        self.load, self.class_names, self.fingerprint = frames.load, frames.class_names, "mislabelled"
        self.labels = np.full(4, label)

    def __len__(self) -> int:
        return 4


@pytest.mark.parametrize(("teacher_only", "same"), [(True, True), (False, False)])
def test_labels_of_a_teacher_only_set_teach_nothing(
    backbone: Backbone, tmp_path: Path, teacher_only: bool, same: bool
) -> None:
    losses: list[float] = []
    for label in (0, 7):
        source = Source(Mislabelled(label), "scenes", teacher_only)
        lesson = Lesson(
            backbone,
            [source],
            [],
            QUICK[:1],
            tmp_path / f"{label}.safetensors",
            tmp_path / f"{label}",
            lambda row: losses.append(float(row["loss"])),
        )
        trained = train_aecnn(Settings(), lesson)
        assert trained["top1"] == {}
    assert (losses[0] == losses[1]) == same


def test_presets_go_through_every_step() -> None:
    for preset, phases in PHASES.items():
        steps, names = [phase.name[0] for phase in phases], [phase.name for phase in phases]
        assert list(dict.fromkeys(steps)) == (["e"] if preset == "finish" else ["a", "b", "c", "d", "e"])
        assert steps == sorted(steps)
        assert len(set(names)) == len(names)


def test_symbol_counts_are_those_of_the_encoder(backbone: Backbone) -> None:
    torch.manual_seed(0)
    student = AecnnStudent(backbone, Settings()).eval()
    seen = some_symbols(student.encoder, [Source(Scenes(2, seed=1), "scenes")], "cpu")
    with torch.inference_mode():
        symbols = student.encoder(torch.from_numpy(Scenes(2, seed=1).load([0, 1]))).numpy()
    np.testing.assert_array_equal(seen, symbols)
    counts = student.tables(seen, range(256))["counts"]
    assert (counts.shape, counts.dtype) == ((8, 256), np.int32)
    assert counts.min() >= 1
    assert counts[3, 5] == 1 + (symbols[:, 3] == 5).sum()
    assert counts.sum(axis=1).tolist() == [256 + 2 * 28 * 28] * 8


def test_a_trained_checkpoint_is_a_codec(train: Callable[[str], Path], backbone: Backbone) -> None:
    before = backbone.layer2[0].conv1.weight.clone()
    path = train("first.safetensors")
    assert torch.equal(backbone.layer2[0].conv1.weight, before)
    metadata = read_checkpoint(path, "aecnn").metadata
    assert (metadata["split"], metadata["kept"], metadata["channels"]) == ("layer2", 8, 512)
    codec = Aecnn(checkpoint=str(path))
    assert codec.decode(codec.encode(Scenes(1).load([0]))).shape == (1, 10)


def test_a_finished_training_resumes_to_the_same_file(train: Callable[[str], Path]) -> None:
    first, again = train("first.safetensors").read_bytes(), train("again.safetensors").read_bytes()
    assert first == again


def test_ablations_leave_steps_out_and_keep_the_number_of_images() -> None:
    preset = PHASES["short"]
    names = {
        "".join(phase.name[0] for phase in settings.phases(preset)): settings
        for settings in (
            Settings(),
            Settings(ranking="random"),
            Settings(decoder_step=False),
            Settings(step_by_step=False),
        )
    }
    assert names.keys() == {"abcdee", "bcdee", "abdee", "dee"}
    total = sum(phase.epochs for phase in preset)
    for settings in names.values():
        assert sum(phase.epochs for phase in settings.phases(preset)) == pytest.approx(total)


@pytest.mark.parametrize("changes", [{"ranking": "random"}, {"ranking": "l1"}, {"step_by_step": False}])
def test_ablations_train(
    backbone: Backbone, tmp_path: Path, train: Callable[[str], Path], changes: dict[str, Any]
) -> None:
    out = tmp_path / "changed.safetensors"
    lesson = Lesson(backbone, [Source(Scenes(4, seed=1), "scenes")], [], QUICK[:3], out, tmp_path / "state")
    train_aecnn(Settings(**changes), lesson)
    plain, changed = (
        read_checkpoint(path).tensors["encoder.kept"].tolist() for path in (train("first.safetensors"), out)
    )
    assert len(set(changed)) == 8
    assert changed != plain
