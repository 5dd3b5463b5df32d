import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module", ["simulator", "simulator.engine", "simulator.workload", "simulator.link.fading"]
)
def test_the_engine_loads_no_heavy_library(module):
    program = (
        f"import sys, coinfer.{module}; "
        "print([name for name in ('torch', 'pandas', 'matplotlib', 'scipy') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
