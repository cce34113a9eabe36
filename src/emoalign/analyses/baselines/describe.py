"""The table of baselines: what each has learned from, and what it is evaluated on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from emoalign.baselines.train import TrainingRecord
from emoalign.tables import PREDICTIONS, TRAININGS, groups


def describe(
    predictions: Sequence[Path],
    records: Sequence[Path],
    leakage: Mapping[str, str],
    folder: Path,
) -> None:
    """Write the table of the baselines of a study, as Parquet and CSV, into `folder`.

    `predictions` and `records` are in folders named like their baselines; `leakage` is what
    published ones may have seen, by name.
    """
    trained = {}
    for path in records:
        record = TrainingRecord.read(path)
        trained[path.parent.name, record.seed] = record
    rows = []
    for path in predictions:
        for (model, baseline), predicted in groups(PREDICTIONS.read(path), ["model", "baseline"]):
            seed = predicted["seed"].iloc[0]
            known = trained.get((baseline, int(seed))) if pd.notna(seed) else None
            rows.append(
                {
                    "model": model,
                    "baseline": baseline,
                    "dataset": predicted["dataset"].iloc[0],
                    "scale": predicted["scale"].iloc[0],
                    "seed": seed,
                    "leakage": leakage.get(baseline),
                    **_evaluated(predicted),
                    **(_learned(known) if known else {}),
                }
            )
    table = pd.DataFrame(rows, columns=TRAININGS.schema.names).sort_values(
        ["baseline", "seed"], ignore_index=True
    )
    counts = [column.name for column in TRAININGS.columns if column.type == "int32"]
    TRAININGS.write_both(table.astype(dict.fromkeys(counts, "Int32")), folder)


def _evaluated(predicted: pd.DataFrame) -> dict[str, object]:
    unknown = predicted["distribution"].isna()
    return {
        "n_items": len(predicted),
        "n_evaluated": int((~unknown).sum()),
        "n_in_training": int(predicted["in_training"].sum()),
        "n_other_split": int((unknown & ~predicted["in_training"]).sum()),
    }


def _learned(record: TrainingRecord) -> dict[str, object]:
    counts, best = record.counts, record.history[record.best_epoch - 1]
    return {
        "held_out": counts.held_out,
        "texts": record.texts,
        "dev_texts": record.dev_texts,
        "left_same_item": counts.train_same_item + counts.dev_same_item,
        "left_same_text": counts.train_same_text + counts.dev_same_text,
        "left_text_in_dev": counts.train_text_in_dev,
        "cut_texts": record.cut_texts,
        "epochs": len(record.history),
        "best_epoch": record.best_epoch,
        "stopped": record.stopped,
        "train_loss": best.train_loss,
        "dev_loss": best.dev_loss,
        "first_dev_loss": record.history[0].dev_loss,
        "constant_dev_loss": record.constant_dev_loss,
        "device": record.device,
    }
