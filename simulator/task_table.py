"""Task records as tables: from the files of units to one frame, and to tasks.parquet."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from coinfer.simulator.by_point import by_codec
from coinfer.simulator.memory import give_back, trim
from coinfer.simulator.plan import TALLY, Tally
from coinfer.simulator.records import STAMPS

_ROWS_TOGETHER = 1 << 17
"""Units are written together until they have so many rows: small row groups make large files."""


_ACCOUNTED = frozenset({"codec", "device_id", "arrival_s", *STAMPS, "payload_bytes", "outcome", "correct"})


def read_tally(unit: Path) -> Tally | None:
    """Reads the tally of a unit, without its tasks; None if the file is damaged."""
    try:
        return Tally(*json.loads(_open(unit).schema.metadata[TALLY]))
    except pa.ArrowInvalid:
        return None


def read_tasks(units: Sequence[Path], columns: Collection[str] | None = None) -> pd.DataFrame:
    """Reads the tasks of units, column by column: what is decompressed is in memory twice.

    Args:
        units: their files.
        columns: those wanted of the columns that there are; None: all.

    Returns:
        A row a task with columns of tasks.parquet, in the order of the units.
    """
    there = _open(units[0]).schema.names
    wanted = [name for name in there if columns is None or name in columns]
    read = {
        name: pa.concat_tables([_read(unit, name) for unit in units])[name].to_pandas() for name in wanted
    }
    return pd.DataFrame(read, copy=False)


def read_records(unit: Path) -> dict[str, pd.DataFrame]:
    """Reads what accounts need of a unit's tasks, by codec."""
    return by_codec(read_tasks([unit], _ACCOUNTED))


def read_device(unit: Path, columns: Collection[str], device: int, until_s: float) -> pd.DataFrame:
    """Reads the tasks of one device that arrive until a time, block by block.

    Args:
        unit: the file of a unit.
        columns: those wanted of the columns that there are; `device_id` and `arrival_s` among them.
        device: its number.
        until_s: the last arrival, in seconds.

    Returns:
        A row a task with columns of tasks.parquet, in the order of the unit.
    """
    found = []
    for block in _blocks([unit]):
        wanted = block.select([name for name in block.schema.names if name in columns])
        own = pc.equal(wanted["device_id"], device)
        found.append(wanted.filter(pc.and_(own, pc.less_equal(wanted["arrival_s"], until_s))))
    tasks: pd.DataFrame = pa.concat_tables(found).to_pandas()
    return tasks


def write_tasks(path: Path, units: Sequence[Path]) -> None:
    """Writes tasks.parquet from units, in their order, with few tasks in memory at a time."""
    give_back()
    schema = _open(units[0]).schema.remove_metadata()
    waiting: list[Any] = []
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for block in _blocks(units):
            waiting.append(block)
            if sum(map(len, waiting)) >= _ROWS_TOGETHER:
                writer.write_table(pa.concat_tables(waiting))
                waiting.clear()
        if waiting:
            writer.write_table(pa.concat_tables(waiting))
    waiting.clear()
    trim()


def _blocks(units: Iterable[Path]) -> Iterator[Any]:
    """The tasks of units in the blocks that they were written in."""
    for unit in units:
        file = pa.ipc.open_file(pa.OSFile(str(unit)))  # Not mapped: pages once read would stay in memory.
        for number in range(file.num_record_batches):
            yield pa.Table.from_batches([file.get_batch(number)]).replace_schema_metadata()


def _open(unit: Path, options: Any = None) -> Any:
    return pa.ipc.open_file(pa.memory_map(str(unit)), options=options)


def _read(unit: Path, column: str) -> Any:
    options = pa.ipc.IpcReadOptions(included_fields=[_open(unit).schema.names.index(column)])
    return _open(unit, options).read_all().replace_schema_metadata()
