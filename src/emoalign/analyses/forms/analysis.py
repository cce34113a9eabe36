"""What does the form of a question change?"""

from __future__ import annotations

from typing import Self

from emoalign.analyses.base import (
    ITEMS,
    RATINGS,
    AnalysedStudy,
    Analysis,
    AnalysisJob,
    Computation,
    ShownForm,
    statistics,
)
from emoalign.figures.kinds import FigureKind, several_forms
from emoalign.report.contents import PageSection
from emoalign.study.fields import Range


class FormsJob(AnalysisJob):
    """Compare the forms in which protocols ask about the same items.

    `forms` has the forms of each scale by dataset, protocol and scale.
    """

    scales: dict[str, dict[str, Range]]
    forms: dict[str, dict[str, dict[str, tuple[ShownForm, ...]]]]
    seed: int
    bootstrap_resamples: int

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All protocols with several forms of a study."""
        return cls(
            scales=study.ranges,
            forms={
                name: {
                    protocol: dict(dataset.forms[protocol]) for protocol in dataset.several_forms
                }
                for name, dataset in study.datasets.items()
            },
            seed=study.seed,
            bootstrap_resamples=study.resamples,
        )


ANALYSIS = Analysis(
    "forms",
    computes=(
        Computation(
            rule="compare_forms",
            does="Ratings and item tables in; what each form of a question, the direction of the "
            "scale and the places of labels do to ratings out.",
            run="emoalign.analyses.forms.compare_forms:compare_forms",
            job=FormsJob,
            reads=(RATINGS, ITEMS),
            makes=statistics("forms"),
        ),
    ),
    figures=(
        FigureKind(
            "forms",
            "dataset",
            draw="emoalign.analyses.forms.figure:draw",
            title="Forms of the question: {dataset}",
            caption="{dataset}: ratings by form of the question, mapped onto the scale of the "
            "human ratings, with 95% bootstrap intervals over items (BCa). Shift: mean of a form "
            "minus the mean over all forms of its condition. For labels in several orders: the "
            "share of choices of the label shown at each place beyond that expected if place did "
            "not matter (1/L for L labels).",
            alt="Ratings of {dataset} by form of the question; the numbers are in the table of "
            "forms.",
            reads=statistics("forms"),
            needs=("statistics/forms.parquet", ("shift", "effect")),
            lacks=several_forms,
        ),
    ),
    section=PageSection("emoalign.analyses.forms.section:SECTION", statistics("forms")),
    concerns=lambda dataset: bool(dataset.several_forms),
)
