"""How fast are the engines? CPU time, and its ratio to a bare SimPy program in the same run.

    python benchmarks/engine.py [TASKS]

The bare program has a process a task that takes three Resources in turn, and keeps no records. A replication
draws arrivals, images and delays, simulates, and makes the table of records; its fading is drawn once, as for
all codecs and sweep points of a replication. The table goes into docs/engine.md as well.
"""

import sys

from rounds import LARGE, table, write
from tandem import of_camera, of_fading, of_tandem


def main(tasks: int) -> None:
    """Write the table."""
    small, large = of_tandem(tasks), of_tandem(LARGE * tasks)
    ends_s = {round(program(), 6) for program in small.values()}
    if len(ends_s) > 1:
        raise SystemExit(f"the programs of the tandem end at {sorted(ends_s)} s, expected one time")
    programs = {
        "bare SimPy": (tasks, small["bare SimPy"]),
        "events: tandem": (tasks, small["events"]),
        "events: fading link": (tasks, of_fading(tasks)["events"]),
        "events: whole replication": (tasks, of_camera(tasks, "events")),
        "vector: tandem": (LARGE * tasks, large["vector"]),
        "vector: fading link": (LARGE * tasks, of_fading(LARGE * tasks)["vector"]),
        "vector: whole replication": (LARGE * tasks, of_camera(LARGE * tasks, "vector")),
    }
    write("speed", table(programs, "bare SimPy"))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
