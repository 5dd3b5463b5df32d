from dataclasses import replace

import numpy as np

from coinfer.simulator import identity as module
from coinfer.simulator.identity import identity


def test_the_same_experiments_have_the_same_identity(experiments):
    assert identity(experiments()) == identity(experiments())


def test_whatever_records_depend_on_changes_it(experiments, tmp_path, monkeypatch):
    points = experiments()
    zebra = points[0].measurements["zebra"]
    bigger = replace(zebra, payload_bytes=zebra.payload_bytes + 1)
    lossy = replace(zebra, correct_lossy=np.ones((2, 3), dtype=bool))
    turned = replace(zebra, correct_lossy=np.ones((3, 2), dtype=bool))
    others = [
        points,
        points[::-1],
        points[:2],
        experiments(seed=1),
        experiments(tasks=31),
        *(
            [replace(points[0], measurements={**points[0].measurements, "zebra": changed}), *points[1:]]
            for changed in (bigger, lossy, turned)
        ),
        [replace(points[0], images="other"), *points[1:]],
    ]
    found = [identity(other) for other in others]
    monkeypatch.setattr(module, "code", lambda: "other code")
    found.append(identity(points))
    assert len(set(found)) == len(found)


def test_a_recording_counts_by_its_content(experiments, tmp_path):
    file = tmp_path / "day.csv"
    link = {"bandwidth_hz": 1e5, "recording": {"file": str(file)}, "fading": {"model": "none"}}
    file.write_text("time_s,snr_db\n0,5\n1,10\n")
    points = experiments({}, link=link)
    before = identity(points)
    file.write_text("time_s,snr_db\n0,5\n1,11\n")
    assert identity(points) != before
