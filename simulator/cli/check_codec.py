"""From `coinfer check-codec` to its table: the battery of `coinfer.codecs.testing` on one codec."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from coinfer.codecs import registry
from coinfer.codecs.protocol import Codec, CodecError
from coinfer.codecs.testing import CHECKS, Outcome, Subject, frames, outcome
from coinfer.simulator.cli.measuring import progress_bar
from coinfer.simulator.errors import CoinferError, InputError
from coinfer.simulator.plain_yaml import parse


def check_codec(name: str, assignments: Sequence[str], classifier: str, quiet: bool, as_json: bool) -> bool:
    """Runs the battery on a codec and prints what came of it; see `coinfer check-codec --help`.

    Returns:
        whether no check failed.

    Raises:
        InputError: there is no such codec, setting or classifier.
        CoinferError: the codec cannot be made.
    """
    notes = Console(stderr=True, quiet=quiet)
    subject = Subject(_maker(name, dict(map(_setting, assignments)), classifier), frames(3))
    try:
        shown, _ = repr(subject.codec), subject.classes
    except CodecError as error:
        raise InputError(f"check-codec: {error}") from error
    except Exception as error:
        raise CoinferError(f"check-codec: codec '{name}' raised {type(error).__name__}: {error}") from error
    found = []
    with progress_bar(notes, "checking") as (bar, row):
        for done, check in enumerate(CHECKS):
            bar.update(row, completed=done, total=len(CHECKS), description=f"checking {check.name}")
            found.append(outcome(check, subject))
    if as_json:
        print_json(found)
    else:
        _print(Console(quiet=quiet), shown, found)
    return all(result.verdict != "FAIL" for result in found)


def print_json(found: Sequence[Outcome]) -> None:
    """Prints the outcomes as a JSON list."""
    rows = [
        {
            "check": result.check.name,
            "rule": result.check.rule,
            "verdict": result.verdict,
            "reason": result.reason,
        }
        for result in found
    ]
    Console().print_json(json.dumps(rows))


def _maker(name: str, settings: dict[str, Any], classifier: str) -> Callable[[], Codec]:
    create = registry.create_plugin if ".py" in name else registry.create
    return partial(create, name, settings, classifier)


def _setting(assignment: str) -> tuple[str, Any]:
    key, equals, text = assignment.partition("=")
    if not (key.strip() and equals):
        raise InputError(f"--set: expected key=value such as quality=50, got '{assignment}'")
    return key.strip(), parse(text)


def _print(console: Console, shown: str, found: Sequence[Outcome]) -> None:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("check", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("rule, and what came", overflow="fold")
    for result in found:
        verdict = {"pass": "pass", "FAIL": "[bold red]FAIL[/]", "no": "-"}[result.verdict]
        text = escape(result.check.rule)
        if result.reason:
            text += f"\n{'Does not apply: ' if result.verdict == 'no' else ''}{escape(result.reason)}"
        table.add_row(result.check.name, verdict, text)
    console.print(escape(shown), highlight=False)
    console.print(table)
    passed, failed, no = (sum(result.verdict == it for result in found) for it in ("pass", "FAIL", "no"))
    console.print(f"{passed} checks pass, {failed} fail, {no} do not apply.", highlight=False)
