"""What the benchmarks of the engine share: programs that take turns, and tables in the documentation."""

import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from tandem import Program

ROUNDS = 5
LARGE = 10
"""How many times as many tasks the vectorised programs get: they are for large runs."""

DOCUMENT = Path(__file__).parents[1] / "docs" / "engine.md"


def take_turns(programs: Mapping[str, tuple[int, Program]]) -> dict[str, list[float]]:
    """Run programs in turns, after one turn that does not count.

    Args:
        programs: How many tasks each simulates, and the program, by name.

    Returns:
        CPU time a task in microseconds, by name, `[rounds]`.
    """
    spent_us: dict[str, list[float]] = {name: [] for name in programs}
    for turn in range(ROUNDS + 1):
        for name, (tasks, program) in programs.items():
            start_s = time.process_time()
            program()
            if turn:
                spent_us[name].append(1e6 * (time.process_time() - start_s) / tasks)
    return spent_us


def table(programs: Mapping[str, tuple[int, Program]], first: str) -> str:
    """Time programs, and make a table with their speed as a multiple of that of the one called `first`."""
    spent_us = take_turns(programs)
    lines = [
        f"| CPU time, median of {ROUNDS} | tasks | µs a task | times {first} |",
        "| --- | --: | --: | --: |",
    ]
    for name, (tasks, _) in programs.items():
        times = median(slow / own for slow, own in zip(spent_us[first], spent_us[name], strict=True))
        lines.append(f"| {name} | {tasks:,} | {median(spent_us[name]):.2f} | {times:.3g} |")
    return "\n".join(lines) + "\n"


def write(mark: str, text: str, path: Path = DOCUMENT) -> None:
    """Print a table, and put it between its marks in a file of the documentation."""
    print(text)
    document = path.read_text(encoding="utf-8")
    start, end = f"<!-- {mark} -->\n", f"<!-- /{mark} -->"
    if start not in document or end not in document:
        raise SystemExit(f"{path}: expected the marks {start.strip()} and {end}; add them")
    before, after = document.split(start)[0], document.split(end)[1]
    path.write_text(f"{before}{start}\n{text}\n{end}{after}", encoding="utf-8")
