"""Where an evaluation's results come from: images, code, files, machine, and the command to repeat it."""

from __future__ import annotations

import os
import platform
import shlex
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coinfer.simulator.cli.dependencies import code_version, weights
from coinfer.simulator.cli.measuring import named_files, versions
from coinfer.simulator.codec_spec import CodecSpec
from coinfer.simulator.evaluation import Evaluated
from coinfer.simulator.operating_points import BUNDLED
from coinfer.simulator.rate_accuracy import COLUMNS
from coinfer.simulator.scenario_images import Images

if TYPE_CHECKING:
    from coinfer.models.images import ImageSet


def about_images(source: str, images: ImageSet, classifier: str) -> dict[str, Any]:
    """Says which images were classified into what."""
    return {
        "images": {
            "source": source,
            "count": len(images),
            "fingerprint": images.fingerprint,
            "class_names": list(images.class_names),
        },
        "classifier": classifier,
    }


def circumstances(spec: CodecSpec, classifier: str) -> dict[str, Any]:
    """What an operating point's results depend on, and the machine that its times depend on."""
    return {
        "versions": versions(),
        "code": code_version(),
        "checkpoints": weights(),
        "files": named_files(spec, classifier),
        "machine": _machine(),
    }


def command_for(described: Images, points: Path, classifier: str) -> str:
    """The command that evaluates an operating point anew, but for its --only."""
    words = ["coinfer", "evaluate", "--add", "--images", str(described.source)]
    words += [] if described.source == "scenes" else ["--root", "DATA"]
    words += [] if described.classifier is None else ["--classifier", classifier]
    words += [] if points == BUNDLED else ["--points", points.name]
    words += [] if described.count is None else ["--count", str(described.count)]
    return shlex.join(words)


def account(evaluated: Sequence[Evaluated]) -> dict[str, Any]:
    """How and under which circumstances each point was evaluated, and what the columns mean."""
    evaluations: list[dict[str, Any]] = []
    for point in evaluated:
        same = [group for group in evaluations if {**point.circumstances, "labels": group["labels"]} == group]
        group = same[0] if same else {**point.circumstances, "labels": []}
        group["labels"].append(point.label)
        evaluations += [] if same else [group]
    for group in evaluations:
        only = [word for label in group["labels"] for word in ("--only", label)]
        group["command"] = shlex.join([*shlex.split(group["command"]), *only])
    return {
        "evaluations": evaluations,
        "load_while_timed": {point.label: point.facts.load for point in evaluated},
        "columns": COLUMNS,
    }


@cache
def _machine() -> dict[str, Any]:
    import torch

    instructions = torch.backends.cpu.get_cpu_capability()
    return {"processor": _processor(), "instructions": instructions, "cores": os.cpu_count()}


def _processor() -> str:
    """The processor's name where the system tells it."""
    described = Path("/proc/cpuinfo")
    lines = described.read_text(encoding="utf-8").splitlines() if described.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
