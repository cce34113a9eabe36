"""Apply saved calibrators to an item table: python -m emoalign.analyses.calibration."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from emoalign.analyses.calibration.analysis import METHODS
from emoalign.analyses.calibration.saved import apply
from emoalign.errors import EmoalignError


def main(arguments: list[str] | None = None) -> int:
    """Read the arguments, write the calibrated distributions; 1 after an error."""
    parser = argparse.ArgumentParser(
        prog="python -m emoalign.analyses.calibration",
        description="Calibrate the distributions of items, rated by people or not, with what was "
        "learnt in another study.",
    )
    parser.add_argument("calibrators", type=Path, help="results/<study>/calibrators/<dataset>.json")
    parser.add_argument("items", type=Path, help="results/<study>/items/<dataset>.parquet")
    parser.add_argument("card", type=Path, help="config/datasets/<dataset>.yaml of the items")
    parser.add_argument("output", type=Path, help="the Parquet file to write")
    parser.add_argument(
        "--methods", nargs="+", choices=METHODS, help="without it, all that were fitted"
    )
    given = parser.parse_args(arguments)
    try:
        apply(given.calibrators, given.items, given.card, given.output, given.methods)
    except EmoalignError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
