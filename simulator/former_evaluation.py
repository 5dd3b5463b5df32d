"""What a former evaluation of the same images left, for another one to add to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import pandas as pd

from coinfer.simulator.errors import InputError
from coinfer.simulator.measurement_file import StoredPoint, read_measurements
from coinfer.simulator.rate_accuracy import point_of

CIRCUMSTANCES = ("versions", "code", "checkpoints", "machine")
"""What may differ between evaluations whose operating points stand in one file."""


@dataclass(frozen=True)
class FormerEvaluation:
    """Operating points that were evaluated before.

    Args:
        points: what they did to each image.
        table: their rows of rate_accuracy.csv.
        of_points: what the file of measurements says of its making.
        of_table: what rate_accuracy.json says of it.
    """

    points: tuple[StoredPoint, ...] = ()
    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    of_points: Mapping[str, Any] = field(default_factory=dict)
    of_table: Mapping[str, Any] = field(default_factory=dict)

    @property
    def labels(self) -> list[str]:
        """Of its operating points."""
        return [point.label for point in self.points]

    def without(self, labels: Sequence[str]) -> Self:
        """All but the operating points of these labels."""
        points = tuple(point for point in self.points if point.label not in labels)
        table = self.table
        if points != self.points:
            kept = [point_of(label) not in labels for label in table["label"]]
            table = table[kept]
        return replace(self, points=points, table=table)


def read_former(file: Path, stem: Path, images: Mapping[str, Any], classifier: str) -> FormerEvaluation:
    """Reads what a former evaluation wrote; an empty one where there is none.

    Args:
        file: the file of measurements.
        stem: the table, without `.csv` and `.json`.
        images: the image set of now, with `fingerprint`.
        classifier: the classifier of now.

    Raises:
        InputError: a file is damaged, of other images or another classifier, or lacks what the other has.
    """
    csv, described = stem.with_suffix(".csv"), stem.with_suffix(".json")
    if not (file.exists() or csv.exists()):
        return FormerEvaluation()
    stored = read_measurements(file)
    about = stored.about
    if (about["images"]["fingerprint"], about["classifier"]) != (images["fingerprint"], classifier):
        raise InputError(f"{file}: is of other images; leave out --add, or give other folders")
    try:
        table = pd.read_csv(csv)
        of_table = json.loads(described.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{stem}: cannot be added to ({error}); leave out --add") from error
    former = FormerEvaluation(stored.points, table, about, of_table)
    if set(former.labels) != {point_of(label) for label in table["label"]}:
        raise InputError(f"{csv}: has other operating points than {file}; leave out --add")
    return former


def with_earlier(
    now: Mapping[str, Any], before: Mapping[str, Any], all_before: Sequence[str], kept: Sequence[str]
) -> dict[str, Any]:
    """Says how operating points were evaluated where some are kept from a former evaluation.

    Args:
        now: of this evaluation.
        before: the same of the former one, which may itself have kept some.
        all_before: labels of its operating points.
        kept: those of them that stay.

    Returns:
        `now`, with a list `earlier` of `labels` and their own `CIRCUMSTANCES`, where these differ.
    """
    groups = list(before.get("earlier", []))
    older = {label for group in groups for label in group["labels"]}
    latest = [label for label in all_before if label not in older]
    groups.append({"labels": latest, **_circumstances(before)})
    stay = [{**group, "labels": [label for label in group["labels"] if label in kept]} for group in groups]
    different = [group for group in stay if group["labels"] and _circumstances(group) != _circumstances(now)]
    return {**now, "earlier": different} if different else dict(now)


def _circumstances(about: Mapping[str, Any]) -> dict[str, Any]:
    return {name: about[name] for name in CIRCUMSTANCES if name in about}
