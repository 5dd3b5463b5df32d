"""What can be typed about scenario files: `coinfer scenario list|show|schema|keys`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from coinfer.simulator.cli import completion

scenario = typer.Typer(no_args_is_help=True, help="Scenario files: list, show, schema, keys.")

Out = Annotated[Path | None, typer.Option(help="A file to write; by default it is printed.")]


@scenario.command("list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object instead of a table.")] = False,
) -> None:
    """List the bundled scenarios.

    Example: coinfer scenario list
    """
    import json

    from coinfer.simulator.loading import bundled_scenarios, load_scenario

    asked = {name: load_scenario(name).description for name in bundled_scenarios()}
    if as_json:
        typer.echo(json.dumps(asked, indent=2))
    else:
        for name, question in asked.items():
            typer.echo(f"{name:16} {question}")


@scenario.command()
def show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="SCENARIO",
            help="A scenario file, or the name of a bundled one.",
            autocompletion=completion.scenarios,
        ),
    ],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Changes a key of the scenario; repeatable."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON: the scenario, and origins by dotted path.")
    ] = False,
) -> None:
    """Print a scenario with all defaults filled in, and where each value comes from.

    What is printed is a scenario file again.

    Example: coinfer scenario show poor_channel --set link.bandwidth_hz=2e6
    """
    import json

    from coinfer.simulator.scenario_origins import with_origins
    from coinfer.simulator.scenario_yaml import commented

    data, origins = with_origins(name, set_ or [])
    if as_json:
        told = {"scenario": data, "origins": {".".join(path): origin for path, origin in origins.items()}}
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        typer.echo(commented(data, origins), nl=False)


@scenario.command()
def schema(out: Out = None) -> None:
    """Print the JSON Schema of scenario files, with which editors complete and check.

    Example: coinfer scenario schema --out scenario.schema.json
    """
    import json

    from coinfer.simulator.scenario_schema import schema as made

    _give(json.dumps(made(), indent=1, ensure_ascii=False) + "\n", out)


@scenario.command()
def keys(out: Out = None) -> None:
    """Print the reference of all keys in Markdown: type, unit, default, range, meaning, source.

    Example: coinfer scenario keys --out docs/scenario.md
    """
    from coinfer.simulator.cli.scenario_page import page

    _give(page(), out)


def _give(text: str, out: Path | None) -> None:
    from coinfer.simulator.errors import InputError

    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"--out {out}: cannot be written: {error.strerror}; give another file") from error
