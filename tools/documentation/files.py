"""The generated files of the project: what each should hold, and whether it does."""

from __future__ import annotations

from pathlib import Path

from documentation.configuration import configuration_page
from documentation.kinds import KINDS
from documentation.results import results_page
from documentation.schemas import schema_text
from emoalign.tables import TABLES, atomic


def generated(root: Path) -> dict[str, str]:
    """The text of every generated file by its path in the project at `root`."""
    schemas = {kind.schema_path: schema_text(kind) for kind in KINDS}
    pages = {
        "docs/configuration.md": configuration_page(KINDS, root),
        "docs/results.md": results_page(TABLES),
    }
    return schemas | pages


def drifted(root: Path) -> list[str]:
    """Paths of generated files that are missing or differ from what would be generated."""
    return [path for path, text in generated(root).items() if _text(root / path) != text]


def write(root: Path) -> list[str]:
    """Bring all generated files up to date; returns the paths of those that changed."""
    files = generated(root)
    changed = drifted(root)
    for path in changed:
        with atomic(root / path) as partial:
            partial.write_text(files[path], encoding="utf-8", newline="\n")
    return changed


def _text(path: Path) -> str | None:
    return path.read_bytes().decode("utf-8") if path.is_file() else None
