"""Finds codecs: by the entry-point group `coinfer.codecs`, or in a Python file."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from traceback import extract_tb
from typing import Any

from coinfer.codecs.protocol import Codec, CodecError, SettingsError

GROUP = "coinfer.codecs"


class UnknownCodecError(CodecError):
    """No codec of that name, or no such plugin file or class."""


@cache
def _entries() -> Mapping[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def names() -> tuple[str, ...]:
    """Names of the installed codecs, sorted; imports none of them."""
    return tuple(sorted(_entries()))


def check_name(name: str) -> None:
    """Checks that a codec is installed, without importing it.

    Raises:
        UnknownCodecError: it is not; the message names the nearest that is.
    """
    if name not in _entries():
        close = get_close_matches(name, names(), 1)
        hint = f"did you mean '{close[0]}'?" if close else f"installed: {', '.join(names())}"
        raise UnknownCodecError(f"unknown codec '{name}', {hint}")


def module(name: str) -> str:
    """Full name of an installed codec's module; imports nothing.

    Raises:
        UnknownCodecError: not installed.
    """
    check_name(name)
    return _entries()[name].module


def summary(name: str) -> str:
    """First line of an installed codec's docstring; imports the codec.

    Raises:
        UnknownCodecError: not installed, or it does not import.
    """
    return (inspect.getdoc(_installed(name)) or "").partition("\n")[0]


def create(name: str, settings: Mapping[str, Any], classifier: str) -> Codec:
    """Makes an installed codec.

    Args:
        name: its entry point.
        settings: constructor arguments other than `classifier`.
        classifier: the classes to decide between.

    Raises:
        UnknownCodecError: not installed, or it does not import.
        SettingsError: it does not take these settings.
        CodecError: its constructor fails.
    """
    return _build(_installed(name), name, settings, classifier)


def create_plugin(reference: str, settings: Mapping[str, Any], classifier: str) -> Codec:
    """Makes a codec from a file, `path/to/file.py:ClassName`.

    Raises:
        UnknownCodecError: no such file or class, or the file does not import.
        SettingsError: it does not take these settings.
        CodecError: its constructor fails.
    """
    made = in_file(reference)
    if not (inspect.isclass(made) and issubclass(made, Codec)):
        raise UnknownCodecError(
            f"plugin '{reference}': no subclass of coinfer.codecs.protocol.Codec named "
            f"'{reference.rpartition(':')[2]}'"
        )
    return _build(made, reference, settings, classifier)


def in_file(reference: str) -> object:
    """Imports a file and gives what it calls by a name, `path/to/file.py:name`; None if nothing.

    A file is imported anew when its content changes.

    Raises:
        UnknownCodecError: no such file, or it does not import.
    """
    path_text, _, name = reference.rpartition(":")
    path = Path(path_text)
    if not name or not path.is_file():
        raise UnknownCodecError(
            f"plugin '{reference}': expected path/to/file.py:ClassName of a file that exists"
        )
    return getattr(_import_file(path), name, None)


def told(error: BaseException) -> str:
    """Tells an exception in a line, with the place where it arose."""
    text = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
    frames = extract_tb(error.__traceback__)
    return f"{text} ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else text


def _installed(name: str) -> type[Codec]:
    check_name(name)
    entry = _entries()[name]
    origin = f"'{entry.value}'" + (f" of {entry.dist.name}" if entry.dist else "")
    try:
        made = entry.load()
    except (Exception, SystemExit) as error:
        raise UnknownCodecError(f"codec '{name}': {origin} does not import: {told(error)}") from error
    if not (inspect.isclass(made) and issubclass(made, Codec)):
        raise UnknownCodecError(f"codec '{name}': {origin} is no subclass of coinfer.codecs.protocol.Codec")
    return made


def _import_file(path: Path) -> object:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    name = f"coinfer_plugin_{path.stem}_{digest}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise UnknownCodecError(f"plugin '{path}': not a Python file")
        sys.modules[name] = importlib.util.module_from_spec(spec)  # before it runs, as import does
        try:
            spec.loader.exec_module(sys.modules[name])
        except (Exception, SystemExit) as error:
            del sys.modules[name]
            raise UnknownCodecError(f"plugin '{path}': {type(error).__name__}: {error}") from error
    return sys.modules[name]


def _build(made: Callable[..., Codec], name: str, settings: Mapping[str, Any], classifier: str) -> Codec:
    known = [parameter for parameter in inspect.signature(made).parameters if parameter != "classifier"]
    for key in settings:
        if key not in known:
            close = get_close_matches(key, known, 1)
            hint = (
                f"did you mean '{close[0]}'?" if close else f"it takes: {', '.join(known) or 'no settings'}"
            )
            raise SettingsError(f"codec '{name}': unknown setting '{key}', {hint}")
    try:
        return made(classifier=classifier, **settings)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"codec '{name}': {error}") from error
    except (Exception, SystemExit) as error:
        raise CodecError(f"codec '{name}': its constructor raised {told(error)}") from error
