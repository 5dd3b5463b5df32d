import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from coinfer.codecs import bitstream
from coinfer.codecs.anytime import Anytime
from coinfer.codecs.bottlenet import Bottlenet
from coinfer.models.anytime import LARGEST, Rate, first_symbols
from coinfer.models.backbone import CHANNELS, STRIDES, Backbone, shipped
from coinfer.models.bottlenet import disturb
from coinfer.models.checkpoints import CheckpointError, read_checkpoint, shipped_path
from coinfer.models.parts import frozen_head, last_part, own_following, own_last_part, stage_behind
from coinfer.models.scenes.scene import Scenes
from coinfer.models.student import Lesson, Student, go_on, identity_of
from coinfer.models.train_aecnn import AecnnStudent
from coinfer.models.train_aecnn import Settings as AecnnSettings
from coinfer.models.train_anytime import (
    CUT_BYTES,
    FIRST_DOUBLING_BYTES,
    HEADER_BYTES,
    WHOLE_SHARE,
    WORTH_BYTES,
    AnytimeStudent,
    train_anytime,
)
from coinfer.models.train_anytime import Settings as AnytimeSettings
from coinfer.models.train_bottlenet import BottlenetStudent, train_bottlenet
from coinfer.models.train_bottlenet import Settings as BottlenetSettings
from coinfer.models.training import Job, Loss, Phase, Source, run_phase

QUICK = (Phase("a-codec", 1, 64, 1e-3, 4), Phase("b-joint", 1, 64, 1e-3, 4), Phase("c-last", 1, 64, 1e-4, 4))
SPLITS = ("layer1", "layer2", "layer3", "layer4")


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return shipped()


