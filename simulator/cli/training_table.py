"""The table at the end of a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from coinfer.simulator.cli.measuring import progress_bar

if TYPE_CHECKING:
    from coinfer.codecs.protocol import Codec
    from coinfer.models.images import ImageSet

WEIGHED_IMAGES = 200
BATCH = 20


def mean_bytes(codec: Codec, images: ImageSet) -> float:
    """Mean length of the messages of (at most the first 200) images, header included."""
    count = min(WEIGHED_IMAGES, len(images))
    sizes: list[int] = []
    with progress_bar(Console(stderr=True), "weighing messages") as (bar, shown):
        bar.update(shown, total=count)
        for start in range(0, count, BATCH):
            rows = range(start, min(start + BATCH, count))
            sizes += [len(payload) for payload in codec.encode(images.load(rows))]
            bar.update(shown, completed=rows.stop)
    return float(np.mean(sizes))


def print_table(checkpoint: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Prints what a checkpoint can do, one row for each validation set.

    Args:
        checkpoint: the file, which is there.
        rows: cells by heading, the same headings in each.
    """
    size_mb = checkpoint.stat().st_size / 1e6
    title = escape(f"{checkpoint}, {size_mb:.1f} MB")
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in rows[0]:
        wordy = heading in ("split", "images")
        table.add_column(heading, justify="left" if wordy else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(escape(str(cell)) for cell in row.values()))
    console = Console()
    wide = console.options.update(width=10_000)
    console.width = max(console.width, console.measure(table, options=wide).maximum)
    console.print(table)
