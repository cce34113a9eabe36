"""The table of baselines: what each has learned from, and what it is evaluated on."""

from __future__ import annotations

import numpy as np
import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.baselines.analysis import BaselinesJob
from emoalign.baselines.examples import spread
from emoalign.baselines.train import TrainingRecord, doubts
from emoalign.tables import PREDICTIONS, TRAININGS, groups

_ENOUGH = 10
"""Items between which a spread is told."""


def describe_baselines(job: BaselinesJob, files: AnalysisFiles) -> None:
    """Write the table of the baselines of a study, whose files are in folders with their names."""
    trained = {}
    for path in files.below("baselines", ".training.json"):
        training = TrainingRecord.read(path)
        trained[path.parent.name, training.seed] = training
    rows = []
    for path in files.below("baselines", ".parquet"):
        for (model, baseline), predicted in groups(PREDICTIONS.read(path), ["model", "baseline"]):
            seed = predicted["seed"].iloc[0]
            record = trained.get((baseline, int(seed))) if pd.notna(seed) else None
            sd = _spread(predicted)
            rows.append(
                {
                    "model": model,
                    "baseline": baseline,
                    "dataset": predicted["dataset"].iloc[0],
                    "scale": predicted["scale"].iloc[0],
                    "seed": seed,
                    "leakage": job.leakage.get(baseline),
                    "predicted_sd": sd,
                    "warning": (record and record.warning) or doubts(sd, None),
                    **_evaluated(predicted),
                    **(_learned(record) if record else {}),
                }
            )
    table = pd.DataFrame(rows, columns=TRAININGS.schema.names).sort_values(
        ["baseline", "seed"], ignore_index=True
    )
    counts = [column.name for column in TRAININGS.columns if column.type == "int32"]
    files.write(TRAININGS, table.astype(dict.fromkeys(counts, "Int32")))


def _spread(predicted: pd.DataFrame) -> float | None:
    """How much the predictions differ between the items it is evaluated on, if they are enough."""
    known = predicted["distribution"].dropna()
    return None if len(known) < _ENOUGH else spread(np.array(known.tolist()))


def _evaluated(predicted: pd.DataFrame) -> dict[str, object]:
    unknown = predicted["distribution"].isna()
    return {
        "n_items": len(predicted),
        "n_evaluated": int((~unknown).sum()),
        "n_in_training": int(predicted["in_training"].sum()),
        "n_other_split": int((unknown & ~predicted["in_training"]).sum()),
    }


def _gain(record: TrainingRecord) -> float:
    """The gain; records of earlier versions have only the losses that it follows from."""
    if record.gain is not None:
        return record.gain
    return 1 - record.dev_loss / record.constant_dev_loss if record.constant_dev_loss else 0.0


def _learned(record: TrainingRecord) -> dict[str, object]:
    counts, best = record.counts, record.history[record.best_epoch - 1]
    return {
        "held_out": counts.held_out,
        "texts": record.texts,
        "dev_texts": record.dev_texts,
        "left_same_item": counts.train_same_item + counts.dev_same_item,
        "left_same_text": counts.train_same_text + counts.dev_same_text,
        "left_text_in_dev": counts.train_text_in_dev,
        "left_not_drawn": record.not_drawn,
        "most_raters": record.most_raters,
        "cut_texts": record.cut_texts,
        "epochs": len(record.history),
        "best_epoch": record.best_epoch,
        "stopped": record.stopped,
        "train_loss": best.train_loss,
        "dev_loss": best.dev_loss,
        "first_dev_loss": record.history[0].dev_loss,
        "constant_dev_loss": record.constant_dev_loss,
        "gain": _gain(record),
        "gain_low": record.gain_low,
        "gain_high": record.gain_high,
        "device": record.device,
    }
