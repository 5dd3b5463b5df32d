"""What can be typed for the figures of a run."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Style(StrEnum):
    """How figures look."""

    PAPER = "paper"
    IEEE = "ieee"


def figures(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder that a run wrote.")],
    style: Annotated[
        Style, typer.Option(help="paper: sans serif, the run named below; ieee: Times, captions apart.")
    ] = Style.PAPER,
    width: Annotated[int, typer.Option(help="Columns: 1 (3.5 inch) or 2 (7.16 inch).", min=1, max=2)] = 2,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the files; by default RUN/figures/STYLE-WIDTH.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Draw the figures of a run anew, as PDF, SVG and PNG (300 dpi), with captions in captions.json.

    Example: coinfer figures runs/poor_channel --style ieee --width 1
    """
    from coinfer.simulator.cli.figures import redraw

    folder = redraw(run, style.value, width, out)
    if not quiet:
        typer.echo(f"Wrote {folder}/ (PDF, SVG, PNG and captions.json)")
