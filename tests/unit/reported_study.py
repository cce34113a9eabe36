"""Studies with ratings made by hand, brought through every stage after the ratings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd

from emoalign.analyses.base import AnalysedStudy
from emoalign.analyses.calibration.analysis import CalibrationSettings
from emoalign.analyses.catalogue import FIGURES, REPORT_JOB
from emoalign.elicitation.readings.text import Status
from emoalign.figures.drawing import draw_figures
from emoalign.items.aggregation import aggregate
from emoalign.items.item_jobs import AggregationJob
from emoalign.report.page import write_report
from emoalign.report.report_job import ReportJob
from emoalign.study.fields import part
from emoalign.study.scales import LabelScale
from emoalign.tables import NORMS, RATINGS, STIMULI

from .analysed import analyse_all, analysed_dataset, analysed_study, sections
from .small_study import SCALE, SETTINGS

EVIL = '<script>alert("1")</script>'
LABELS = LabelScale(kind="labels", labels=("joy", "anger", "fear"), at_least=1, at_most=None)


def report_job(
    *,
    title: str = f"A study of {EVIL}",
    models: Mapping[str, str] = {"m": "Model m"},
    protocols: Sequence[str] = ("p",),
    scales: Sequence[str] = ("valence",),
    labels: Sequence[str] = (),
    readouts: Sequence[str] = ("sampled",),
    show_items: bool = True,
    frameworks: Mapping[str, Sequence[str]] = {},
) -> ReportJob:
    """The job of the report on a study of the dataset words."""
    instructions: dict[str, Any] = {
        scale: {"instruction": "Rate it.", "written_for": {"min": 1, "max": 9}} for scale in scales
    }
    wording = {"title": "Plain", "form": "chat", "template": "{{ instruction }} {{ item.text }}"}
    wording |= {"answer": {"max_tokens": 4}, "scales": instructions}
    instructions |= {name: {"instruction": "Choose."} for name in labels}
    return REPORT_JOB.model_validate(
        {
            "study": "words",
            "title": title,
            "seed": 3,
            "statistics": SETTINGS.model_dump(),
            "calibration": {"methods": ["isotonic", "mixture"]},
            "models": {
                name: {"title": one, "card": {"engine": "openai", "model": name}}
                for name, one in models.items()
            },
            "datasets": {
                "words": {
                    "title": "Words",
                    "modality": "word",
                    "show_items": show_items,
                    "frameworks": frameworks,
                    "scales": {scale: SCALE.model_dump() for scale in scales},
                    "labels": {name: LABELS.model_dump() for name in labels},
                    "keep": None,
                    "sample": 30,
                    "licence": "MIT",
                    "citation": "@misc{words, title = {Words}}",
                    "caveats": ["Only for tests."],
                }
            },
            "protocols": {
                name: {"name": name, "prompts": "plain", "readouts": list(readouts)}
                for name in protocols
            },
            "prompts": {"plain": wording},
        }
    )


def rating_rows(answers: np.ndarray, text: str = "No.", **names: str) -> pd.DataFrame:
    """Sampled ratings of one cell: `answers` has shape (items, participants), NaN is a refusal."""
    n, participants = answers.shape
    said = answers.ravel()
    status: list[Status] = ["refusal" if np.isnan(one) else "ok" for one in said]
    return pd.DataFrame(
        {
            **dict.fromkeys(RATINGS.schema.names),
            **{"model": "m", "protocol": "p", "dataset": "words", "scale": "valence"},
            "readout": "sampled",
            **names,
            "item_id": np.repeat(item_ids(n), participants),
            "participant": np.tile(np.arange(participants), n),
            "status": status,
            "rating": said,
            "text": [text if np.isnan(one) else f"{one:.0f}" for one in said],
        }
    )


def label_rows(chosen: Iterable[Sequence[str] | None], **names: str) -> pd.DataFrame:
    """One answer about each item on a scale of labels; None is a refusal."""
    listed = list(chosen)
    rows = rating_rows(np.full((len(listed), 1), np.nan), scale="emotions", **names)
    return rows.assign(
        labels=[None if one is None else list(one) for one in listed],
        status=["refusal" if one is None else "ok" for one in listed],
    )


def item_ids(n: int) -> list[str]:
    """Ids as those of `small_study.norms`."""
    return [f"item-{number:03d}" for number in range(n)]


def make_page(
    folder: Path,
    ratings: pd.DataFrame,
    norms: pd.DataFrame,
    job: ReportJob,
    texts: Sequence[str] | None = None,
) -> str:
    """Run the stages after the ratings of the dataset words; return the page."""
    ids = sorted(set(norms["item_id"]) | set(ratings["item_id"]))
    stimuli = pd.DataFrame(
        {
            **dict.fromkeys(STIMULI.schema.names),
            "item_id": ids,
            "modality": "word",
            "text": texts or [f"{EVIL} $x_1$ {number}" for number in range(len(ids))],
            "shard": "0000",
        }
    )
    STIMULI.write(stimuli, folder / "stimuli/words.parquet")
    NORMS.write(norms, folder / "norms/words.parquet")
    rating_file = folder / "ratings/words.parquet"
    RATINGS.write(ratings, rating_file)
    card = job.datasets["words"]
    rated = AggregationJob(dataset="words", scales={**card.scales, **card.labels})
    item_table = folder / "items/words.parquet"
    aggregate(rated, [rating_file], folder / "norms/words.parquet", item_table)
    analyse_all(analysed(job), folder)
    draw_figures(FIGURES, job.drawing(), folder)
    manifest = {"git_commit": None, "note": EVIL, "study": job.model_dump(mode="json")}
    (folder / "manifest.json").write_bytes(orjson.dumps(manifest))
    write_report(job, sections(folder), FIGURES, folder, [rating_file], folder / "report.html")
    return (folder / "report.html").read_text(encoding="utf-8")


def analysed(job: ReportJob) -> AnalysedStudy:
    """The study of a report, as analyses know it: without an embedding and without seed words."""
    few = SETTINGS.model_copy(update={"permutations": 99, "structure_items": 200, "worst_items": 5})
    card = job.datasets["words"]
    dataset = analysed_dataset(card.scales, card.labels, card.frameworks)
    calibration = part(job, CalibrationSettings)
    return analysed_study({"words": dataset}, few, calibration, protocols=job.protocols)
