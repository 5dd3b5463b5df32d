"""What can be typed for runs that are finished: `coinfer report` and `coinfer compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder that a run wrote.")],
    out: Annotated[Path | None, typer.Option(help="The HTML file; by default RUN/report.html.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Write the report of a run anew, from the other files in its folder.

    Example: coinfer report runs/poor_channel
    """
    from coinfer.simulator.cli import report as command

    file = command.report(run, out)
    if not quiet:
        typer.echo(f"Wrote {file}")


def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN RUN...", help="Folders that runs wrote.")],
    out: Annotated[Path, typer.Option(help="Folder for compare.csv and compare.html.")] = (
        Path("runs") / "compare"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Put runs side by side, with the difference of each from the first.

    Example: coinfer compare runs/poor_channel runs/wider
    """
    from coinfer.simulator.cli import compare as command

    command.compare(runs, out, as_json, quiet)
