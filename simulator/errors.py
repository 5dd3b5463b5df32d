"""Errors that a user can mend, and the wording they share.

The tree, with the exit code of the command line:

    CoinferError            1   anything coinfer itself gives up on
    └── InputError          2   the input is wrong; the text is one line that says what to do
        ├── ProfileError    2   a compute profile that does not exist
        ├── ScenarioError   2   a scenario file, or a `--set` on the command line
        └── TraceError      2   a recording of a link
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import ClassVar


class CoinferError(Exception):
    """Any failure that coinfer reports as a line instead of a traceback."""

    exit_code: ClassVar[int] = 1


class InputError(CoinferError):
    """What the user gave is wrong: where, what was expected, what came, what to do."""

    exit_code: ClassVar[int] = 2


class ProfileError(InputError):
    """A compute profile that does not exist."""


class ScenarioError(InputError):
    """A scenario that cannot be read, or says something that cannot be simulated."""


class TraceError(InputError):
    """A recording of a link that cannot be read, or cannot be replayed."""


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the one of `words` that `word` most likely misspells, or None.

    >>> nearest("bandwith_hz", ["bandwidth_hz", "mean_snr_db"])
    'bandwidth_hz'
    """
    by_folded = {candidate.casefold(): candidate for candidate in words}
    matches = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[matches[0]] if matches else None


def suggestion(word: str, words: Iterable[str]) -> str:
    """Return the tail of an error line: the nearest word, or all words where none is near.

    >>> suggestion("aecn", ["raw", "aecnn"])
    ", did you mean 'aecnn'?"
    >>> suggestion("zip", ["raw", "aecnn"])
    '; known: aecnn, raw'
    """
    known = sorted(words)
    near = nearest(word, known)
    return f", did you mean '{near}'?" if near else f"; known: {', '.join(known)}"
