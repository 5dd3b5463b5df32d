"""What can be typed: `simulate` and `coinfer`."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import typer

from coinfer.simulator.cli import completion
from coinfer.simulator.cli.codec_commands import check_codec, new_codec
from coinfer.simulator.cli.figure_commands import figures
from coinfer.simulator.cli.report_commands import compare, report
from coinfer.simulator.cli.scenario_commands import scenario
from coinfer.simulator.cli.train_commands import train

app = typer.Typer(
    name="coinfer",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    help="Simulates device-edge co-inference: which codec gives the most correct answers on time?",
)
app.add_typer(train, name="train")
app.add_typer(scenario, name="scenario")
app.command()(check_codec)
app.command()(new_codec)
app.command()(figures)
app.command()(report)
app.command()(compare)

OUTPUT_ROOT = Path("runs")


@app.command()
def simulate(
    scenario: Annotated[
        str,
        typer.Argument(
            metavar="SCENARIO",
            help="A scenario file, or the name of a bundled one.",
            autocompletion=completion.scenarios,
        ),
    ],
    out: Annotated[Path | None, typer.Option(help="Folder for the results; by default runs/NAME.")] = None,
    seed: Annotated[int | None, typer.Option(help="Replaces the scenario's seed.", min=0)] = None,
    jobs: Annotated[int, typer.Option(help="Processes to simulate with.", min=1)] = 1,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="A Dask scheduler to simulate with, or 'local' for one on this machine with --jobs workers.",
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Changes a key of the scenario; repeatable."),
    ] = None,
    anew: Annotated[
        bool, typer.Option("--anew", help="Simulate and draw again, also if nothing has changed.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Run a scenario: measure its codecs, simulate its link, write tables, figures and a report.

    Results that are already there, of the same scenario, measurements and code, are only printed.

    Example: simulate poor_channel --seed 2 --set link.bandwidth_hz=2e6
    """
    from coinfer.simulator.cli.run import run_scenario

    overrides = [*(set_ or ()), *([f"seed={seed}"] if seed is not None else [])]
    run_scenario(scenario, overrides, out, OUTPUT_ROOT, jobs, cluster, anew, quiet)


@app.command()
def codecs(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object instead of a table.")] = False,
    cards: Annotated[
        Path | None,
        typer.Option(metavar="PAGE", help="Print nothing; write the cards between this page's marks."),
    ] = None,
) -> None:
    """List the installed codecs.

    Example: coinfer codecs --json
    """
    import json

    from coinfer.codecs.registry import UnknownCodecError, names, summary

    if cards is not None:
        from coinfer.simulator.cli.codec_cards import update_cards

        update_cards(cards)
        return
    found = {}
    for name in names():
        try:
            found[name] = summary(name)
        except UnknownCodecError as error:
            typer.echo(f"warning: {error}", err=True)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        for name, told in found.items():
            typer.echo(f"{name:16} {told}")


@app.command()
def evaluate(  # noqa: PLR0913, PLR0917
    root: Annotated[
        Path | None, typer.Option(help="Folder that holds imagenette2/, or the folder of class folders.")
    ] = None,
    images: Annotated[str, typer.Option(help="imagenette, imagefolder or scenes.")] = "imagenette",
    points: Annotated[
        Path | None, typer.Option(help="Operating points; by default those that come with coinfer.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="LABEL", help="Evaluate, and write, nothing but this one; repeatable."),
    ] = None,
    add: Annotated[
        bool, typer.Option("--add", help="Keep other operating points of the same images in --measurements.")
    ] = False,
    classifier: Annotated[
        Path | None,
        typer.Option(help="Checkpoint of 'coinfer train classifier' or 'coinfer train backbone'."),
    ] = None,
    count: Annotated[int | None, typer.Option(help="Images; by default all of them.", min=1)] = None,
    out: Annotated[Path, typer.Option(help="Folder for rate_accuracy.csv, .json, .png, .svg.")] = Path(
        "results"
    ),
    measurements: Annotated[
        Path, typer.Option(help="Folder for the file of measurements that scenarios can replay.")
    ] = Path("measurements"),
    readme: Annotated[
        Path | None,
        typer.Option(help="Measure nothing; write the table of --out's CSV between this file's marks."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Measure operating points on an image set: bytes, accuracy, cost. Stop and start it at will.

    Example: coinfer evaluate --root data
    """
    from coinfer.simulator.cli import evaluate as command
    from coinfer.simulator.operating_points import BUNDLED

    if readme is not None:
        command.show_in_readme(readme, points or BUNDLED, out)
        return
    described = command.describe(images, root, classifier, count)
    place = command.Place(out, measurements, add)
    command.evaluate(described, points or BUNDLED, only or [], place, quiet)


@app.command()
def validate(
    out: Annotated[Path, typer.Option(help="Folder for validation.csv and figures.")] = (
        OUTPUT_ROOT / "validation"
    ),
    seed: Annotated[int, typer.Option(help="Seed of all that is drawn.", min=0)] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list instead of a table.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Check the simulator against closed forms and published values; exit code 1 if a check fails.

    Example: coinfer validate --out runs/validation
    """
    from coinfer.simulator.cli import validate as command

    if not command.validate(out, seed, quiet, as_json):
        raise typer.Exit(1)


def main() -> None:
    """Entry point of `coinfer`."""
    _guarded(app)


def simulate_main() -> None:
    """Entry point of `simulate`."""
    alone = typer.Typer(pretty_exceptions_enable=False)
    alone.command("simulate")(simulate)
    _guarded(alone)


_STOPPED = 130
"""Exit code after Ctrl-C, as shells have it."""


def _guarded(command: Callable[..., object]) -> None:
    """Runs a command and exits with its code; Ctrl-C is told in one line, also while modules are loaded."""
    try:
        code = _code(command)
    except (KeyboardInterrupt, typer.Abort):  # some releases of typer make Abort of it, others return 130
        code = _STOPPED
    if code == _STOPPED:
        sys.stderr.write("Stopped. Type the same command again to go on from what is finished.\n")
    sys.exit(code)


def _code(command: Callable[..., object]) -> int:
    """Turns the user's mistakes into one line and exit code 2, and anything else into exit code 1."""
    from coinfer.simulator.errors import CoinferError

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        ended = command(standalone_mode=False)
    except USAGE_ERROR as error:
        _tell_usage(error)
        return 2
    except CoinferError as error:
        sys.stderr.write(f"{' '.join(str(error).split())}\n")
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        named = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(f"{named}no space left on the disk; free some, or give another --out\n")
        return 2
    return ended if isinstance(ended, int) else 0


USAGE_ERROR: Any = typer.BadParameter.__base__
"""What is raised for a mistyped option: click's class, wherever this release of typer keeps it."""


def _tell_usage(error: Any) -> None:
    """Tells in a line what is wrong with the words after a command; without any words, its help."""
    message = error.format_message().replace("Value error, ", "")  # how pydantic, in typer, begins its own
    command = error.ctx.command_path if error.ctx else "coinfer"
    if "\n" in message.strip():
        error.show()
    else:
        sys.stderr.write(f"{command}: {message.rstrip('.')}; see {command} --help\n")
