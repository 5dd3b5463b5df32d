"""Which columns of summary.csv and differences.csv the report shows, and what its filters know rows by."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from coinfer.simulator.by_point import swept_keys
from coinfer.simulator.dimensions import Dimension, value_texts
from coinfer.simulator.html_table import Cell, Column, number_column, text_column


def summary_columns(summary: pd.DataFrame) -> list[Column]:
    """The columns of the report's main table.

    Args:
        summary: the table of summary.csv.
    """
    return [
        text_column("codec", lambda table: table["codec"]),
        *point_columns(summary),
        number_column("correct and on time, %", "on_time_accuracy", 100),
        number_column("on time, %", "on_time_ratio", 100),
        number_column("correct, %", "accuracy", 100),
        number_column("bytes, mean", "payload_bytes_mean", digits=0),
        number_column("bytes, p95", "payload_bytes_p95", digits=0),
        *(
            number_column(f"latency {share}, ms", f"latency_s_{share}", 1e3, 0)
            for share in ("p50", "p95", "p99")
        ),
        number_column("device energy, mJ", "device_energy_j_mean", 1e3, 0),
        number_column("link in use, %", "link_utilisation", 100),
        number_column("edge in use, %", "edge_utilisation", 100),
        Column("stable", _stable, numeric=False),
        number_column("tasks", "tasks", digits=0),
    ]


def difference_columns(differences: pd.DataFrame) -> list[Column]:
    """The columns of the report's table of pairs.

    Args:
        differences: the table of differences.csv.
    """
    return [
        text_column("codec", lambda table: table["codec_a"]),
        text_column("against", lambda table: table["codec_b"]),
        *point_columns(differences),
        number_column("ahead by, points", "difference", 100, signed=True),
        number_column("pairs", "pairs", digits=0),
    ]


def point_columns(table: pd.DataFrame) -> list[Column]:
    """A column for each swept path, and one for the deadline."""
    return [*(_swept(key) for key in swept_keys(table)), _DEADLINE]


def _swept(key: str) -> Column:
    return text_column(key, lambda table: value_texts(table[key]), numeric=True)


_DEADLINE = text_column(
    "deadline, ms", lambda table: table["deadline_s"].map(lambda deadline_s: f"{1e3 * deadline_s:g}"), True
)


def places_of(table: pd.DataFrame, codecs: Sequence[str], known: Sequence[Dimension]) -> pd.DataFrame:
    """What filters know each row by: the numbers of its codecs, and its places in the dimensions.

    Args:
        table: of which the column `codec`, or both `codec_a` and `codec_b`, name the codecs.
        codecs: in the order of the filter.
        known: the dimensions as the filters have them.
    """
    numbers = {codec: str(number) for number, codec in enumerate(codecs)}
    named = [table[name].map(numbers) for name in ("codec", "codec_a", "codec_b") if name in table]
    texts = [" ".join(row) for row in zip(*named, strict=True)]
    places: dict[str, pd.Series] = {"codec": pd.Series(texts, index=table.index)}
    for number, dimension in enumerate(known):
        places[f"d{number}"] = pd.Series(dimension.places(table), index=table.index).astype(str)
    return pd.DataFrame(places)


def _stable(table: pd.DataFrame) -> list[Cell]:
    columns = ("stable", "bottleneck", "bottleneck_load", "backlog_slope_hz")
    return [
        Cell(
            "yes" if stable else "no",
            float(stable),
            title=f"{stage}: load {load:.3g}, backlog grows by {slope_hz:+.2g} tasks a second",
        )
        for stable, stage, load, slope_hz in zip(*(table[name] for name in columns), strict=True)
    ]
