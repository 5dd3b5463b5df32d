"""What is drawn before the clock starts: when tasks arrive, with which images, and how service times vary."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from coinfer.simulator.busy_periods import sorted_by

Purpose = Literal[
    "arrivals",
    "images",
    "fading",
    "service",
    "place",
    "line_of_sight",
    "shadowing",
    "interference",
    "recording",
    "access",
    "blocks",
    "backoff",
    "backhaul",
    "loss",
]
"""What a stream of random numbers is for; a new one goes to the end, so that the others stay as they are."""


@dataclass(frozen=True)
class Streams:
    """Independent random numbers for each purpose, replication and device.

    Nothing else is part of the key, so that whatever codec or sweep point is simulated meets the same
    arrivals, images and fading: common random numbers.

    Args:
        seed: The seed of the scenario.
        replication: Which replication, from 0 on.
        first_device: The number among the devices of all cells that device 0 has.

    Examples:
        >>> streams = Streams(seed=1, replication=0)
        >>> streams.rng("fading", device=0).random() == streams.rng("fading", device=0).random()
        True
    """

    seed: int
    replication: int
    first_device: int = 0

    def rng(self, purpose: Purpose, device: int) -> np.random.Generator:
        """Start the stream of a purpose and a device from its beginning."""
        key = (get_args(Purpose).index(purpose), self.replication, self.first_device + device)
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))


class Arrivals(Protocol):
    """A process of arrivals at one device."""

    def first(self, tasks: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw the times of the first tasks, `[tasks]`, in seconds, ascending."""

    def until(self, duration_s: float, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw the times of all tasks before `duration_s`: the beginning of what `first` would draw."""


@dataclass(frozen=True)
class Poisson:
    """Arrivals with independent exponential gaps.

    Args:
        rate_hz: Tasks a second, on average.
    """

    rate_hz: float

    def first(self, tasks: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw the times of the first tasks; see `Arrivals.first`."""
        return np.cumsum(rng.standard_exponential(tasks)) / self.rate_hz

    def until(self, duration_s: float, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw the times of all tasks before `duration_s`; see `Arrivals.until`."""
        mean_tasks = self.rate_hz * duration_s
        chunk = int(mean_tasks + 6.0 * mean_tasks**0.5) + 16
        gaps = rng.standard_exponential(chunk)
        while gaps.sum() <= mean_tasks:
            gaps = np.concatenate((gaps, rng.standard_exponential(chunk)))
        arrival_s = np.cumsum(gaps) / self.rate_hz
        return arrival_s[arrival_s < duration_s]


@dataclass(frozen=True)
class Periodic:
    """Arrivals at equal distances, the first at a random phase of the period.

    Args:
        rate_hz: Tasks a second.
    """

    rate_hz: float

    def first(self, tasks: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw the times of the first tasks; see `Arrivals.first`."""
        return (rng.random() + np.arange(tasks, dtype=np.float64)) / self.rate_hz

    def until(self, duration_s: float, rng: np.random.Generator) -> NDArray[np.float64]:
        """Draw the times of all tasks before `duration_s`; see `Arrivals.until`."""
        arrival_s = self.first(int(self.rate_hz * duration_s) + 1, rng)
        return arrival_s[arrival_s < duration_s]


@dataclass(frozen=True)
class Workload:
    """All tasks of a replication, a row a task, in the order they arrive.

    Attributes:
        device_id: The device at which the task arrives, `[tasks] int32`.
        task_id: The number of the task at its device, from 0 on, `[tasks]`, drawn as int32.
        arrival_s: When it arrives, in seconds, `[tasks] float64`, ascending.
        image_id: The image to classify, an index into the image set, `[tasks] int32`.
    """

    device_id: NDArray[np.int32]
    task_id: NDArray[np.integer]
    arrival_s: NDArray[np.float64]
    image_id: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.arrival_s)

    def rows_of(self, devices: int) -> list[NDArray[np.intp]]:
        """Give the rows of each of so many devices, in the order they arrive, `[devices]`."""
        order = sorted_by(self.device_id)
        return np.split(order, np.cumsum(np.bincount(self.device_id, minlength=devices))[:-1])


def draw_workload(
    arrivals: Sequence[Arrivals],
    images: int,
    streams: Streams,
    *,
    tasks: int | None = None,
    duration_s: float | None = None,
) -> Workload:
    """Draw the tasks of one replication.

    Args:
        arrivals: The process of each device, `[devices]`.
        images: How many images the set has.
        streams: The random numbers of the replication.
        tasks: How many tasks each device gets, or
        duration_s: until when tasks arrive, in seconds.

    Returns:
        The tasks of all devices in the order they arrive.

    Raises:
        ValueError: If not exactly one of `tasks` and `duration_s` is given.
    """
    per_device = []
    for device, process in enumerate(arrivals):
        rng = streams.rng("arrivals", device)
        if tasks is not None and duration_s is None:
            arrival_s = process.first(tasks, rng)
        elif duration_s is not None and tasks is None:
            arrival_s = process.until(duration_s, rng)
        else:
            raise ValueError(f"give either tasks or duration_s, got tasks={tasks}, duration_s={duration_s}")
        walk = walk_images(images, len(arrival_s), streams.rng("images", device))
        per_device.append(
            Workload(
                device_id=np.full(len(arrival_s), device, dtype=np.int32),
                task_id=np.arange(len(arrival_s), dtype=np.int32),
                arrival_s=arrival_s,
                image_id=walk,
            )
        )
    return _merge(per_device)


def walk_images(images: int, steps: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """Walk through the image set in random order, again and again: no image is used twice more than another.

    Args:
        images: How many images the set has.
        steps: How many to draw.
        rng: The source of chance.

    Returns:
        Indices into the set, `[steps] int32`.
    """
    rounds = -(-steps // images)
    walk = [rng.permutation(images).astype(np.int32) for _ in range(rounds)]
    return np.concatenate([np.empty(0, dtype=np.int32), *walk])[:steps]


def service_multipliers(cv: float, tasks: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw factors of mean 1 by which service times vary: gamma of shape 1 / cv^2 and scale cv^2.

    Args:
        cv: The coefficient of variation; 0 gives ones exactly, 1 the exponential distribution.
        tasks: How many to draw.
        rng: The source of chance.

    Returns:
        Factors above 0, `[tasks] float64`.
    """
    if cv == 0.0:
        return np.ones(tasks)
    return rng.standard_gamma(1.0 / cv**2, tasks) * cv**2


def _merge(per_device: Sequence[Workload]) -> Workload:
    """Join the workloads of all devices; of tasks that arrive together, the lower device comes first."""
    if len(per_device) == 1:
        return per_device[0]
    arrival_s = np.concatenate([part.arrival_s for part in per_device])
    order = np.argsort(arrival_s, kind="stable")
    return Workload(
        device_id=np.concatenate([part.device_id for part in per_device])[order],
        task_id=np.concatenate([part.task_id for part in per_device])[order],
        arrival_s=arrival_s[order],
        image_id=np.concatenate([part.image_id for part in per_device])[order],
    )
