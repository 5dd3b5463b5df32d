"""How fast are others? The same tandem of three stages in SimPy, Ciw and coinfer, in turns of one process.

    python benchmarks/peers.py [TASKS]

Ciw is installed by pip into a scratch environment, which is removed again. The table goes into docs/engine.md
as well.
"""

import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rounds import LARGE, table, write
from tandem import RATE_BPS, of_tandem, tandem

from coinfer.simulator.demand import Demand
from coinfer.simulator.workload import Workload

PEERS = ["ciw>=3"]


def main(tasks: int) -> None:
    """Write the table."""
    with tempfile.TemporaryDirectory() as scratch:
        sys.path.append(str(installed(Path(scratch))))
        ours, by_ciw = of_tandem(tasks), ciw_program()
        drawn = tandem(tasks)
        programs = {
            "bare SimPy": (tasks, ours["bare SimPy"]),
            "Ciw": (tasks, lambda: by_ciw(*drawn)),
            "SimPy with callbacks": (tasks, ours["SimPy with callbacks"]),
            "coinfer, events": (tasks, ours["events"]),
        }
        ends_s = {round(program(), 5) for _, program in programs.values()}
        if len(ends_s) > 1:
            raise SystemExit(f"the programs end at {sorted(ends_s)} s, expected one time")
        programs["coinfer, vector"] = (LARGE * tasks, of_tandem(LARGE * tasks)["vector"])
        write("peers", table(programs, "bare SimPy"))


def installed(scratch: Path) -> Path:
    """Make an environment with the peers; give the folder of its packages."""
    venv.create(scratch, with_pip=True)
    python = scratch / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS], check=True)
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return Path(
        subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    )


def ciw_program() -> Callable[[Workload, Demand], float]:
    """Give the tandem in Ciw, which draws from the same arrivals and services."""
    import ciw
    from ciw.dists import Sequential

    def program(workload: Workload, demand: Demand) -> float:
        gaps_s = np.diff(workload.arrival_s, prepend=0.0)
        services_s = (demand.encode_s, demand.payload_bits / RATE_BPS, demand.edge_s)
        network = ciw.create_network(
            arrival_distributions=[Sequential([*gaps_s.tolist(), 1e9]), None, None],
            service_distributions=[Sequential(column.tolist()) for column in services_s],
            routing=[[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]],
            number_of_servers=[1, 1, 1],
        )
        simulation = ciw.Simulation(network)
        simulation.simulate_until_max_time(1e9)
        return max(record.service_end_date for record in simulation.get_all_records())

    return program


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
