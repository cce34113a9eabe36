"""May these ratings be used instead of people's?"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from emoalign.analyses.base import (
    ITEMS,
    NORMS,
    AnalysedStudy,
    Analysis,
    AnalysisJob,
    Computation,
    NumbersJob,
    Settings,
    statistics,
)
from emoalign.figures.kinds import FigureKind
from emoalign.report.contents import PageSection
from emoalign.study.fields import Entry
from emoalign.study.scales import HumanScale, LabelScale

TABLES = statistics(
    "raters_worth", "alternative_annotator", "alternative_annotator_raters", "equivalence"
)


Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""Words that are quoted; spaces alone are none."""


class SubstitutionSettings(Entry):
    """What would be enough to use ratings instead of people's; without it nothing is tested."""

    epsilon: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="Lead over the model that a rater is allowed, as a share of items: .1 for "
        "crowd workers, .15 for skilled raters, .2 for experts (Calderon et al. 2025). Default: no "
        "verdict.",
    )
    because: Reason | None = Field(
        None, description="Why this epsilon; needed with it, and quoted."
    )
    bias_within: float | None = Field(
        None, gt=0, description="Bias that is as good as none, in points. Default: no test."
    )
    r_within: float | None = Field(
        None,
        gt=0,
        lt=2,
        description="Difference of correlations that is as good as none. Default: no test.",
    )
    margins_because: Reason | None = Field(
        None, description="Why these margins; needed with either, and quoted."
    )

    @model_validator(mode="after")
    def _justified(self) -> SubstitutionSettings:
        if (self.epsilon is None) != (self.because is None):
            raise ValueError(
                "because: there is no epsilon that it could justify; give both or neither"
                if self.epsilon is None
                else "epsilon: say why in because, for instance because: crowd workers rated"
            )
        margins = self.bias_within is not None or self.r_within is not None
        if margins != (self.margins_because is not None):
            raise ValueError(
                "bias_within, r_within: say why in margins_because, for instance "
                "margins_because: smaller differences do not change our stimuli"
                if margins
                else "margins_because: there is no margin that it could justify; give bias_within "
                "or r_within, or leave it out"
            )
        return self


class WorthJob(NumbersJob):
    """Find how many raters each condition is worth: scales of numbers by dataset."""

    version: int = 2


class AnnotatorJob(AnalysisJob):
    """Test whether models may take the place of raters: scales of both kinds by dataset."""

    numbers: dict[str, dict[str, HumanScale]]
    labels: dict[str, dict[str, LabelScale]]
    epsilon: float | None = None

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All scales of a study."""
        return cls(
            numbers=study.numbers,
            labels=study.labels,
            epsilon=study.set_by(SubstitutionSettings).epsilon,
        )


class EquivalenceJob(AnalysisJob):
    """Test biases and differences of correlations against the margins of the study."""

    version: int = 2

    scales: dict[str, tuple[str, ...]]
    bias_within: float | None = None
    r_within: float | None = None

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All scales of numbers of a study."""
        settings = study.set_by(SubstitutionSettings)
        return cls(
            scales={name: tuple(dataset.numbers) for name, dataset in study.datasets.items()},
            bias_within=settings.bias_within,
            r_within=settings.r_within,
        )


ANALYSIS = Analysis(
    "substitution",
    computes=(
        Computation(
            rule="compare_with_raters",
            does="Item tables and norms in; the number of raters that each condition is worth out.",
            run="emoalign.analyses.substitution.worth:count_raters",
            job=WorthJob,
            reads=(ITEMS, NORMS),
            makes=statistics("raters_worth"),
        ),
        Computation(
            rule="compare_with_raters",
            does="Item tables and norms in; the raters whom each condition may replace out.",
            run="emoalign.analyses.substitution.annotators:replace_annotators",
            job=AnnotatorJob,
            reads=(ITEMS, NORMS),
            makes=statistics("alternative_annotator", "alternative_annotator_raters"),
        ),
        Computation(
            rule="compare_with_raters",
            does="Item tables in; tests of equivalence within the margins of the study out.",
            run="emoalign.analyses.substitution.margins:compare_within_margins",
            job=EquivalenceJob,
            reads=(ITEMS,),
            makes=statistics("equivalence"),
        ),
    ),
    figures=(
        FigureKind(
            "worth",
            "dataset",
            draw="emoalign.analyses.substitution.figure:draw_worth",
            title="How many people the ratings are worth: {dataset}",
            caption="{dataset}: the number of people whose mean would order the items as well as "
            "the model's (logarithmic axis), by the number of sampled answers averaged (all: as "
            "many as were given), with 95% percentile bootstrap intervals over items. Right of the "
            "dotted line: the limit for ever more answers (∞), and exact probabilities. "
            "Dashed: one person. Numbers beyond the axis are drawn at its ends.",
            alt="Number of people that each condition of {dataset} is worth, by the number of "
            "answers; the numbers are in the table of raters' worth.",
            reads=statistics("raters_worth"),
            needs=("statistics/raters_worth.parquet", ("k",)),
        ),
        FigureKind(
            "annotators",
            "dataset",
            draw="emoalign.analyses.substitution.figure:draw_annotators",
            title="Raters whom a model may replace: {dataset}",
            caption="{dataset}: the share of raters whom each condition may replace (ω) by the "
            "lead over the model that each rater is allowed (ε). From the dashed line on (ω ≥ .5) "
            "a condition passes the alternative annotator test. Vertical line: the ε that the "
            "study states, if any.",
            alt="Share of replaceable raters by ε for each condition of {dataset}; the numbers are "
            "in the table of the alternative annotator test.",
            reads=statistics("alternative_annotator"),
            needs=("statistics/alternative_annotator.parquet", ("winning_rate",)),
            lacks=lambda job: None,
        ),
    ),
    section=PageSection("emoalign.analyses.substitution.section:SECTION", TABLES),
    settings=Settings(
        "substitution",
        SubstitutionSettings,
        "Use of ratings instead of people's.",
    ),
)
