"""Compute profiles: how fast a device or an edge server works, and what that costs in power.

The model is affine: a fixed overhead, plus network layers at an effective rate, plus serial code on one core.
The rate is what a whole ResNet-50 reaches in a published benchmark, not the peak of a data sheet; a network
part of another shape (a few large layers, many small ones) may run at another rate.
"""

from functools import cache
from importlib.resources import files

from pydantic import Field

from coinfer.simulator.errors import ProfileError, suggestion
from coinfer.simulator.fields import Name, Number, Section
from coinfer.simulator.plain_yaml import parse

RESNET50_FLOPS = 8.18e9
"""ResNet-50 at 224x224: 4.09 GMAC of convolutions and the classifier, at 2 FLOP a MAC."""


class Profile(Section):
    """One machine: a device with its radio, or a worker of the edge server."""

    name: Name = Field("custom", description="what tables and figures call it")
    effective_flops_per_s: Number = Field(gt=0, description="rate at which network layers run [FLOP/s]")
    overhead_s: Number = Field(0.0, ge=0, description="fixed cost of any work: capture, launch, copies [s]")
    cpu_speed: Number = Field(
        1.0, gt=0, description="speed of one core, relative to the reference core (Zen 4)"
    )
    service_cv: Number = Field(0.0, ge=0, le=1, description="coefficient of variation of a compute time [1]")
    power_compute_w: Number = Field(0.0, ge=0, description="power drawn while computing [W]")
    power_transmit_w: Number = Field(0.0, ge=0, description="power drawn by the radio while sending [W]")
    source: str = Field("given in the scenario", description="where the figures come from")

    def compute_s(self, flops: float, cpu_s: float = 0.0) -> float:
        """Return the mean time of one piece of work; nothing to do takes no time.

        Args:
            flops: floating-point operations in network layers, 2 a multiply-accumulate [FLOP].
            cpu_s: serial code (entropy coder, JPEG), as measured on the reference core [s].
        """
        if flops <= 0 and cpu_s <= 0:
            return 0.0
        return self.overhead_s + flops / self.effective_flops_per_s + cpu_s / self.cpu_speed


@cache
def profiles() -> dict[str, Profile]:
    """Return the built-in profiles by name, in the order of profiles.yaml."""
    text = files("coinfer.simulator").joinpath("profiles.yaml").read_text(encoding="utf-8")
    return {name: Profile(name=name, **entry) for name, entry in parse(text).items()}


def profile(name: str) -> Profile:
    """Return the built-in profile called `name`.

    Raises:
        ProfileError: there is none; the nearest name is told.
    """
    try:
        return profiles()[name]
    except KeyError:
        raise ProfileError(f"unknown profile '{name}'{suggestion(name, profiles())}") from None
