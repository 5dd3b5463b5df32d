"""Finished units of work beside a run's folder, so that a run that was killed goes on where it was.

For `runs/NAME` they lie in `runs/.NAME.partial/`, a file a unit. A file appears whole or not at all. The
folder belongs to one run at a time, and to one identity: units of another scenario, of other measurements or
of other code are thrown away. It is removed when the run is whole.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from coinfer.simulator.errors import CoinferError, InputError
from coinfer.simulator.outputs import OutputError
from coinfer.simulator.plan import Unit

_LOCK, _IDENTITY, _ENDING = "lock", "identity", ".arrow"
_LONGEST_NAME = 200


class StoreError(CoinferError):
    """A finished unit cannot be kept; those before it are."""


class UnitStore:
    """The finished units of one run; opened by `opened`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._there = {unit for path in folder.glob(f"*{_ENDING}") if (unit := _unit(path)) is not None}

    def __contains__(self, unit: Unit) -> bool:
        return unit in self._there

    def __len__(self) -> int:
        return len(self._there)

    def put(self, unit: Unit, content: bytes) -> None:
        """Keeps a unit for good.

        Raises:
            StoreError: the disk does not take it.
        """
        try:
            _write_whole(self._path(unit), content)
        except OSError as error:
            raise StoreError(
                f"{self.folder}: {error.strerror}; finished units are kept: mend it and run the same command "
                f"again to go on"
            ) from error
        self._there.add(unit)

    def drop(self, unit: Unit) -> None:
        """Throws a unit away."""
        self._path(unit).unlink()
        self._there.remove(unit)

    def paths(self, units: Sequence[Unit]) -> list[Path]:
        """The files of units that are there."""
        return [self._path(unit) for unit in units]

    def _path(self, unit: Unit) -> Path:
        return self.folder / f"{'-'.join(map(str, unit))}{_ENDING}"


@contextmanager
def opened(folder: Path, identity: str) -> Iterator[tuple[UnitStore, int]]:
    """Opens the store beside a run's folder, and removes it when the block succeeds.

    Args:
        folder: where the run's results will be.
        identity: of all that its units depend on.

    Yields:
        The store, and how many units of another identity were thrown away.

    Raises:
        OutputError: another run is using it, or it cannot be made.
    """
    resolved = folder.resolve()
    partial = resolved.with_name(f".{resolved.name[:_LONGEST_NAME]}.partial")
    made = [parent for parent in partial.parents if not parent.exists()]
    try:
        lock = _locked(partial)
    except BlockingIOError as error:
        raise OutputError(
            f"--out {folder}: another run (process {_owner(partial)}) is writing there; wait for it, or give "
            f"another folder"
        ) from error
    except OSError as error:
        raise OutputError(f"--out {folder}: {error.strerror}; give another folder") from error
    try:
        thrown_away = _emptied(partial, identity)
        store = UnitStore(partial)
        yield store, thrown_away
        _remove(partial)
    except BaseException as error:
        if isinstance(error, InputError) or not any(partial.glob(f"*{_ENDING}")):
            _remove(partial, *made)
        raise
    finally:
        os.close(lock)


def _locked(partial: Path) -> int:
    """Take the lock of the folder, which ends with the process however that ends."""
    while True:
        partial.mkdir(parents=True, exist_ok=True)
        try:
            lock = os.open(partial / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still_at(lock, partial / _LOCK):
                os.truncate(lock, 0)
                os.write(lock, str(os.getpid()).encode())
                return lock
        except OSError:
            os.close(lock)
            raise
        os.close(lock)


def _is_still_at(lock: int, path: Path) -> bool:
    """Whether the run that had the lock before did not remove its file in between."""
    try:
        return os.path.samestat(os.fstat(lock), path.stat())
    except FileNotFoundError:
        return False


def _owner(partial: Path) -> str:
    try:
        return (partial / _LOCK).read_text() or "unknown"
    except OSError:
        return "unknown"


def _emptied(partial: Path, identity: str) -> int:
    """Remove what is no unit of this identity, and give the number of units among it."""
    file = partial / _IDENTITY
    same = file.is_file() and file.read_text() == identity
    units = {path.name for path in partial.glob(f"*{_ENDING}")}
    kept = {_LOCK, _IDENTITY, *units} if same else {_LOCK}
    _clear(path for path in partial.iterdir() if path.name not in kept)
    if not same:
        _write_whole(file, identity.encode())
    return 0 if same else len(units)


def _remove(partial: Path, *parents: Path) -> None:
    """Remove the folder, its lock last, and parents that are empty."""
    _clear(path for path in partial.iterdir() if path.name != _LOCK)
    (partial / _LOCK).unlink()
    with suppress(OSError):
        for folder in (partial, *parents):
            folder.rmdir()


def _clear(paths: Iterable[Path]) -> None:
    for path in list(paths):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _write_whole(path: Path, content: bytes) -> None:
    fresh = path.with_suffix(".fresh")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)


def _unit(path: Path) -> Unit | None:
    numbers = path.stem.split("-")
    whole = len(numbers) == len(Unit._fields) and all(number.isdigit() for number in numbers)
    return Unit(*map(int, numbers)) if whole else None
