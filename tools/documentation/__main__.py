"""python -m documentation [--check]: write the generated files, or check them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from documentation.files import drifted, write


def main(arguments: Sequence[str] | None = None, root: Path = Path()) -> int:
    """Write what is generated into the project at `root`; with --check only compare.

    Returns the exit status: 1 when --check found a file that is not as it would be generated.
    """
    parser = argparse.ArgumentParser(
        prog="python -m documentation",
        description="Write docs/configuration.md, docs/results.md and config/schemas/, "
        "in the folder of the project.",
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


if __name__ == "__main__":
    sys.exit(main())
