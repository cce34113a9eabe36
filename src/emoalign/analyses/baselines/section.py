"""What did the fine-tuned baselines learn from?"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from emoalign.baselines.train import LEAST_GAIN
from emoalign.report.grid import Column, Row, count, grid, model_column, value
from emoalign.report.nearest import nearer
from emoalign.report.report_job import ReportedBaseline, ReportJob
from emoalign.report.section import Results, Section, View
from emoalign.tables import DISTRIBUTION_CONTRASTS, TRAININGS, records
from emoalign.wording import percent, span

EVALUATED = {
    "test_split": "It was compared with people on items of the test split only.",
    "held_out": "It was compared with people on all items of the study, none of which it had seen.",
}


def _view(results: Results) -> View:
    job = results.job
    rows = results.table(TRAININGS)
    columns = (
        model_column(job),
        count("Training texts", "texts", "Texts of the train split that it learnt from."),
        count(
            "Same item", "left_same_item", "Left out of train and dev: items it is evaluated on."
        ),
        count(
            "Same text", "left_same_text", "Also left out: others with the text of such an item."
        ),
        count("Text in dev", "left_text_in_dev", "Left out of train: its text is in dev as well."),
        count("Not drawn", "left_not_drawn", "Left out of train: more texts than its card allows."),
        Column("Best epoch", _epochs, "best_epoch"),
        value(
            "Dev loss", "dev_loss", "KL divergence from the raters, in nats; lower is better.", 4
        ),
        value(
            "Dev loss, human average",
            "constant_dev_loss",
            "The same if the mean human shares of the train split are predicted for every text.",
            4,
        ),
        Column(
            "Gain",
            _gain,
            "gain",
            meaning="Share of that loss which the training saves (95% CI over texts).",
        ),
        count("Evaluated items", "n_evaluated", "Items of the study that it predicts."),
        count(
            "Seen items", "n_in_training", "Not evaluated: it has learnt from them or their text."
        ),
        count("Other split", "n_other_split", "Not evaluated: not in the test split."),
    )
    described = [
        {
            "title": card.title,
            "of": f"{job.datasets[card.dataset].title}, {card.scale}",
            "weights": card.weights,
            "revision": card.revision,
            "evaluated": EVALUATED[card.evaluate],
            "leakage": card.leakage,
            "warnings": list(_warnings(job, rows[rows["baseline"] == name])),
            "learnt": list(_learnt(rows[rows["baseline"] == name])),
            "curves": list(_curves(rows[rows["baseline"] == name])),
        }
        for name, card in job.baselines.items()
    ]
    shown = grid("baselines-table", "Fine-tuned baselines", rows, columns, TRAININGS)
    return View(
        {"grid": shown, "told": described},
        findings=list(_findings(job, results.table(DISTRIBUTION_CONTRASTS), rows)),
        methods=list(_methods(job)),
    )


def _findings(
    job: ReportJob, contrasts: pd.DataFrame, trainings: pd.DataFrame
) -> Iterator[list[str]]:
    """Distance of each baseline from people, the models that are nearer or farther, and a warning
    where a baseline knows nothing of texts."""
    of_jsd = contrasts[(contrasts["kind"] == "baseline") & (contrasts["metric"] == "jsd")]
    for name, card in job.baselines.items():
        rows = of_jsd[of_jsd["b"].isin(card.titles(name)) & of_jsd["difference"].notna()]
        doubted = list(_warnings(job, trainings[trainings["baseline"] == name]))
        if doubted:
            doubted.append("Comparisons with it do not show what a classifier can reach.")
        if rows.empty:
            if doubted:
                yield doubted
            continue
        found = [nearer(row) for row in records(rows)]
        sides = rows["b"].tolist()
        further = sum(one == side for one, side in zip(found, sides, strict=True))
        closer = sum(one is not None for one in found) - further
        own = span(rows["mean_b"])
        yield [
            f"{card.title}, a classifier ({job.datasets[card.dataset].title}, {card.scale}), "
            f"diverged from the human distributions by {own} bits (mean Jensen–Shannon "
            "divergence). Compared with it on the same items, language models were farther from "
            f"them in {further} of {_comparisons(len(rows))} and closer in {closer or 'none'} "
            "(Holm-adjusted p < .05).",
            *doubted,
            *([f"What it may have seen: {card.leakage}"] if card.leakage else []),
        ]


def _comparisons(number: int) -> str:
    return "1 comparison" if number == 1 else f"{number} comparisons"


def _gain(row: Row) -> str:
    if pd.isna(row["gain"]):
        return "–"
    share, low, high = (
        percent(row[name]).replace("-", "−") for name in ("gain", "gain_low", "gain_high")
    )
    return share if pd.isna(row["gain_low"]) else f"{share} [{low}, {high}]"


def _epochs(row: Row) -> str:
    return "–" if pd.isna(row["epochs"]) else f"{row['best_epoch']:.0f} of {row['epochs']:.0f}"


def _curves(rows: pd.DataFrame) -> Iterator[str]:
    """The course of the loss on dev, in words, for each seed."""
    for row in records(rows[rows["epochs"].notna()]):
        best, constant = row["dev_loss"], row["constant_dev_loss"]
        first = f"the dev loss was {row['first_dev_loss']:.4f} after the first epoch"
        if row["best_epoch"] > 1:
            first += f" and fell to {best:.4f} after epoch {row['best_epoch']:.0f}"
        else:
            first += ", and no later one was lower"
        ended = (
            f"training stopped after epoch {row['epochs']:.0f}, as it had not fallen further"
            if row["stopped"] == "patience"
            else f"training ended after epoch {row['epochs']:.0f}, the last that its card allows"
        )
        saved, shown = row["gain"], _gain(row).replace("[", "(95% CI [").replace("]", "])")
        if saved >= LEAST_GAIN:
            than = (
                f"This is {shown} below the loss of the mean human shares predicted for every text "
                f"({constant:.4f})."
            )
        elif saved > 0:
            than = (
                f"It has learnt little: this is only {shown} below the loss of the mean human "
                f"shares predicted for every text ({constant:.4f})."
            )
        else:
            than = (
                "It has learnt nothing useful: predicting the mean human shares for every text has "
                f"a loss of {constant:.4f}, which is not higher."
            )
        yield f"Seed {row['seed']:.0f}: {first}; {ended}. {than}"


def _warnings(job: ReportJob, rows: pd.DataFrame) -> Iterator[str]:
    """Which trainings, or which published classifier, seem to know nothing of texts, and why."""
    for row in records(rows[rows["warning"].notna()]):
        comma = "," if pd.notna(row["seed"]) else ""  # closes that of "…, seed 1"
        yield f"{job.titles.get(row['model'], row['model'])}{comma} {row['warning']}."


def _learnt(rows: pd.DataFrame) -> Iterator[str]:
    """What the texts of the trainings were: all seeds have learnt from the same."""
    for row in records(rows[rows["texts"].notna()].head(1)):
        if row["left_not_drawn"]:
            every = row["texts"] + row["left_not_drawn"]
            yield f"It learnt from {row['texts']:,.0f} texts, drawn at random from {every:,.0f}."
        if row["most_raters"] == 1:
            yield (
                "Each of its training texts has the answer of one rater, or one that raters agreed "
                "on: the shares it learnt are single choices, not how people differ."
            )


_SOURCES = {"roberta": "liu2019", "minilm": "wang2020; @reimers2019"}
"""Who published an encoder, by a part of the name of its weights."""


def _methods(job: ReportJob) -> Iterator[str]:
    for card in job.baselines.values():
        data = job.datasets[card.dataset].title
        if card.training is None:
            yield (
                f"The published classifier {card.weights} served as a baseline ({data}, "
                f"{card.scale}). {card.leakage}"
            )
        else:
            yield _trained(card, data)


def _trained(card: ReportedBaseline, data: str) -> str:
    settings = card.training
    if settings is None:
        return ""
    seeds = len(card.seeds)
    weights = card.weights.lower()
    source = next((f" [@{key}]" for name, key in _SOURCES.items() if name in weights), "")
    texts = f"{card.max_texts:,} texts drawn from the" if card.max_texts else "the"
    pooled = " on the mean over tokens" if card.pooling == "mean" else ""
    return (
        f"As a baseline, {card.weights}{source} was fine-tuned to predict the shares of human "
        f"raters who gave each answer, on {texts} train split of {data} ({card.scale}): Kullback–"
        f"Leibler divergence as loss, a new layer{pooled} whose bias starts at the mean "
        "shares, AdamW [@loshchilov2019], learning rate "
        f"{settings.learning_rate:g} ({settings.head_rate:g} for the new layer), batches "
        f"of {settings.batch_size}, at most "
        f"{settings.max_epochs} epochs, stopped after {settings.patience} epochs without a lower "
        "loss on the dev split; "
        f"{'one seed' if seeds == 1 else f'{seeds} seeds, reported separately'}. Items that it is "
        "evaluated on, and all others with the same text, were left out of the training."
    )


SECTION = Section(
    id="baselines",
    heading="What did the fine-tuned baselines learn from?",
    label="Baselines",
    view=_view,
)
