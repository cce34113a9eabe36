"""Estimated norms as files for people: wide tables, their codebook, a script in R, what to rate."""

from __future__ import annotations

from importlib.resources import files as package_files
from pathlib import Path

import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.estimates.analysis import FilesJob
from emoalign.analyses.estimates.codebook import codebook
from emoalign.analyses.estimates.filed import CODEBOOK_FILE, FOLDER, SCRIPT_FILE, TO_RATE_FILE
from emoalign.analyses.estimates.methods import methods
from emoalign.analyses.estimates.wide import Sources, wide_table, write_wide_csv
from emoalign.analyses.estimates.workbook import write_xlsx
from emoalign.items.item_names import item_names
from emoalign.tables import CODEBOOK, ESTIMATION, ESTIMATION_WEIGHTS, TO_RATE, atomic


def write_files(job: FilesJob, files: AnalysisFiles) -> None:
    """Write all files for people of a study, dataset by dataset."""
    folder = files.folder / FOLDER
    estimation, weights = files.table(ESTIMATION), files.table(ESTIMATION_WEIGHTS)
    described, to_rate = [], []
    for name, dataset in sorted(job.datasets.items()):
        sources = Sources.read(files.by_dataset(FOLDER)[name], files.tables_of(name))
        table = wide_table(dataset, sources)
        rows = codebook(name, dataset, table, job.coverage)
        told = methods(name, dataset, estimation, weights, job.coverage)
        write_wide_csv(table, folder / f"{name}.csv")
        write_xlsx(table.rows, rows.drop(columns="dataset"), told, folder / f"{name}.xlsx")
        described.append(rows)
        to_rate.append(items_to_rate(sources))
    CODEBOOK.write_csv(_together(described), folder / CODEBOOK_FILE)
    TO_RATE.write_csv(_together(to_rate), folder / TO_RATE_FILE)
    write_script(folder / SCRIPT_FILE)


def items_to_rate(sources: Sources) -> pd.DataFrame:
    """The items that were drawn to be rated, by scale and id."""
    drawn = sources.estimates[sources.estimates["to_rate"]].sort_values(["scale", "item_id"])
    return pd.DataFrame(
        {
            "dataset": drawn["dataset"],
            "item_id": drawn["item_id"],
            "word": drawn["item_id"].map(item_names(sources.stimuli, True)),
            "scale": drawn["scale"],
            "stratum": drawn["stratum"].astype("Int32").astype(str),
            "inclusion": drawn["inclusion"],
        }
    )


def write_script(path: Path) -> None:
    """Write the script in R that reads wide files by their codebook."""
    with atomic(path) as partial:
        partial.write_bytes(package_files(__package__).joinpath(SCRIPT_FILE).read_bytes())


def _together(parts: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(parts, ignore_index=True)
