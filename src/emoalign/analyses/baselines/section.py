"""What were the fine-tuned baselines trained on?"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from emoalign.report.grid import Column, Row, count, grid, model_column, value
from emoalign.report.nearest import nearer
from emoalign.report.report_job import ReportedBaseline, ReportJob
from emoalign.report.section import Results, Section, View
from emoalign.tables import DISTRIBUTION_CONTRASTS, TRAININGS, records
from emoalign.wording import span

EVALUATED = {
    "test_split": "Compared on items of the test split only.",
    "held_out": "Compared on all items of the study, which were kept out of its training.",
}


def _view(results: Results) -> View:
    job = results.job
    rows = results.table(TRAININGS)
    columns = (
        model_column(job),
        count("Trained on", "texts", "Texts of the train split."),
        count("Same item", "left_same_item", "Left out of train and dev: evaluated on."),
        count("Same text", "left_same_text", "Left out besides: the text of one evaluated on."),
        count("Text in dev", "left_text_in_dev", "Left out of train: the text of one in dev."),
        Column("Best epoch", _epochs, "best_epoch"),
        value("Loss on dev", "dev_loss", "KL divergence from people, in nats; lower is better.", 4),
        value("Constant", "constant_dev_loss", "The same of people's mean shares on train.", 4),
        count("Compared on", "n_evaluated", "Items of the study that it predicts."),
        count("Seen", "n_in_training", "Items not compared: learned from, or the same text."),
        count("Other split", "n_other_split", "Items not compared: not in the test split."),
    )
    described = [
        {
            "title": card.title,
            "of": f"{job.datasets[card.dataset].title}, {card.scale}",
            "weights": card.weights,
            "revision": card.revision,
            "evaluated": EVALUATED[card.evaluate],
            "leakage": card.leakage,
            "curves": list(_curves(rows[rows["baseline"] == name])),
        }
        for name, card in job.baselines.items()
    ]
    shown = grid("baselines-table", "Fine-tuned baselines", rows, columns, TRAININGS)
    return View(
        {"grid": shown, "told": described},
        findings=list(_findings(job, results.table(DISTRIBUTION_CONTRASTS))),
        methods=list(_methods(job)),
    )


def _findings(job: ReportJob, contrasts: pd.DataFrame) -> Iterator[list[str]]:
    """Whether models are nearer to people than each baseline."""
    of_jsd = contrasts[(contrasts["kind"] == "baseline") & (contrasts["metric"] == "jsd")]
    for name, card in job.baselines.items():
        rows = of_jsd[of_jsd["b"].isin(card.titles(name)) & of_jsd["difference"].notna()]
        if rows.empty:
            continue
        found = [nearer(row) for row in records(rows)]
        sides = rows["b"].tolist()
        further = sum(one == side for one, side in zip(found, sides, strict=True))
        closer = sum(one is not None for one in found) - further
        own = span(rows["mean_b"])
        yield [
            f"{card.title} ({job.datasets[card.dataset].title}, {card.scale}) is {own} bits from "
            "people (Jensen–Shannon divergence). On the same items, the models are further from "
            f"people in {further} of {_comparisons(len(rows))} with it, and nearer in {closer} "
            "(p < .05 after Holm's correction).",
            *([f"What it may have seen: {card.leakage}"] if card.leakage else []),
        ]


def _comparisons(number: int) -> str:
    return "1 comparison" if number == 1 else f"{number} comparisons"


def _epochs(row: Row) -> str:
    return "–" if pd.isna(row["epochs"]) else f"{row['best_epoch']:.0f} of {row['epochs']:.0f}"


def _curves(rows: pd.DataFrame) -> Iterator[str]:
    """How the loss on dev went, in words, for each seed."""
    for row in records(rows[rows["epochs"].notna()]):
        best, constant = row["dev_loss"], row["constant_dev_loss"]
        first = f"the loss on dev was {row['first_dev_loss']:.4f} after the first epoch"
        if row["best_epoch"] > 1:
            first += f" and fell to {best:.4f} after epoch {row['best_epoch']:.0f}"
        else:
            first += ", and none after it was lower"
        ended = (
            f"training then stopped after epoch {row['epochs']:.0f} without a lower one"
            if row["stopped"] == "patience"
            else f"training ended with epoch {row['epochs']:.0f}, the last that the card allows"
        )
        than = (
            f"People's mean shares, said of every text, have {constant:.4f}."
            if best < constant
            else f"It has learned nothing of use: people's mean shares, said of every text, have "
            f"{constant:.4f}, which is not higher."
        )
        yield f"Seed {row['seed']:.0f}: {first}; {ended}. {than}"


def _methods(job: ReportJob) -> Iterator[str]:
    for card in job.baselines.values():
        data = job.datasets[card.dataset].title
        if card.training is None:
            yield (
                f"The published classifier {card.weights} stands beside the models as a baseline "
                f"({data}, {card.scale}). {card.leakage}"
            )
        else:
            yield _trained(card, data)


def _trained(card: ReportedBaseline, data: str) -> str:
    settings = card.training
    if settings is None:
        return ""
    seeds = len(card.seeds)
    source = " [@liu2019]" if "roberta" in card.weights.lower() else ""
    return (
        f"As a baseline, {card.weights}{source} was trained on the shares of human raters who "
        f"gave each answer to the texts of the train split of {data} ({card.scale}): KL divergence "
        f"as loss, AdamW [@loshchilov2019], learning rate {settings.learning_rate:g}, batches of "
        f"{settings.batch_size}, at most {settings.max_epochs} epochs, stopped after "
        f"{settings.patience} without a lower loss on the dev split; "
        f"{'one seed' if seeds == 1 else f'{seeds} seeds, each reported by itself'}. Items it is "
        "evaluated on, and all with the text of one of them, were left out of the training."
    )


SECTION = Section(
    id="baselines",
    heading="What were the fine-tuned baselines trained on?",
    label="Baselines",
    view=_view,
)
