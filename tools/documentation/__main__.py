"""python -m documentation [--check]: write the generated files, or check them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from documentation.configuration import configuration_page
from documentation.file_kinds import KINDS, schema_text
from documentation.methods import with_sources
from documentation.provider_pages import provider_pages
from documentation.results import results_page
from emoalign.tables import TABLES, atomic

METHODS = "docs/methods.md"
"""Written by hand but for families of tests and references."""


def main(arguments: Sequence[str] | None = None, root: Path = Path()) -> int:
    """Write what is generated into the project at `root`; with --check only compare.

    Returns the exit status: 1 when --check found a file that is not as it would be generated.
    """
    parser = argparse.ArgumentParser(
        prog="python -m documentation",
        description="Write docs/configuration.md, docs/results.md, docs/provider-*.md, the "
        "references of docs/methods.md and the JSON schemas, in the folder of the project.",
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail when a file has drifted"
    )
    if not parser.parse_args(arguments).check:
        for path in write(root):
            print(f"{path}: written")
        return 0
    paths = drifted(root)
    for path in paths:
        print(f"{path}: not as generated from the code; run make docs", file=sys.stderr)
    return int(bool(paths))


def generated(root: Path) -> dict[str, str]:
    """The text of every generated file by its path in the project at `root`."""
    schemas = {kind.schema_path: schema_text(kind) for kind in KINDS}
    pages = {
        "docs/configuration.md": configuration_page(KINDS),
        "docs/results.md": results_page(TABLES),
        **provider_pages(),
        METHODS: with_sources(_text(root / METHODS) or ""),
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


if __name__ == "__main__":
    sys.exit(main())
