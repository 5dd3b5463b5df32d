"""From a name to the folder of a package with a codec in it."""

from __future__ import annotations

import importlib.util
from importlib.resources import files
from keyword import iskeyword
from pathlib import Path
from string import Template

from coinfer.codecs import registry
from coinfer.simulator.errors import InputError
from coinfer.simulator.outputs import whole_folder

FILES = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "init.py": "src/$name/__init__.py",
    "codec.py": "src/$name/codec.py",
    "test.py": "tests/test_$name.py",
}
"""Where each template goes."""


def new_codec(name: str, out: Path | None) -> Path:
    """Writes a package with a small codec, its entry point, its test and a README.

    Args:
        name: of the package and the codec.
        out: the folder to make; by default one of that name.

    Returns:
        The folder.

    Raises:
        InputError: the name cannot be used, or the folder exists.
    """
    folder = out or Path(name)
    _check(name, folder)
    class_name = "".join(part.capitalize() for part in name.split("_"))
    templates = files("coinfer.codecs") / "template"
    with whole_folder(folder) as fresh:
        for template, place in FILES.items():
            path = fresh / Template(place).substitute(name=name)
            path.parent.mkdir(parents=True, exist_ok=True)
            text = (templates / f"{template}.template").read_text(encoding="utf-8")
            path.write_text(Template(text).substitute(name=name, class_name=class_name), encoding="utf-8")
    return folder


def _check(name: str, folder: Path) -> None:
    if not name.isidentifier() or not name.isascii() or iskeyword(name) or not name.strip("_"):
        raise InputError(
            f"new-codec {name}: not a name for a Python package; take letters, digits and _, such as my_codec"
        )
    if name in registry.names():
        raise InputError(f"new-codec {name}: a codec of this name is installed; take another name")
    if importlib.util.find_spec(name) is not None:
        raise InputError(f"new-codec {name}: Python already has a module of this name; take another name")
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise InputError(f"new-codec {name}: {folder} exists; take another name, or give --out FOLDER")
