"""Figures as files: one look, PNG to look at, SVG and PDF to print, the same bytes each time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from coinfer.simulator.figures_page import RUN_PAGE, Page

_LETTERS_AS_THEMSELVES = {"pdf.fonttype": 42}
"""TrueType in PDF: publishers refuse the other kind."""


@contextmanager
def house_style(page: Page = RUN_PAGE) -> Iterator[None]:
    """Draws and saves with the settings of this project, whatever the user's own are."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(page.settings | _LETTERS_AS_THEMSELVES)
        yield


def save(figure: Figure, stem: Path, page: Page = RUN_PAGE, caption: str = "") -> list[Path]:
    """Write one figure; without a date, and laid out once, which is most of the work.

    Args:
        figure: the figure, drawn in `house_style`.
        stem: the path without suffix.
        page: which files to write.
        caption: what the files say of themselves.

    Returns:
        The files, the PNG first.
    """
    told = {"Title": stem.name, "Description": caption} if caption else {}
    about = {
        ".png": told,
        ".svg": {"Date": None, **told},
        ".pdf": {"CreationDate": None, "Subject": caption or None},
    }
    files = []
    for suffix in page.suffixes:
        files.append(stem.with_suffix(suffix))
        figure.savefig(files[-1], dpi=page.dpi, metadata=about[suffix])
        figure.set_layout_engine("none")
    return files
