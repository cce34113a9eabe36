"""Results of studies that were kept in tests/kept, to compute from them anew."""

from __future__ import annotations

import tarfile
from pathlib import Path

from tests.kit.project import ROOT

KEPT = ROOT / "tests" / "kept"


def kept_results(name: str, folder: Path, *kinds: str) -> Path:
    """The results of a kept study, those in the folders of these names, placed in `folder`."""
    with tarfile.open(KEPT / name / "results.tar.xz") as archive:
        wanted = tuple(f"results/{name}/{kind}/" for kind in kinds)
        members = [one for one in archive.getmembers() if one.name.startswith(wanted)]
        archive.extractall(folder, members, filter="data")
    return folder / "results" / name
