"""The commands: the one place that puts models, codecs and simulator together."""

from coinfer.simulator.cli.commands import main, simulate_main

__all__ = ["main", "simulate_main"]
