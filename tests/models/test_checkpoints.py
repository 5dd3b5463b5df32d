import hashlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from coinfer.models.checkpoints import (
    CheckpointError,
    file_sha256,
    read_checkpoint,
    shipped_path,
    write_checkpoint,
)

TENSORS = {
    "weight": torch.tensor([0.1, -2.5, 70000.0 / 2]),
    "counts": torch.tensor([1, 2**30], dtype=torch.int32),
    "bn.num_batches_tracked": torch.tensor(7),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "toy.safetensors"


def message_of(path: Path, kind: str | None) -> str:
    with pytest.raises(CheckpointError) as caught:
        read_checkpoint(path, *([kind] if kind else []))
    return str(caught.value)


def test_round_trip(path: Path) -> None:
    metadata = {"kind": "toy", "top1": {"scenes": 0.5}, "names": ["a", "ü"], "none": None}
    write_checkpoint(path, TENSORS, metadata)
    read = read_checkpoint(path, "toy")
    assert read.metadata == {"format": 1, **metadata}
    assert read.tensors.keys() == {"weight", "counts"}
    assert torch.equal(read.tensors["weight"], TENSORS["weight"].half().float())
    assert torch.equal(read.tensors["counts"], TENSORS["counts"])
    assert read.tensors["counts"].dtype == torch.int32


def test_files_hold_half_precision_unless_told_otherwise(path: Path) -> None:
    write_checkpoint(path, TENSORS, {})
    assert load_file(path)["weight"].dtype == torch.float16
    write_checkpoint(path, TENSORS, {}, half=False)
    assert torch.equal(read_checkpoint(path).tensors["weight"], TENSORS["weight"])


def test_kernels_in_steps_take_a_byte_a_weight(path: Path) -> None:
    drawn = torch.randn(32, 16, 3, 3, generator=torch.Generator().manual_seed(1))
    drawn[3] *= 1e-3
    drawn[4] = 0
    tensors = {"tail.weight": drawn, "tail.bias": drawn[:, 0, 0, 0], "head.weight": drawn}
    write_checkpoint(path, tensors, {}, in_steps=("tail.",))
    stored, read = load_file(path), read_checkpoint(path).tensors
    assert stored["tail.weight"].dtype == torch.int8
    assert read.keys() == tensors.keys()
    assert torch.equal(read["head.weight"], drawn.half().float())
    assert torch.equal(read["tail.bias"], drawn[:, 0, 0, 0].half().float())
    largest = drawn.abs().amax(dim=(1, 2, 3), keepdim=True)
    assert ((read["tail.weight"] - drawn).abs() <= largest / 254 * 1.0001).all()
    assert torch.equal(read["tail.weight"][4], drawn[4])
    write_checkpoint(path, read, {}, in_steps=("tail.",))
    assert torch.allclose(read_checkpoint(path).tensors["tail.weight"], read["tail.weight"], rtol=1e-6)


def test_same_bytes_twice_and_nothing_left_over(path: Path) -> None:
    write_checkpoint(path, TENSORS, {"b": 1, "a": 2})
    first = path.read_bytes()
    write_checkpoint(path, dict(reversed(TENSORS.items())), {"a": 2, "b": 1})
    assert path.read_bytes() == first
    assert list(path.parent.iterdir()) == [path]


def test_an_unwritable_checkpoint_leaves_the_old_one(path: Path) -> None:
    write_checkpoint(path, TENSORS, {"a": 1})
    with pytest.raises(TypeError):
        write_checkpoint(path, TENSORS, {"a": object()})
    assert read_checkpoint(path).metadata["a"] == 1


def test_digest_is_that_of_the_file(path: Path) -> None:
    write_checkpoint(path, TENSORS, {})
    expected = hashlib.sha256(path.read_bytes()).hexdigest()
    assert read_checkpoint(path).sha256 == file_sha256(path) == expected


def test_missing(path: Path) -> None:
    assert message_of(path, "toy") == f"{path}: no such checkpoint; train one with 'coinfer train --help'"


def test_damaged(path: Path) -> None:
    write_checkpoint(path, TENSORS, {"kind": "toy"})
    whole = path.read_bytes()
    for length in (0, 1, 8, 30, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        message = message_of(path, "toy")
        assert message.startswith(f"{path}: not a readable checkpoint (")
        assert "\n" not in message
    path.write_bytes(b"\xff" * 100)
    assert message_of(path, "toy").startswith(f"{path}: not a readable checkpoint (")


def test_another_version_or_kind(path: Path) -> None:
    write_checkpoint(path, TENSORS, {"kind": "toy", "format": 9})
    assert message_of(path, "toy") == f"{path}: checkpoint format 9, this coinfer reads 1; train it again"
    write_checkpoint(path, TENSORS, {"kind": "toy"})
    assert message_of(path, "aecnn") == f"{path}: expected a checkpoint of kind 'aecnn', got 'toy'"


def test_files_of_others(tmp_path: Path) -> None:
    path = tmp_path / "theirs.safetensors"
    save_file({"x": torch.zeros(2)}, path)
    assert read_checkpoint(path).metadata == {}
    assert message_of(path, "toy") == f"{path}: checkpoint format None, this coinfer reads 1; train it again"
    save_file({"x": torch.zeros(2)}, path, {"coinfer": "{"})
    assert message_of(path, "toy").startswith(f"{path}: not a readable checkpoint (")


def test_shipped_checkpoints_lie_beside_the_code() -> None:
    path = shipped_path("resnet50-imagenette")
    assert path.name == "resnet50-imagenette.safetensors"
    assert path.is_file()
    assert not shipped_path("none").exists()
