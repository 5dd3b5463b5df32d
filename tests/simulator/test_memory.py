import ctypes
import subprocess
import sys

import pytest

ARRAY_PAGES = 8 * 8_000_000 // 4096

PROGRAM = """
import resource, sys
import numpy as np
from coinfer.simulator.memory import keep_freed, trim

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(8):
        np.ones(8_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def resident():
    return int(open("/proc/self/statm").read().split()[1])

if sys.argv[1] == "kept":
    keep_freed()
faults()
print(faults(), resident())
trim()
print(resident())
"""


def pages(how):
    """Page faults of eight arrays one after the other, and pages held after them and after trimming."""
    program = [sys.executable, "-c", PROGRAM, how]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    return [int(word) for word in done.stdout.split()]


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="not GNU's C library")
def test_freed_memory_is_kept_until_it_is_trimmed():
    faults, held, trimmed = pages("kept")
    assert 4 * faults < pages("given back")[0]
    assert held - trimmed > ARRAY_PAGES / 2
