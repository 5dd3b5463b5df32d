"""What can be typed after `coinfer train`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from coinfer.simulator.cli.training import Run

train = typer.Typer(
    no_args_is_help=True, help="Train the networks that coinfer uses; stop and start at will."
)

Root = Annotated[Path | None, typer.Option(help="Folder that holds imagenette2/.")]
Images = Annotated[
    Path | None, typer.Option(help="Instead of --root: a folder with train/ and val/ of class folders.")
]
Backbone = Annotated[
    Path | None,
    typer.Option(help="Checkpoint of 'coinfer train backbone'; by default the one that comes with coinfer."),
]
Start = Annotated[
    Path | None, typer.Option(help="Checkpoint of the same kind and split to go on from, in its last steps.")
]
Split = Annotated[str, typer.Option(help="Stage after which the network is cut: layer1 .. layer4.")]
Ratio = Annotated[int, typer.Option(help="Compression before entropy coding.", min=1)]
Preset = Annotated[
    str,
    typer.Option(
        help="cpu (hours on two cores), short (a quarter of an hour), finish (as long, from --start on), "
        "gpu, or smoke (a minute, to try)."
    ),
]
Seed = Annotated[int, typer.Option(help="Seed of weights, order and augmentation.", min=0, max=2**63 - 1)]
Device = Annotated[str, typer.Option(help="cpu or cuda.")]
Out = Annotated[Path | None, typer.Option(help="The checkpoint to write; by default KIND-SPLIT.safetensors.")]
Work = Annotated[
    Path | None,
    typer.Option(
        help="Folder for log and state, from which a stopped training resumes; by default runs/train-OUT."
    ),
]


@train.command("backbone")
def train_backbone(
    root: Root = None,
    images: Images = None,
    start: Annotated[
        Path | None, typer.Option(help="Safetensors file with torchvision's names to start from.")
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(help="Torchvision's trained weights to start from: IMAGENET1K_V1 or IMAGENET1K_V2."),
    ] = None,
    preset: Annotated[str, typer.Option(help="cpu, gpu, or smoke (a minute, to see that it runs).")] = "cpu",
    seed: Seed = 0,
    device: Device = "cpu",
    out: Annotated[
        Path | None,
        typer.Option(help="The checkpoint to write; by default resnet50-imagenette.safetensors or -FOLDER."),
    ] = None,
    work: Work = None,
) -> None:
    """Train ResNet-50 on photos: from random weights, a checkpoint, or torchvision's ImageNet weights.

    Example: coinfer train backbone --images pets --weights IMAGENET1K_V2 --out pets.safetensors
    """
    from coinfer.simulator.cli.training import backbone

    backbone(start, weights, _run(root, images, preset, seed, device, out, work))


@train.command("classifier")
def train_classifier(
    out: Annotated[Path, typer.Option(help="The checkpoint to write.")] = Path(
        "classifier-scenes.safetensors"
    ),
    images: Annotated[
        str, typer.Option(help="scenes, or a folder of class folders with train/ and val/.")
    ] = "scenes",
    name: Annotated[str, typer.Option(help="Name of the classifier.")] = "scenes",
    seed: Seed = 0,
) -> None:
    """Train a linear classifier on the frozen features of the backbone that comes with coinfer.

    Example: coinfer train classifier --images scenes --out classifier-scenes.safetensors
    """
    from coinfer.simulator.cli.training import classifier

    classifier(images, name, out, seed)


@train.command("aecnn")
def train_aecnn(  # noqa: PLR0913
    *,
    root: Root = None,
    images: Images = None,
    backbone: Backbone = None,
    start: Start = None,
    split: Split = "layer2",
    ratio: Ratio = 256,
    rate_weight: Annotated[float, typer.Option(help="Weight of the rate term.", min=0)] = 0.05,
    ranking: Annotated[
        str, typer.Option(help="What picks the channels to keep: attention, l1 or random.")
    ] = "attention",
    no_decoder_step: Annotated[
        bool, typer.Option("--no-decoder-step", help="Ablation: no step for the decoder alone.")
    ] = False,
    joint: Annotated[bool, typer.Option("--joint", help="Ablation: all at once, not step by step.")] = False,
    network_step: Annotated[
        float, typer.Option(help="Step size of the network's own parts over that of the codec's.", min=0)
    ] = 1.0,
    preset: Preset = "cpu",
    seed: Seed = 0,
    device: Device = "cpu",
    out: Out = None,
    work: Work = None,
) -> None:
    """Train AECNN, step by step.

    Example: coinfer train aecnn --root data --split layer2 --out aecnn-layer2.safetensors
    """
    from coinfer.simulator.cli.training import codec

    given = {
        "split": split,
        "ratio": ratio,
        "rate_weight": rate_weight,
        "ranking": ranking,
        "decoder_step": not no_decoder_step,
        "step_by_step": not joint,
        "network_step": network_step,
    }
    codec("aecnn", backbone, given, _run(root, images, preset, seed, device, out, work), start)


@train.command("bottlenet")
def train_bottlenet(  # noqa: PLR0913
    *,
    root: Root = None,
    images: Images = None,
    backbone: Backbone = None,
    start: Start = None,
    split: Split = "layer2",
    ratio: Ratio = 1024,
    disturbance: Annotated[
        str, typer.Option(help="What the channel does in training: none, awgn or erasure.")
    ] = "none",
    strength: Annotated[
        float,
        typer.Option(help="Deviation of awgn as a share of the range, or share of values erased.", min=0),
    ] = 0.0,
    preset: Preset = "cpu",
    seed: Seed = 0,
    device: Device = "cpu",
    out: Annotated[
        Path | None,
        typer.Option(help="The checkpoint to write; by default bottlenet-SPLIT-RATIO.safetensors."),
    ] = None,
    work: Work = None,
) -> None:
    """Train BottleNet++, end to end.

    Example: coinfer train bottlenet --root data --ratio 1024 --disturbance erasure --strength 0.1
    """
    from coinfer.simulator.cli.training import codec

    given = {"split": split, "ratio": ratio, "disturbance": disturbance, "strength": strength}
    codec("bottlenet", backbone, given, _run(root, images, preset, seed, device, out, work), start)


@train.command("anytime")
def train_anytime(  # noqa: PLR0913
    *,
    root: Root = None,
    images: Images = None,
    backbone: Backbone = None,
    start: Start = None,
    split: Split = "layer2",
    rate_weight: Annotated[
        float, typer.Option(help="What a doubling of the bytes costs in the loss.", min=0)
    ] = 0.05,
    cut_bytes: Annotated[
        int | None,
        typer.Option(help="Train for this length alone; by default for all lengths.", min=1, max=10**6),
    ] = None,
    preset: Preset = "cpu",
    seed: Seed = 0,
    device: Device = "cpu",
    out: Out = None,
    work: Work = None,
) -> None:
    """Train the anytime codec, whose messages may be cut anywhere.

    Example: coinfer train anytime --images pets --backbone pets.safetensors --split layer2
    """
    from coinfer.simulator.cli.training import codec

    given = {"split": split, "rate_weight": rate_weight, "cut_bytes": cut_bytes}
    codec("anytime", backbone, given, _run(root, images, preset, seed, device, out, work), start)


def _run(
    root: Path | None,
    images: Path | None,
    preset: str,
    seed: int,
    device: str,
    out: Path | None,
    work: Path | None,
) -> Run:
    from coinfer.simulator.cli.training import Run

    return Run(root, images, preset, seed, device, out, work)
