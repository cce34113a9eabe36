"""Studies with ratings made by hand, brought through every stage after the ratings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd

from emoalign.analyses.alignment.align import align
from emoalign.analyses.alignment.analysis import StatisticsJob
from emoalign.analyses.calibration.analysis import CalibrationJob, CalibrationReviewJob
from emoalign.analyses.calibration.calibrate import calibrate
from emoalign.analyses.calibration.review import review
from emoalign.analyses.contrasts.analysis import ComparisonJob
from emoalign.analyses.contrasts.compare import compare
from emoalign.analyses.distributions.analysis import DistributionJob
from emoalign.analyses.distributions.compare import compare_distributions, dataset_files
from emoalign.analyses.structure.analysis import StructureJob
from emoalign.analyses.structure.structure_rows import compare_structure
from emoalign.analyses.transparency.analysis import (
    GradientJob,
    LabelledDataset,
    TransparencyJob,
    TransparencySettings,
)
from emoalign.analyses.transparency.gradient_rows import compare_gradients
from emoalign.analyses.transparency.rows import describe
from emoalign.analyses.variance.analysis import DecompositionJob
from emoalign.analyses.variance.decompose import decompose
from emoalign.elicitation.readings.text import Status
from emoalign.figures.catalogue import planned_figures
from emoalign.figures.drawing import draw_figure
from emoalign.items.aggregation import aggregate
from emoalign.items.item_jobs import AggregationJob, ComparedDataset
from emoalign.report.page import write_report
from emoalign.report.report_job import ReportJob
from emoalign.report.sections import tables
from emoalign.study.fields import Range
from emoalign.study.protocols import Asked
from emoalign.study.scales import LabelScale
from emoalign.tables import NORMS, RATINGS, STIMULI

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
    wording = {"title": "Plain", "kind": "chat", "template": "{{ instruction }} {{ item.text }}"}
    wording |= {"answer": {"max_tokens": 4}, "scales": instructions}
    instructions |= {name: {"instruction": "Choose."} for name in labels}
    return ReportJob.model_validate(
        {
            "study": "words",
            "title": title,
            "seed": 3,
            "settings": SETTINGS.model_dump(),
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
    RATINGS.write(ratings, folder / "ratings.parquet")
    card = job.datasets["words"]
    rated = AggregationJob(dataset="words", scales={**card.scales, **card.labels})
    item_table = folder / "items/words.parquet"
    aggregate(rated, [folder / "ratings.parquet"], folder / "norms/words.parquet", item_table)
    summarise(folder, job, item_table)
    for table in tables():
        if not (folder / table.path).exists():  # of stages that these studies do not need
            table.write(pd.DataFrame(columns=table.schema.names), folder / table.path)
    for one in planned_figures(job.drawing()):
        files = [Path(path) for path in one.tables(str(folder))]
        draw_figure(one.job, files, folder / "figures" / one.path)
    manifest = {"git_commit": None, "note": EVIL, "study": job.model_dump(mode="json")}
    (folder / "manifest.json").write_bytes(orjson.dumps(manifest))
    write_report(job, folder, [folder / "ratings.parquet"], folder / "report.html")
    return (folder / "report.html").read_text(encoding="utf-8")


def summarise(folder: Path, job: ReportJob, item_table: Path) -> None:
    """The stages of statistics."""
    card, statistics = job.datasets["words"], folder / "statistics"
    items, seed = [item_table], job.seed
    of_cells = StatisticsJob(
        scales={"words": card.scales}, labels={"words": card.labels}, seed=seed, settings=SETTINGS
    )
    align(of_cells, items, {"words": folder / "norms/words.parquet"}, statistics)
    compared = {
        "words": ComparedDataset(
            modality="word",
            scales={name: Range(min=one.min, max=one.max) for name, one in card.scales.items()},
            frameworks=card.frameworks,
        )
    }
    between = ComparisonJob(datasets=compared, seed=seed, bootstrap_resamples=200, worst_items=5)
    compare(between, items, statistics / "alignment.parquet", statistics)
    spaces = StructureJob(datasets=compared, seed=seed, permutations=99, structure_items=200)
    compare_structure(spaces, items, statistics)
    asked = {name: Asked(temperature=1.0, prompts={"words": "plain"}) for name in job.protocols}
    decompose(DecompositionJob(protocols=asked), [folder / "ratings.parquet"], statistics)
    spread = DistributionJob(
        scales={"words": {**card.scales, **card.labels}},
        seed=seed,
        bootstrap_resamples=200,
        settings=job.distributions,
    )
    if card.labels:
        describe_labels(folder, job)
    files = [[str(folder / kind / "words.parquet")] for kind in ("items", "norms", "stimuli")]
    compare_distributions(spread, dataset_files(*files), statistics)
    calibrated(folder, job)


def calibrated(folder: Path, job: ReportJob) -> None:
    """The stages of calibration."""
    card = job.datasets["words"]
    scales = {**card.scales, **card.labels}
    told: dict[str, Any] = {"min_raters": job.distributions.min_raters, "seed": job.seed}
    told["settings"] = job.calibration
    made = {
        name: folder / f"{name}/words.{kind}"
        for name, kind in (
            *[(name, "parquet") for name in ("items", "norms", "stimuli", "calibrated")],
            ("calibrators", "json"),
        )
    }
    tables = {name: made[name] for name in ("items", "norms", "stimuli")}
    fitting = CalibrationJob(dataset="words", scales=scales, **told)
    calibrate(fitting, tables, made["calibrated"], made["calibrators"])
    judging = CalibrationReviewJob(datasets={"words": scales}, bootstrap_resamples=200, **told)
    review(judging, {name: {"words": path} for name, path in made.items()}, folder / "statistics")


def describe_labels(folder: Path, job: ReportJob) -> None:
    """The stages of transparency, without an embedding and without seed words."""
    labelled = {"words": LabelledDataset(language="en", labels=job.datasets["words"].labels)}
    transparency = TransparencyJob(
        datasets=labelled,
        lexicon=None,
        embedding=None,
        settings=TransparencySettings(),
        seed=job.seed,
    )
    files = {kind: {"words": folder / kind / "words.parquet"} for kind in ("stimuli", "norms")}
    statistics = folder / "statistics"
    describe(transparency, files["stimuli"], files["norms"], folder / "embeddings", statistics)
    gradient = GradientJob(permutations=99, bootstrap_resamples=200, seed=job.seed)
    tables_of = (statistics / f"{name}.parquet" for name in ("transparency", "labels"))
    compare_gradients(gradient, *tables_of, folder=statistics)
