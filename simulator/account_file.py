"""Accounts as files: the numbers of one unit, a row for each of an account's parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from coinfer.simulator.account import Account, CodecAccount, Discord
from coinfer.simulator.distribution import Distribution
from coinfer.simulator.stability import STAGES, Load

Parts = Mapping[str, NDArray[Any]]

_SCHEMA = pa.schema([("codec", pa.string()), ("other", pa.string()), ("part", pa.string())]).append(
    pa.field("numbers", pa.large_list(pa.float64()))
)


class StoredAccounts:
    """The accounts of units, read from their files one after the other, as often as wanted.

    Args:
        units: the files.
    """

    def __init__(self, units: Iterable[Path]) -> None:
        self._units = list(units)

    def __iter__(self) -> Iterator[Account]:
        for unit in self._units:
            yield from_table(pa.ipc.open_file(pa.memory_map(str(unit))).read_all())


def to_table(account: Account) -> Any:
    """Puts an account into an Arrow table; `from_table` takes it out."""
    rows: list[tuple[str, str | None, str, NDArray[Any]]] = [
        (codec, None, part, numbers)
        for codec, one in account.codecs.items()
        for part, numbers in _parts(one).items()
    ]
    rows += [
        (*pair, part, numbers.ravel())
        for pair, discord in account.discords.items()
        for part, numbers in discord._asdict().items()
    ]
    columns = list(zip(*rows, strict=True)) or [()] * len(_SCHEMA)
    numbers = [np.asarray(row, dtype=np.float64) for row in columns[3]]
    return pa.table([*map(list, columns[:3]), numbers], schema=_SCHEMA)


def from_table(table: Any) -> Account:
    """Takes an account out of an Arrow table."""
    codecs = dict[str, dict[str, NDArray[Any]]]()
    pairs = dict[tuple[str, str], dict[str, NDArray[Any]]]()
    names = (table[column].to_pylist() for column in _SCHEMA.names[:3])
    for codec, other, part, numbers in zip(*names, table["numbers"], strict=True):
        found = codecs.setdefault(codec, {}) if other is None else pairs.setdefault((codec, other), {})
        found[part] = np.array(numbers.values)  # a copy: a view would keep the whole file in memory
    read = {codec: _account(parts) for codec, parts in codecs.items()}
    batches = {codec: len(one.sizes) for codec, one in read.items()}
    discords = {
        pair: Discord(**{part: _whole(numbers, batches[pair[0]]) for part, numbers in parts.items()})
        for pair, parts in pairs.items()
    }
    return Account(read, discords)


def _parts(one: CodecAccount) -> Parts:
    """The numbers of an account in rows; the batches of latencies stand behind each other."""
    borne = one.load
    return {
        "outcomes": one.outcomes,
        "judged": one.judged,
        "sizes": one.sizes,
        "correct": np.array([one.correct]),
        "on_time": one.on_time,
        "right": one.right.ravel(),
        "payload_bytes": one.payload_bytes.values,
        "payload_counts": one.payload_bytes.counts,
        "latency_s": np.concatenate([batch.values for batch in one.latency_s]),
        "latency_counts": np.concatenate([batch.counts for batch in one.latency_s]),
        "latency_lengths": np.array([len(batch.values) for batch in one.latency_s]),
        "energy_j": np.array([one.energy_j]),
        "stages_s": one.stages_s,
        **{f"offered_{stage}": borne.offered[stage] for stage in STAGES},
        "used": np.array([borne.link_used, borne.edge_used, borne.backlog_slope_hz]),
    }


def _account(parts: Parts) -> CodecAccount:
    whole = {name: numbers.astype(np.int64) for name, numbers in parts.items() if name in _COUNTED}
    ends = np.cumsum(whole["latency_lengths"])[:-1]
    latencies = zip(np.split(parts["latency_s"], ends), np.split(whole["latency_counts"], ends), strict=True)
    return CodecAccount(
        outcomes=whole["outcomes"],
        judged=whole["judged"],
        sizes=whole["sizes"],
        correct=int(whole["correct"][0]),
        on_time=whole["on_time"],
        right=_whole(parts["right"], len(parts["sizes"])),
        payload_bytes=Distribution(parts["payload_bytes"], whole["payload_counts"]),
        latency_s=tuple(Distribution(*batch) for batch in latencies),
        energy_j=float(parts["energy_j"][0]),
        stages_s=parts["stages_s"],
        load=Load({stage: parts[f"offered_{stage}"] for stage in STAGES}, *map(float, parts["used"])),
    )


_COUNTED = frozenset(
    {
        "outcomes",
        "judged",
        "sizes",
        "correct",
        "on_time",
        "payload_counts",
        "latency_counts",
        "latency_lengths",
    }
)


def _whole(numbers: NDArray[Any], batches: int) -> NDArray[np.int64]:
    return numbers.astype(np.int64).reshape(-1, batches)
