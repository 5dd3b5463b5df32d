"""What the shell offers when Tab is typed after a command that asks for a scenario or a codec."""

from __future__ import annotations

from glob import escape, glob


def scenarios(incomplete: str) -> list[str]:
    """Bundled scenarios and YAML files that begin so."""
    from coinfer.simulator.loading import bundled_scenarios

    found = [name for name in bundled_scenarios() if name.startswith(incomplete)]
    return found + sorted(glob(f"{escape(incomplete)}*.yaml"))


def codecs(incomplete: str) -> list[str]:
    """Installed codecs that begin so."""
    from coinfer.codecs.registry import names

    return [name for name in names() if name.startswith(incomplete)]
