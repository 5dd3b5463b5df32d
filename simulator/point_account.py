"""The accounts of all units of a sweep point, put together one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from coinfer.simulator.account import Account, CodecAccount, Discord
from coinfer.simulator.distribution import Distribution, Merger

IntArray = NDArray[np.int64]
Pair = tuple[str, str]

QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
"""Which quantiles of latency are told, and their names in tables."""


@dataclass(frozen=True, eq=False)
class CodecTotal:
    """The tasks of one codec at one sweep point.

    Units are clusters: tasks of a replication of a cell share fading and queues. The only unit of a point is
    cut into batches instead.

    Attributes:
        units: its accounts, unit by unit, without their latencies.
        sizes: tasks judged in each cluster, `[clusters]`, all above 0.
        latency_s: the latencies of all of them.
        at_most: how many of each cluster do not exceed each quantile, `[quantiles, clusters]`.
    """

    units: Sequence[CodecAccount]
    sizes: IntArray
    latency_s: Distribution
    at_most: IntArray

    @property
    def right(self) -> IntArray:
        """How many tasks are answered rightly by each deadline, `[deadlines, clusters]`."""
        return by_cluster([unit.right for unit in judged(self.units)])


@dataclass(frozen=True, eq=False)
class PointAccount:
    """All tasks of a sweep point.

    Attributes:
        codecs: by the codec's label; those without a task are left out.
        discords: by the labels of a pair, `[deadlines, clusters]` each.
    """

    codecs: Mapping[str, CodecTotal]
    discords: Mapping[Pair, Discord]


def together(accounts: Iterable[Account]) -> PointAccount:
    """Puts accounts together.

    Args:
        accounts: of the units of one sweep point; gone through twice, one in memory at a time.
    """
    units, discords = dict[str, list[CodecAccount]](), dict[Pair, list[Discord]]()
    mergers = dict[str, Merger]()
    for account in accounts:
        for codec, one in account.codecs.items():
            units.setdefault(codec, []).append(replace(one, latency_s=()))
            for batch in one.latency_s:
                mergers.setdefault(codec, Merger()).add(batch)
        if any(one.sizes.any() for one in account.codecs.values()):
            for pair, discord in account.discords.items():
                discords.setdefault(pair, []).append(discord)
    whole = {codec: merger.whole() for codec, merger in mergers.items()}
    at_most = _at_most(accounts, whole)
    codecs = {
        codec: CodecTotal(
            of_codec,
            by_cluster([unit.sizes for unit in judged(of_codec)]),
            whole[codec],
            by_cluster(at_most[codec]),
        )
        for codec, of_codec in units.items()
    }
    return PointAccount(codecs, {pair: _of_pair(found) for pair, found in discords.items()})


def judged(units: Iterable[CodecAccount]) -> list[CodecAccount]:
    """The units in which any task arrived after the warm-up."""
    return [unit for unit in units if unit.sizes.any()]


def by_cluster(units: Sequence[IntArray]) -> IntArray:
    """Numbers by cluster, `[..., clusters]`, from numbers by batch, `[..., batches]`, of each unit."""
    if len(units) == 1:
        return units[0]
    return np.stack([unit.sum(axis=-1) for unit in units], axis=-1) if units else np.empty(0, dtype=np.int64)


def _at_most(accounts: Iterable[Account], whole: Mapping[str, Distribution]) -> dict[str, list[IntArray]]:
    """How many latencies of each unit do not exceed each quantile of all, `[quantiles, batches]` each."""
    limits_s = {
        codec: [latency_s.quantile(share) for share in QUANTILES.values()]
        for codec, latency_s in whole.items()
        if latency_s.total
    }
    found: dict[str, list[IntArray]] = {codec: [] for codec in whole}
    for account in accounts:
        for codec, one in account.codecs.items():
            if one.sizes.any():
                counts = [[batch.at_most(limit_s) for batch in one.latency_s] for limit_s in limits_s[codec]]
                found[codec].append(np.array(counts, dtype=np.int64))
    return found


def _of_pair(units: Sequence[Discord]) -> Discord:
    return Discord(*(by_cluster(numbers) for numbers in zip(*units, strict=True)))
