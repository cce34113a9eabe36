"""Results of studies that were kept in tests/kept, to compute from them anew."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pandas as pd

from emoalign.tables import ITEMS, STATUSES, STIMULI
from tests.kit.project import ROOT

KEPT = ROOT / "tests" / "kept"


def kept_results(name: str, folder: Path, *kinds: str) -> Path:
    """The results of a kept study, those in the folders of these names, placed in `folder`.

    Stimuli and items of the default study are older than clusters, and get those of items that
    stand alone: its words differ. They are older than bounds, too, and have none; standard errors
    follow from SDs, as there was one form.
    """
    with tarfile.open(KEPT / name / "results.tar.xz") as archive:
        wanted = tuple(f"results/{name}/{kind}/" for kind in kinds)
        members = [one for one in archive.getmembers() if one.name.startswith(wanted)]
        archive.extractall(folder, members, filter="data")
    results = folder / "results" / name
    for path in results.glob("stimuli/*.parquet"):
        stimuli = pd.read_parquet(path)
        assert stimuli["text"].is_unique
        STIMULI.write(stimuli.assign(cluster=None, covariates=None), path)
    for path in results.glob("items/*.parquet"):
        items = pd.read_parquet(path)
        alone = pd.factorize(items["item_id"], sort=True)[0]
        # Statuses that were not told apart then.
        uncounted = dict.fromkeys({f"n_{status}" for status in STATUSES} - set(items), 0)
        lacking: dict[str, object] = dict.fromkeys(
            set(ITEMS.schema.names) - {*items, *uncounted, "cluster"}
        )
        error = (items["sd"] / items["n_ok"] ** 0.5).where(items["readout"] == "sampled", 0.0)
        lacking["mean_se"] = error.where(items["mean"].notna())
        ITEMS.write(items.assign(cluster=alone, **uncounted, **lacking), path)
    return results
