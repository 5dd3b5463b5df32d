"""What can be typed for codecs of one's own: `coinfer check-codec` and `coinfer new-codec`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from coinfer.simulator.cli import completion


def check_codec(
    codec: Annotated[
        str,
        typer.Argument(
            metavar="CODEC",
            help="An installed codec, or path/to/file.py:ClassName.",
            autocompletion=completion.codecs,
        ),
    ],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting of the codec; repeatable."),
    ] = None,
    classifier: Annotated[str, typer.Option(help="The classes to decide between.")] = "scenes",
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list instead of a table.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Check that a codec keeps the contract: round trip, honest sizes, hostile bytes, costs and more.

    Exit code 1 if a check fails.

    Example: coinfer check-codec jpeg --set quality=30
    """
    from coinfer.simulator.cli import check_codec as command

    if not command.check_codec(codec, set_ or [], classifier, quiet, as_json):
        raise typer.Exit(1)


def new_codec(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the package and of the codec.")],
    out: Annotated[Path | None, typer.Option(help="The folder to make; by default ./NAME.")] = None,
) -> None:
    """Write a package with a small codec that works: code, entry point, test, README.

    Example: coinfer new-codec my_codec
    """
    from coinfer.simulator.cli import new_codec as command

    folder = command.new_codec(name, out)
    place = folder if folder.is_absolute() else f"./{folder}"
    install = f'pip install -e "{place}[test]"'
    typer.echo(f"Wrote {folder}/. Next:\n\n    {install}\n    coinfer check-codec {name}")
