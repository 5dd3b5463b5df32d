"""A scenario: everything that one simulation needs to know, typed and checked.

Each class is a section of the file, each field a key; bounds and units stand with the field. Files are read
in `coinfer.simulator.loading`.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from coinfer.simulator.codec_spec import CodecSpec
from coinfer.simulator.engine_choice import obstacle
from coinfer.simulator.errors import ProfileError
from coinfer.simulator.fields import Name, Number, Section, Switch, Whole, mistake
from coinfer.simulator.profiles import Profile, profile
from coinfer.simulator.scenario_channel import Mobility
from coinfer.simulator.scenario_images import Images
from coinfer.simulator.scenario_link import Backhaul, Downlink, Link
from coinfer.simulator.scenario_sweep import Sweep, Until
from coinfer.simulator.scenario_warmup import Warmup


def _by_name(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return profile(value)
    except ProfileError as error:
        raise mistake(str(error)) from error


NamedProfile = Annotated[Profile, BeforeValidator(_by_name)]
"""A profile: the name of a built-in one, or a mapping with the keys of Profile."""


class Arrivals(Section):
    """When a device has a new task."""

    process: Literal["poisson", "periodic"] = Field(
        "poisson", description="exponential gaps, or equal gaps from a random phase"
    )
    rate_hz: Number = Field(gt=0, description="mean number of tasks a second, for each device [Hz]")


class DeviceGroup(Section):
    """Devices of one kind, each with arrivals, images and fading of its own."""

    count: Whole = Field(1, ge=1, le=10_000, description="number of such devices [1]")
    profile: NamedProfile = Field(description="built-in profile by name, or a mapping with its figures")
    arrivals: Arrivals = Field(description="when tasks arrive")
    buffer: Whole | None = Field(
        None, ge=0, description="most tasks that may wait at a device; null: any [1]"
    )
    mobility: Mobility | None = Field(None, description="where such a device is; only with link.budget")


class Edge(Section):
    """The edge server: workers that take tasks from one queue."""

    profile: NamedProfile = Field(description="built-in profile by name, or a mapping with its figures")
    workers: Whole = Field(1, ge=1, le=10_000, description="tasks served at the same time [1]")
    queue: Literal["fifo"] = Field("fifo", description="order of service")


class Cut(Section):
    """What a device does with messages that can be cut: it sends as much as should arrive in time."""

    deadline_s: Number | None = Field(
        None, gt=0, description="deadline aimed at; null: the last of deadlines_s [s]"
    )
    knowledge: Literal["perfect", "delayed", "none"] = Field(
        "delayed",
        description="of the channel: its future, its SNR a while ago, or nothing but its mean SNR",
    )
    delay_s: Number = Field(0.01, ge=0, description="delayed: age of the SNR that the device knows [s]")
    margin: Number = Field(
        1.0, gt=0, le=1, description="share of the bits that the uplink should carry in time [1]"
    )


class Scenario(Section):
    """One scenario; `sweep` makes a grid of it."""

    name: Name = Field(description="what tables, figures and folders call it")
    description: str = Field("", description="the question it asks, in a sentence or two")
    notes: str = Field("", description="anything a reader should know")
    seed: Whole = Field(0, ge=0, description="root of all randomness [1]")
    tasks: Whole | None = Field(None, ge=1, le=10_000_000, description="for each device and replication [1]")
    duration_s: Number | None = Field(None, gt=0, description="arrivals stop here; instead of tasks [s]")
    drain: Switch = Field(
        True, description="let tasks finish after the last arrival, or stop the clock there"
    )
    replications: Whole = Field(1, ge=1, le=10_000, description="independent repetitions [1]")
    warmup: Warmup = Field(
        "mser5", description="what to leave out at the start: as MSER-5 finds, none, or a time [s]"
    )
    records: Literal["all", "summary"] = Field(
        "all", description="keep every task, or nothing but what the tables need to know of them"
    )
    images: Images = Field(default_factory=Images, description="what is classified")
    devices: tuple[DeviceGroup, ...] = Field(min_length=1, description="groups of devices")
    cells: Whole = Field(
        1,
        ge=1,
        le=10_000,
        description="independent cells, each with these devices, an uplink and an edge server of its own [1]",
    )
    link: Link = Field(description="the uplink")
    backhaul: Backhaul = Field(default_factory=Backhaul, description="from base station to edge server")
    downlink: Downlink = Field(default_factory=Downlink, description="the way back of the answer")
    edge: Edge = Field(description="the edge server")
    codecs: tuple[CodecSpec, ...] = Field(min_length=1, description="operating points to compare")
    deadlines_s: tuple[Annotated[Number, Field(gt=0)], ...] = Field(
        min_length=1, description="deadlines to judge by, kept in ascending order [s]"
    )
    on_deadline: Literal["finish", "abort"] = Field(
        "finish",
        description="send late payloads all the same, or give them up at the last of deadlines_s",
    )
    engine: Literal["auto", "events", "vector"] = Field(
        "auto",
        description="event by event, or stage by stage with the same times; auto: the latter if it can",
    )
    cut: Cut | None = Field(
        None, description="devices cut messages to what the link carries by a deadline; null: nobody cuts"
    )
    until: Until | None = Field(
        None, description="add replications until results are precise; null: make just the replications"
    )
    sweep: Sweep = Field(
        default_factory=Sweep, description="values to try, by dotted path; several paths make a grid"
    )

    @property
    def device_profiles(self) -> list[Profile]:
        """The profile of each device of a cell, in the order of their numbers."""
        return [group.profile for group in self.devices for _ in range(group.count)]

    @property
    def cell_devices(self) -> int:
        """Number of devices in a cell."""
        return sum(group.count for group in self.devices)

    @property
    def stated_warmup_s(self) -> float:
        """The warm-up in seconds, where that is stated and not to be found by MSER-5."""
        return self.warmup if isinstance(self.warmup, float) else 0.0

    @field_validator("codecs")
    @classmethod
    def _codecs_differ(cls, codecs: tuple[CodecSpec, ...]) -> tuple[CodecSpec, ...]:
        labels = [codec.label for codec in codecs]
        if twice := _first_duplicate(labels):
            raise mistake(f"{twice} is listed twice; keep one")
        return codecs

    @field_validator("deadlines_s")
    @classmethod
    def _deadlines_ascend(cls, deadlines_s: tuple[float, ...]) -> tuple[float, ...]:
        if twice := _first_duplicate(deadlines_s):
            raise mistake(f"{twice:g} is listed twice; keep one")
        return tuple(sorted(deadlines_s))

    @model_validator(mode="after")
    def _precision_can_be_reached(self) -> Self:
        if self.until is None:
            return self
        if self.until.deadline_s is not None and self.until.deadline_s not in self.deadlines_s:
            known = ", ".join(f"{deadline_s:g}" for deadline_s in self.deadlines_s)
            raise mistake(
                f"expected one of deadlines_s ({known}) or null, got {self.until.deadline_s:g}",
                "until.deadline_s",
            )
        if self.until.max_replications < self.replications:
            raise mistake(
                f"expected at least replications, {self.replications}, got {self.until.max_replications}",
                "until.max_replications",
            )
        return self

    @model_validator(mode="after")
    def _places_for_a_budget(self) -> Self:
        for number, group in enumerate(self.devices):
            if self.link.budget is not None and group.mobility is None:
                raise mistake(
                    "missing; link.budget needs to know where devices are", f"devices.{number}.mobility"
                )
            if self.link.budget is None and group.mobility is not None:
                raise mistake(
                    "only link.budget asks where a device is; remove it", f"devices.{number}.mobility"
                )
        return self

    @model_validator(mode="after")
    def _cuts_fit_the_link(self) -> Self:
        if self.cut is None:
            return self
        if self.link.sharing != "fifo":
            raise mistake(
                f"with link.sharing {self.link.sharing} a device cannot tell what it will get; "
                f"take link.sharing: fifo, or cut: null",
                "cut",
            )
        if self.link.loss.model != "none":
            raise mistake(
                f"a cut message has no verdict after link.loss {self.link.loss.model}; "
                f"take link.loss.model: none, or cut: null",
                "cut",
            )
        if self.cut.knowledge == "perfect" and self.link.policy == "harq":
            raise mistake(
                "nobody can know which blocks will fail with link.deep_fade harq; take delayed or none, "
                "or link.deep_fade: integrate",
                "cut.knowledge",
            )
        return self

    @model_validator(mode="after")
    def _warmup_needs_no_tasks(self) -> Self:
        if self.records == "summary" and self.warmup == "mser5":
            raise mistake(
                "expected none or a number of seconds with records: summary, which keeps no tasks for mser5 "
                "to look at; state it, or take records: all",
                "warmup",
            )
        return self

    @model_validator(mode="after")
    def _engine_covers_it(self) -> Self:
        found = obstacle(self) if self.engine == "vector" else None
        if found is not None:
            raise mistake(f"vector does not cover {found}; take auto or events", "engine")
        return self

    @model_validator(mode="after")
    def _one_way_to_end(self) -> Self:
        if self.tasks is None and self.duration_s is None:
            raise mistake("missing; give tasks or duration_s", "tasks")
        if self.tasks is not None and self.duration_s is not None:
            raise mistake("tasks is given as well; keep one of them and set the other to null", "duration_s")
        return self


def _first_duplicate(values: Sequence[Any]) -> Any:
    return next((value for place, value in enumerate(values) if value in values[:place]), None)
