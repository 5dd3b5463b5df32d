"""What a codec's messages and answers depend on: code that it imports, weights that it loads, libraries."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

LIBRARIES = ("coinfer", "torch", "torchvision", "numpy", "scipy", "pandas", "simpy", "constriction", "pillow")

MEASURING = ("coinfer.codecs", "coinfer.models")
"""The packages that do the measuring."""

COMMON_WEIGHTS = ("resnet50-", "classifier-")
"""Beginnings of the names of the checkpoints that every codec may load."""


@cache
def code_version(module: str | None = None) -> str:
    """Hash of the code that measures, and of the versions of the libraries it uses.

    Args:
        module: a module of coinfer's: only its code counts, and that of all modules of coinfer's that it
            imports, and those that they do. A module of others: all code of coinfer's codecs counts, and that
            of the other package. None: all code of coinfer's codecs.
    """
    digest = hashlib.sha256(" ".join(version(name) for name in LIBRARIES).encode())
    known = sources()
    paths = [known[name] for name in sorted(imported(module) if module in known else known)]
    for path in (*paths, *(_others(module) if module and module not in known else ())):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _others(module: str) -> list[Path]:
    """The files, data too, of the distribution's package that a module belongs to, without importing it."""
    spec = importlib.util.find_spec(module.partition(".")[0])
    folders = [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []
    single = [Path(spec.origin)] if spec and spec.origin and not folders else []
    there = [path for folder in folders for path in sorted(folder.rglob("*"))]
    return single + [path for path in there if path.is_file() and path.suffix != ".pyc"]


@cache
def sources() -> dict[str, Path]:
    """The files of the modules that measure, by the modules' full names."""
    found = {}
    for package in MEASURING:
        folder = Path(str(files(package)))
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            found[".".join((package, *(part for part in parts if part != "__init__")))] = path
    return found


def imported(module: str) -> set[str]:
    """A module and all of `sources` that it imports, directly or not, anywhere in its code."""
    known, found, ahead = sources(), set(), [module]
    while ahead:
        name = ahead.pop()
        if name not in found and name in known:
            found.add(name)
            ahead += _named(ast.parse(known[name].read_text(encoding="utf-8")))
    return found


def beside(file: Path) -> list[Path]:
    """A plugin's file and the modules in its folder that it imports, directly or not, by name."""
    found: set[Path] = set()
    ahead = [file]
    while ahead:
        path = ahead.pop()
        if path in found or not path.is_file():
            continue
        found.add(path)
        try:
            names = _named(ast.parse(path.read_bytes()))
        except (SyntaxError, ValueError):
            continue  # Importing it will tell.
        ahead += [file.parent / f"{name.replace('.', '/')}.py" for name in names]
    return sorted(found)


def _named(tree: ast.Module) -> Iterator[str]:
    """Full names that import statements mention; some are no modules."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield module
                yield from (f"{module}.{alias.name}" for alias in names)


def weights(codec: str | None = None, split: object = None) -> dict[str, str]:
    """SHA-256 of checkpoints that come with coinfer, by file name.

    Args:
        codec: a codec's name: only its own and those that every codec may load; None for all there are.
        split: the codec's setting of this name: of its own only those for it; None for those for all splits.
    """
    beginnings = ("",) if codec is None else (*COMMON_WEIGHTS, f"{codec.rstrip('+')}-{split or ''}")
    return {name: digest for name, digest in _all_weights().items() if name.startswith(beginnings)}


@cache
def _all_weights() -> dict[str, str]:
    folder = Path(str(files("coinfer.models"))) / "weights"
    return {path.name: file_sha256(path) for path in sorted(folder.glob("*.safetensors"))}


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
