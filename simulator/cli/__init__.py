"""The commands: the one place that puts models, codecs and simulator together."""

try:
    from coinfer.simulator.cli.commands import main, simulate_main
except KeyboardInterrupt:  # Importing takes half a second: time enough for a change of mind.
    raise SystemExit(130) from None

__all__ = ["main", "simulate_main"]
