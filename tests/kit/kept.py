"""Results of studies that were kept in tests/kept, to compute from them anew."""

from __future__ import annotations

import tarfile
from io import BytesIO
from pathlib import Path

import pandas as pd

from emoalign.tables import ITEMS, STATUSES
from tests.kit.project import ROOT

KEPT = ROOT / "tests" / "kept"


def kept_results(name: str, folder: Path, *kinds: str) -> Path:
    """The results of a kept study, those in the folders of these names, placed in `folder`."""
    with tarfile.open(KEPT / name / "results.tar.xz") as archive:
        wanted = tuple(f"results/{name}/{kind}/" for kind in kinds)
        members = [one for one in archive.getmembers() if one.name.startswith(wanted)]
        archive.extractall(folder, members, filter="data")
    results = folder / "results" / name
    for file in results.glob("items/*.parquet"):
        ITEMS.write(kept_items(file), file)
    return results


def kept_items(file: Path | BytesIO) -> pd.DataFrame:
    """A kept table of items, with counts of 0 of statuses that were not told apart then."""
    items = pd.read_parquet(file)
    unknown = {f"n_{status}" for status in STATUSES} - set(items)
    return items.assign(**dict.fromkeys(unknown, 0))
