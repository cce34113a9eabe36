"""The table of labels: how often people and models choose each, and how alike over items."""

from __future__ import annotations

import numpy as np
import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.labels.analysis import LabelsJob
from emoalign.items.rated_items import of_scales, read_items
from emoalign.statistics.labels import label_agreement
from emoalign.tables import CELL_KEY, LABELS, groups


def compare_labels(job: LabelsJob, files: AnalysisFiles) -> None:
    """Write the table of labels."""
    items = of_scales(read_items(files.by_dataset("items").values()), job.labels)
    files.write(LABELS, label_rows(items, job))


def label_rows(items: pd.DataFrame, job: LabelsJob) -> pd.DataFrame:
    """One row per label of each cell; see `tables.LABELS`."""
    rows = []
    for key, cell in groups(items, CELL_KEY):
        labels = job.labels[key[2]][key[3]].labels
        used = cell.sort_values("item_id").dropna(subset=["distribution", "human_distribution"])
        shape = (len(used), len(labels))
        model, human = (
            np.array(used[column].tolist(), dtype=float).reshape(shape)
            for column in ("distribution", "human_distribution")
        )
        rows += [
            dict(zip(CELL_KEY, key, strict=True))
            | {
                "label": agreed.label,
                "n_items": len(used),
                "human_rate": agreed.human_rate,
                "model_rate": agreed.model_rate,
                "rate_difference": agreed.rate_difference,
                "spearman_rho": agreed.rho,
            }
            for agreed in label_agreement(model, human, labels)
        ]
    return pd.DataFrame(rows, columns=LABELS.schema.names)
