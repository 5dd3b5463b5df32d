"""Dotted paths such as `devices.0.count`: one way to name a key, for `sweep:`, `--set` and errors."""

from typing import Any

from coinfer.simulator.errors import InputError, suggestion
from coinfer.simulator.fields import shown


def put(tree: dict[str, Any], path: str, value: Any) -> None:
    """Set the entry at `path` in place, making mappings on the way where there is nothing yet.

    What follows `sweep.` or `sweep.zip.` is one key, because the keys of a sweep are dotted paths themselves.

    Raises:
        InputError: the path leads through a value that has no entries, or past the end of a list.
    """
    *parents, last = split(path)
    node: Any = tree
    for depth, part in enumerate(parents):
        place = _place(node, part, parents[:depth])
        if isinstance(node, dict) and node.get(place) is None:
            node[place] = {}
        node = node[place]
    node[_place(node, last, parents)] = value


def split(path: str) -> list[str]:
    """Return the keys along a path.

    >>> split("devices.0.count"), split("sweep.link.mean_snr_db")
    (['devices', '0', 'count'], ['sweep', 'link.mean_snr_db'])
    >>> split("sweep.zip.link.mean_snr_db")
    ['sweep', 'zip', 'link.mean_snr_db']
    """
    if path.startswith("sweep.zip."):
        return path.split(".", maxsplit=2)
    return path.split(".", maxsplit=1 if path.startswith("sweep.") else -1)


def overlap(one: str, other: str) -> bool:
    """Return whether one path is the other, or leads to it.

    >>> overlap("link.fading", "link.fading.model"), overlap("link.rate", "link.rates")
    (True, False)
    """
    return all(a == b for a, b in zip(one.split("."), other.split("."), strict=False))


def _place(node: Any, part: str, above: list[str]) -> str | int:
    """Return the key or index that `part` means in `node`."""
    where = ".".join(above)
    if isinstance(node, dict):
        if not part:
            raise InputError("a key is empty; expected a path such as link.mean_snr_db")
        return part
    if not isinstance(node, list):
        raise InputError(f"{where} is {shown(node)} and has no key '{part}'")
    places = [str(place) for place in range(len(node))]
    if part not in places:
        raise InputError(f"{where} has no entry '{part}'{suggestion(part, places)}")
    return int(part)
