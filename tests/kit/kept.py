"""Tables of studies that are kept with their results in tests/kept."""

from __future__ import annotations

import tarfile
from functools import cache
from io import BytesIO

import pandas as pd

from .project import ROOT


@cache
def kept_table(study: str, path: str) -> pd.DataFrame:
    """A table of a kept study, by its path in the results: items/vader.parquet. Not to be changed
    in place."""
    with tarfile.open(ROOT / "tests" / "kept" / study / "results.tar.xz") as archive:
        file = archive.extractfile(f"results/{study}/{path}")
        assert file is not None, path
        return pd.read_parquet(BytesIO(file.read()))
