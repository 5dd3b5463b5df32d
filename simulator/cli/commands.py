"""What can be typed: `simulate` and `coinfer`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="coinfer",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    help="Simulates device-edge co-inference: which codec gives the most correct answers on time?",
)
train = typer.Typer(no_args_is_help=True, help="Train the networks that coinfer uses.")
app.add_typer(train, name="train")

OUTPUT_ROOT = Path("runs")


@app.command()
def simulate(
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO", help="A scenario file, or the name of a bundled one.")
    ],
    out: Annotated[Path | None, typer.Option(help="Folder for the results; by default runs/NAME.")] = None,
    seed: Annotated[int | None, typer.Option(help="Replaces the scenario's seed.", min=0)] = None,
    jobs: Annotated[int, typer.Option(help="Processes to simulate with.", min=1)] = 1,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Changes a key of the scenario; repeatable."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Run a scenario: measure its codecs, simulate its link, write tables, figures and a report.

    Example: simulate poor_channel --seed 2 --set link.bandwidth_hz=2e6
    """
    from coinfer.simulator.cli.run import run_scenario

    overrides = [*(set_ or ()), *([f"seed={seed}"] if seed is not None else [])]
    run_scenario(scenario, overrides, out, OUTPUT_ROOT, jobs, quiet)


@app.command()
def codecs() -> None:
    """List the installed codecs."""
    from coinfer.codecs.registry import names

    for name in names():
        typer.echo(name)


@app.command()
def scenarios() -> None:
    """List the bundled scenarios."""
    from coinfer.simulator.loading import bundled_scenarios, load_scenario

    for name in bundled_scenarios():
        typer.echo(f"{name:16} {load_scenario(name).description}")


@app.command()
def validate(
    out: Annotated[Path, typer.Option(help="Folder for validation.csv and figures.")] = (
        OUTPUT_ROOT / "validation"
    ),
    seed: Annotated[int, typer.Option(help="Seed of all that is drawn.", min=0)] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Check the simulator against closed forms and published values; exit code 1 if a check fails.

    Example: coinfer validate --out runs/validation
    """
    from coinfer.simulator.cli import validate as command

    if not command.validate(out, seed, quiet):
        raise typer.Exit(1)


Root = Annotated[Path, typer.Option(help="Folder that holds imagenette2/.")]
Out = Annotated[Path, typer.Option(help="The checkpoint to write.")]
Work = Annotated[Path, typer.Option(help="Folder for the state that a stopped training resumes from.")]
Seed = Annotated[int, typer.Option(help="Seed of weights, order and augmentation.", min=0)]
Device = Annotated[str, typer.Option(help="cpu or cuda.")]


@train.command("backbone")
def train_backbone(
    root: Root,
    out: Out = Path("resnet50-imagenette.safetensors"),
    work: Work = Path("runs/train-backbone"),
    start: Annotated[
        Path | None, typer.Option(help="Safetensors file with torchvision's names to start from.")
    ] = None,
    seed: Seed = 0,
) -> None:
    """Train ResNet-50 on Imagenette, from random weights or from a checkpoint.

    Example: coinfer train backbone --root data --out backbone.safetensors
    """
    from coinfer.simulator.cli.training import backbone

    backbone(root, out, work, start, seed)


@train.command("classifier")
def train_classifier(
    out: Out = Path("classifier-scenes.safetensors"),
    images: Annotated[
        str, typer.Option(help="scenes, or a folder of class folders with train/ and val/.")
    ] = "scenes",
    name: Annotated[str, typer.Option(help="Name of the classifier.")] = "scenes",
    seed: Seed = 0,
) -> None:
    """Train a linear classifier on the backbone's frozen features.

    Example: coinfer train classifier --images scenes --out classifier-scenes.safetensors
    """
    from coinfer.simulator.cli.training import classifier

    classifier(images, name, out, seed)


@train.command("aecnn")
def train_aecnn(
    root: Root,
    out: Out = Path("aecnn-layer2.safetensors"),
    work: Work = Path("runs/train-aecnn"),
    split: Annotated[str, typer.Option(help="Stage after which the network is cut.")] = "layer2",
    ratio: Annotated[int, typer.Option(help="Compression before entropy coding.", min=1)] = 256,
    rate_weight: Annotated[float, typer.Option(help="Weight of the rate term.", min=0)] = 0.05,
    preset: Annotated[
        str, typer.Option(help="cpu (under two hours on two cores) or smoke (a minute).")
    ] = "cpu",
    seed: Seed = 0,
    device: Device = "cpu",
) -> None:
    """Train AECNN step by step on Imagenette and scenes; stop and start it at will.

    Example: coinfer train aecnn --root data --split layer2 --out aecnn-layer2.safetensors
    """
    from coinfer.simulator.cli.training import aecnn

    aecnn(root, out, work, split, ratio, rate_weight, preset, seed, device)


def main() -> None:
    """Entry point of `coinfer`."""
    _guarded(app)


def simulate_main() -> None:
    """Entry point of `simulate`."""
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command("simulate")(simulate)
    _guarded(alone)


def _guarded(command: Callable[[], None]) -> None:
    """Turns the user's mistakes into one line and exit code 2, and anything else into exit code 1."""
    from coinfer.simulator.errors import CoinferError

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        command()
    except CoinferError as error:
        sys.stderr.write(f"{' '.join(str(error).split())}\n")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