@pytest.mark.parametrize("split", SPLITS)
def test_the_parts_around_a_split_make_up_the_network(backbone: Backbone, split: str) -> None:
    pixels = torch.from_numpy(Scenes(1, seed=1).load([0]))[:, :, :64, :64]
    with torch.inference_mode():
        features = own_last_part(backbone, split)(frozen_head(backbone, split)(pixels))
        torch.testing.assert_close(features, backbone.head(split)(pixels))
        assert features.shape[1:] == (CHANNELS[split], 64 // STRIDES[split], 64 // STRIDES[split])
        pooled = backbone.tail(stage_behind(split))(own_following(backbone, split)(features))
        torch.testing.assert_close(pooled, backbone.tail(split)(features))


def test_own_parts_are_copies(backbone: Backbone) -> None:
    for split in SPLITS[:3]:
        own, common = own_last_part(backbone, split), last_part(backbone, split)
        assert {id(p) for p in own.parameters()}.isdisjoint(id(p) for p in common.parameters())


def test_the_rate_is_the_information_under_the_tables() -> None:
    rate = Rate()
    torch.nn.init.normal_(rate.logits)
    shares = torch.softmax(rate.logits, 1)
    symbols = torch.randint(-LARGEST, LARGEST + 1, (2, len(shares), 3, 3)).float()
    channel = torch.arange(len(shares))[:, None, None]
    expected = -torch.log2(shares[channel, symbols.long() + LARGEST])
    torch.testing.assert_close(rate(symbols), expected)
    between = rate((symbols.clamp(max=LARGEST - 1)) + 0.25)
    below, above = rate(symbols.clamp(max=LARGEST - 1)), rate(symbols.clamp(max=LARGEST - 1) + 1)
    torch.testing.assert_close(between, 0.75 * below + 0.25 * above)


def test_first_symbols_are_those_of_the_stream() -> None:
    marks = first_symbols(torch.tensor([0, 5, 8]), channels=2, side=2)
    assert marks.shape == (3, 2, 2, 2)
    assert marks.flatten(1).sum(1).tolist() == [0, 5, 8]
    assert marks[1].tolist() == [[[True, True], [True, True]], [[True, False], [False, False]]]
    second = first_symbols(torch.tensor([2]), channels=1, side=2)
    assert second.tolist() == [[[[True, False], [False, True]]]], "the corner opposite comes second"


@pytest.mark.parametrize(
    "student",
    [
        lambda backbone: AecnnStudent(backbone, AecnnSettings(split="layer4")),
        lambda backbone: BottlenetStudent(backbone, BottlenetSettings(split="layer4")),
        lambda backbone: AnytimeStudent(backbone, AnytimeSettings(split="layer4")),
    ],
)
def test_a_decoder_begins_with_the_mean_and_spread_of_the_features(
    backbone: Backbone, student: Callable[[Backbone], Student]
) -> None:
    torch.manual_seed(0)
    begun, scale = student(backbone), torch.linspace(0.01, 2, CHANNELS["layer4"])[:, None, None]
    wanted = [scale * torch.rand(5, CHANNELS["layer4"], 7, 7) for _ in range(2)]
    begun.begin_at_scale(wanted)
    restore = begun.decoder.get_submodule("restore").train()
    seen = []
    restore[-2].register_forward_hook(lambda layer, given, made: seen.append(made))
    restore(torch.rand(8, restore[0].in_channels, 7, 7))
    means, spreads = seen[0].mean((0, 2, 3)), seen[0].std((0, 2, 3))
    torch.testing.assert_close(means, torch.cat(wanted).mean((0, 2, 3)))
    torch.testing.assert_close(spreads, torch.cat(wanted).std((0, 2, 3)), rtol=0.02, atol=1e-3)


def test_streams_are_cut_at_the_bytes_asked_for(backbone: Backbone) -> None:
    """At 112 px the grid has a quarter of the symbols, so a quarter of the bytes counts as that many."""
    torch.manual_seed(0)
    student = AnytimeStudent(backbone, AnytimeSettings(cut_bytes=100, rate_weight=0.5)).train()
    shared = student.encoder.frozen(torch.from_numpy(Scenes(2, seed=1).load([0, 1]))[:, :, :112, :112])
    _, arrived, price = student._sent(shared)
    assert 0 < arrived.float().mean() < 1
    doublings = np.log2(1 + 100 / FIRST_DOUBLING_BYTES)
    assert price.item() == pytest.approx(0.5 * doublings + WORTH_BYTES / 100, rel=0.02)


def test_bytes_in_training_are_those_of_messages(backbone: Backbone) -> None:
    """What arrives of a stream that training cuts takes, in context, about as many bytes as asked for."""
    images = Scenes(48, seed=1)
    pixels, codec = torch.from_numpy(images.load(range(48))), Anytime()
    symbols = codec._encoder(pixels).numpy().astype(np.int32)
    for size in (100, 250):
        student = AnytimeStudent(backbone, AnytimeSettings(cut_bytes=size))
        student.begin_as(read_checkpoint(shipped_path("anytime-layer2")))
        student.begin("b-joint", Lesson(backbone, [Source(images, "scenes", True)], [], (), Path(), Path()))
        with torch.inference_mode():
            _, arrived, _ = student.eval()._sent(student.encoder.frozen(pixels))
        bits = [
            codec._tables.ideal_bits(image, int(count))
            for image, count in zip(symbols, arrived.sum((1, 2, 3)), strict=True)
        ]
        assert np.mean(bits) / 8 + HEADER_BYTES == pytest.approx(size, rel=0.1)


def test_a_cut_before_the_first_symbol_costs_the_header_alone(backbone: Backbone) -> None:
    student = AnytimeStudent(backbone, AnytimeSettings(cut_bytes=1, rate_weight=0.5))
    with torch.inference_mode():
        _, arrived, price = student._sent(torch.rand(1, 256, 28, 28))
    assert not arrived.any()
    assert bitstream.HEADER_BYTES == HEADER_BYTES
    doublings = np.log2(1 + HEADER_BYTES / FIRST_DOUBLING_BYTES)
    assert price.item() == pytest.approx(0.5 * doublings + WORTH_BYTES * HEADER_BYTES)


def test_a_byte_before_the_cut_is_worth_what_the_next_one_brings(backbone: Backbone) -> None:
    """The loss falls like WORTH_BYTES / B, so by WORTH_BYTES / B^2 a byte; nothing where no stream is cut."""
    shared = torch.rand(2, 256, 28, 28)
    for cut, slope in ((100, WORTH_BYTES / 100**2), (100_000, 0.0)):
        torch.manual_seed(0)
        student = AnytimeStudent(backbone, AnytimeSettings(cut_bytes=cut, rate_weight=0.0)).train()
        _, arrived, price = student._sent(shared)
        price.backward()  # type: ignore[no-untyped-call]
        logits = student.rate.logits.detach().requires_grad_()
        bits = Rate()
        bits.logits = torch.nn.Parameter(logits)
        sent = (bits(student.encoder.values(shared).detach()) * arrived).sum((1, 2, 3)).mean() * 4 / 8
        (expected,) = torch.autograd.grad(sent, bits.logits)
        gradient = student.rate.logits.grad
        assert gradient is not None
        torch.testing.assert_close(gradient, slope * expected, rtol=1e-3, atol=1e-7)


def test_lengths_in_training_are_spread_over_the_range(backbone: Backbone) -> None:
    torch.manual_seed(0)
    student = AnytimeStudent(backbone, AnytimeSettings())
    cuts = student._cut_bytes(torch.full((4000, 7), 1000.0))
    whole = torch.isinf(cuts)
    assert cuts.shape == (4000, 1)
    assert whole.float().mean().item() == pytest.approx(WHOLE_SHARE, abs=0.03)
    cut, (shortest, longest) = cuts[~whole], CUT_BYTES
    assert (cut.min().item(), cut.max().item()) == pytest.approx((shortest, longest), rel=0.02)
    assert cut.log().median().exp().item() == pytest.approx((shortest * longest) ** 0.5, rel=0.1)


@pytest.mark.parametrize(("kind", "strength"), [("none", 0.5), ("awgn", 0.1), ("erasure", 0.25)])
def test_what_the_channel_does(kind: str, strength: float) -> None:
    torch.manual_seed(0)
    symbols = torch.full((4, 8, 32, 32), 60.0)
    received = disturb(symbols, kind, strength)  # type: ignore[arg-type]
    changed = (received != symbols).float().mean().item()
    assert changed == pytest.approx({"none": 0.0, "awgn": 1.0, "erasure": 0.25}[kind], abs=0.01)
    if kind == "awgn":
        assert received.std().item() == pytest.approx(25.5, rel=0.02)
    if kind == "erasure":
        assert set(received.unique().tolist()) == {60.0, 128.0}


def test_phases_tune_codec_then_network(backbone: Backbone) -> None:
    student = BottlenetStudent(backbone, BottlenetSettings())
    before = student.own_tensors()
    student.prepare("a-codec")
    trained = {name.split(".")[1] for name, p in student.named_parameters() if p.requires_grad}
    assert trained == {"compress", "restore"}
    assert student.encoder.compress.training
    student.prepare("c-last")
    trained = {name.split(".")[1] for name, p in student.named_parameters() if p.requires_grad}
    assert trained == {"compress", "restore", "last", "following"}
    assert not student.encoder.compress.training
    assert not any(key.startswith("encoder.frozen") for key in before)


def test_training_makes_a_codec(backbone: Backbone, tmp_path: Path) -> None:
    """Each trained on four frames for a step a phase; the codecs take what comes out."""
    sources = [Source(Scenes(4, seed=1), "scenes", teacher_only=True)]
    frames = Scenes(2, seed=2).load([0, 1])
    a, b = tmp_path / "anytime.safetensors", tmp_path / "bottlenet.safetensors"
    rows: list[object] = []
    lesson = Lesson(backbone, sources, sources, QUICK, a, tmp_path / "a", rows.append)
    made = train_anytime(AnytimeSettings("layer3"), lesson)
    assert made["top1"].keys() == {"scenes"}  # type: ignore[attr-defined]
    assert len(rows) == 3
    codec = Anytime(split="layer3", checkpoint=str(a))
    payloads = codec.encode(frames)
    assert np.isfinite(codec.decode(payloads)).all()
    train_bottlenet(BottlenetSettings("layer3", 1024), replace(lesson, out=b, work_dir=tmp_path / "b"))
    payloads = Bottlenet(split="layer3", checkpoint=str(b)).encode(frames)
    assert [len(payload) for payload in payloads] == [6 + 4 * 14 * 14] * 2


def test_states_of_another_network_or_of_other_images_do_not_match(backbone: Backbone) -> None:
    settings = AnytimeSettings()
    few, others = [Source(Scenes(4), "scenes")], [Source(Scenes(4, seed=5), "scenes")]
    lesson = Lesson(backbone, few, [], QUICK, Path("out"), Path("work"))
    assert json.loads(identity_of(settings, lesson)) == [
        asdict(settings),
        [asdict(phase) for phase in QUICK],
        backbone.sha256,
        [["scenes", Scenes(4).fingerprint]],
        None,
    ]
    own = Backbone({"scenes": backbone.class_names["scenes"]})
    own.sha256 = "0" * 64
    lessons = (lesson, replace(lesson, backbone=own), replace(lesson, backbone=own, train=others))
    assert len({identity_of(settings, each) for each in lessons}) == 3


def test_going_on_from_a_checkpoint(backbone: Backbone) -> None:
    start = read_checkpoint(shipped_path("anytime-layer3"), "anytime")
    whole = Lesson(backbone, [], [], QUICK, Path("out"), Path("work"))
    student = AnytimeStudent(backbone, AnytimeSettings("layer3", cut_bytes=99))
    assert go_on(whole, student, "a") is whole
    lesson = go_on(replace(whole, start=start), student, "a")
    assert [phase.name for phase in lesson.phases] == ["b-joint", "c-last"]
    own = student.own_tensors()
    for key in ("encoder.compress.0.weight", "decoder.restore.5.running_var", "decoder.missing"):
        torch.testing.assert_close(own[key], start.tensors[key], rtol=0, atol=0)
    counts = start.tensors["counts"].sum(1).double()
    shares = torch.softmax(student.rate.logits, 1).double()
    torch.testing.assert_close(shares, counts / counts.sum(1, keepdim=True), rtol=1e-4, atol=1e-7)
    assert identity_of(AnytimeSettings("layer3"), lesson) != identity_of(AnytimeSettings("layer3"), whole)
    other = Backbone({"scenes": backbone.class_names["scenes"]})
    with pytest.raises(CheckpointError, match="made for another backbone than the one given"):
        go_on(replace(lesson, backbone=other), student, "a")
    with pytest.raises(CheckpointError, match=r"anytime-layer3\.safetensors: of another split or size"):
        go_on(lesson, AnytimeStudent(backbone, AnytimeSettings("layer2")), "a")


def test_parts_step_at_their_own_scale(backbone: Backbone, tmp_path: Path) -> None:
    """Adam's first step is the step size itself, whatever the gradient."""
    student = AnytimeStudent(backbone, AnytimeSettings("layer3"))
    student.prepare("b-joint")
    before = {name: value.detach().clone() for name, value in student.named_parameters()}
    sources = [Source(Scenes(4, seed=1), "scenes")]

    def loss(pixels: torch.Tensor, labels: torch.Tensor, classifier: str) -> Loss:
        total = torch.stack([value.sum() for value in student.parameters() if value.requires_grad]).sum()
        return Loss(total, total)

    job = Job(student, sources, loss, tmp_path, step_scale=student.step_scale)
    run_phase(job, Phase("b-joint", 2, 32, 1e-3, 4))
    after = dict(student.named_parameters())
    moved = {name: (before[name] - after[name]).abs().max().item() for name in before}
    step = moved["decoder.missing"]
    assert step > 0
    assert moved["rate.logits"] == pytest.approx(20 * step, rel=0.01)
    assert moved["encoder.last.conv1.weight"] == pytest.approx(0.15 * step, rel=0.01)
