"""The reference of all keys of a scenario, as a page in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from coinfer.simulator.scenario_keys import Key, keys

HEAD = """# Scenario reference

<!-- Written by `coinfer scenario keys --out docs/scenario.md`; edit the fields of the models instead. -->

Every key of a scenario file. `sweep:`, `--set` and the columns of summary.csv name a key by its dotted path,
with the number of the entry, from 0 on, for N: `--set devices.0.count=4`. Names end in the unit of their
value. "needed" marks a key without default, "choice" a default that is this project's own and no source's.
Where a meaning begins with the name of a model and a colon, other models refuse the key.

`coinfer scenario show NAME` prints a scenario with all defaults filled in, and where each value comes from.
With `# yaml-language-server: $schema=scenario.schema.json` in the first line editors complete keys and mark
mistakes; `coinfer scenario schema --out scenario.schema.json` writes that file.

A codec in `codecs` is a name, `{id: NAME, ...}` or `{plugin: path/to/file.py:ClassName, ...}`; all other keys
are its settings ([codecs.md](codecs.md)). `sweep` holds lists by dotted path, beside `zip` and `csv`
([sweeps.md](sweeps.md)). [link.md](link.md) has the formulas behind the keys of the link.
"""

SAME = {"edge.profile": "devices.N.profile"}
"""Sections with the keys of another one."""


def page() -> str:
    """Return the whole page."""
    parts = [HEAD]
    for section, rows in groupby(_in_order(keys()), key=lambda key: key.section):
        if section in SAME:
            continue
        names = [section, *(other for other, like in SAME.items() if like == section)]
        title = " and ".join(f"`{name}`" for name in names) if section else "Top level"
        parts.append(f"## {title}\n\n{_table(list(rows))}")
    return "\n".join(parts)


def _in_order(found: Sequence[Key]) -> list[Key]:
    """Sections one after the other, each with the keys that it holds, as they come first."""
    sections = list(dict.fromkeys(key.section for key in found))
    return sorted(found, key=lambda key: sections.index(key.section))


def _table(rows: Sequence[Key]) -> str:
    lines = ["| key | type | unit | default | range | meaning | source |", f"|{' --- |' * 7}"]
    for key in rows:
        name = key.path.removeprefix(f"{key.section}.") if key.section else key.path
        default = f"`{key.default}`" if key.default not in ("", "needed") else key.default
        cells = (f"`{name}`", key.kind, key.unit, default, key.limits, key.meaning, key.source)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"
