"""The report of a run: one HTML file that needs nothing else, no script and no network."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from coinfer.simulator.findings import PROVEN, findings, warmup_note
from coinfer.simulator.scenario import Scenario

_CAPTIONS = {
    "on_time_accuracy": "Share of tasks answered correctly before the deadline.",
    "latency_breakdown": "Where the time of an answered task goes: pale and hatched is waiting.",
    "latency_distribution": "Share of all tasks answered within a time.",
}
_MEDIA = {".svg": "image/svg+xml", ".png": "image/png"}

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1b; --page: #fff; --rule: #ccc; --pale: #f4f4f4; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e4e4; --page: #161616; --rule: #444; --pale: #242424; }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page);
  max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
figure { margin: 1.5rem 0; }
img { max-width: 100%; background: #fff; padding: .5rem; box-sizing: border-box; border-radius: 4px; }
.wide { overflow: auto; max-height: 30rem; border: 1px solid var(--rule); }
table { border-collapse: collapse; font-size: .8rem; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule); }
thead th { position: sticky; top: 0; background: var(--pale); }
th:first-child, td:first-child { text-align: left; }
pre { background: var(--pale); padding: 1rem; overflow: auto; font-size: .8rem; }
"""


def write_report(
    summary: pd.DataFrame,
    differences: pd.DataFrame,
    scenario: Scenario,
    manifest: Mapping[str, object],
    figures: Sequence[Path],
    path: Path,
) -> None:
    """Write the report.

    Args:
        summary: the table of summary.csv.
        differences: the table of differences.csv.
        scenario: what was run.
        manifest: the content of manifest.json; `arguments` and `versions` are shown if there.
        figures: what `draw_figures` returned; of PNG and SVG of the same name, the SVG is shown.
        path: the HTML file.
    """
    sections = {
        "Figures": "\n".join(_figure(file) for file in _vector_first(figures)),
        "Which codec wins": _findings(differences),
        "Summary": f"<p>{escape(warmup_note(summary))}</p>\n{_table(summary)}",
        "Paired differences": "" if differences.empty else _table(differences),
        "How to reproduce": _reproduction(scenario, manifest),
        "Versions": _versions(manifest),
    }
    body = "\n".join(f"<h2>{title}</h2>\n{content}" for title, content in sections.items() if content)
    path.write_text(_page(scenario, body), encoding="utf-8")


def _page(scenario: Scenario, body: str) -> str:
    name, texts = escape(scenario.name), (scenario.description, scenario.notes)
    paragraphs = "\n".join(f"<p>{escape(text)}</p>" for text in texts if text)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>coinfer: {name}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{name}</h1>
{paragraphs}
{body}
</body>
</html>
"""


def _vector_first(figures: Sequence[Path]) -> list[Path]:
    vector = {file.stem: file for file in figures if file.suffix == ".svg"}
    return list(dict.fromkeys(vector.get(file.stem, file) for file in figures))


def _figure(file: Path) -> str:
    """Embed one figure as a data URL: an SVG there can neither run scripts nor clash in its ids."""
    data = base64.b64encode(file.read_bytes()).decode("ascii")
    title = escape(file.stem.replace("_", " "))
    caption = escape(_CAPTIONS.get(file.stem, title))
    image = f'<img alt="{title}" src="data:{_MEDIA[file.suffix]};base64,{data}">'
    return f"<figure>{image}<figcaption>{caption}</figcaption></figure>"


def _findings(differences: pd.DataFrame) -> str:
    lines = "\n".join(f"<li>{escape(line)}</li>" for line in findings(differences))
    return f"<p>{PROVEN}.</p>\n<ul>\n{lines}\n</ul>" if lines else ""


def _table(results: pd.DataFrame) -> str:
    head = "".join(f"<th>{escape(str(column))}</th>" for column in results.columns)
    rows = (
        "".join(f"<td>{escape(_cell(value))}</td>" for value in row)
        for row in results.itertuples(index=False, name=None)
    )
    body = "\n".join(f"<tr>{row}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>'


def _cell(value: object) -> str:
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if not isinstance(value, float | np.floating):
        return str(value)
    number = float(value)
    if np.isnan(number):
        return "none"
    if np.isinf(number):
        return "never"
    return f"{number:,.0f}" if abs(number) >= 10_000 else f"{number:.4g}"


def _reproduction(scenario: Scenario, manifest: Mapping[str, object]) -> str:
    file = f"{scenario.name}.yaml"
    text = yaml.safe_dump(scenario.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=100)
    arguments = manifest.get("arguments")
    run = ""
    if isinstance(arguments, list):
        command = shlex.join(["simulate", *map(str, arguments)])
        run = f"<p>This run was started as <code>{escape(command)}</code>.</p>\n"
    return (
        f"{run}<p>The scenario with all defaults and <code>--set</code> filled in. Save it as "
        f"<code>{escape(file)}</code> and run <code>{escape(shlex.join(['simulate', file]))}</code>.</p>\n"
        f"<pre>{escape(text)}</pre>"
    )


def _versions(manifest: Mapping[str, object]) -> str:
    versions = manifest.get("versions")
    if not isinstance(versions, Mapping):
        return ""
    rows = "\n".join(
        f"<tr><th>{escape(str(name))}</th><td>{escape(str(value))}</td></tr>"
        for name, value in versions.items()
    )
    return f"<table>\n{rows}\n</table>"
