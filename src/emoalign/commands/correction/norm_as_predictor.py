"""An outcome regressed on a norm: corrected by DSL, and with each norm in place of people's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from emoalign.commands.correction.estimates import Ends, Estimated, Ways, drawn_with, estimated
from emoalign.commands.correction.named import Named
from emoalign.commands.correction.sample import Sample
from emoalign.errors import DataError
from emoalign.statistics.corrected import Estimate, least_squares
from emoalign.statistics.corrected_predictor import NORM, design, design_based_predictor
from emoalign.statistics.norm_substitution import substituted
from emoalign.statistics.pairs import FloatArray
from emoalign.wording import counted

Sign = Literal["positive", "negative", "unclear"]


@dataclass(frozen=True)
class InPlace:
    """The regression on the items that people rated, with one norm.

    Attributes:
        norm: the column.
        coefficient: that of the norm.
        ratio, low, high: to that of people's norm, with its 95% interval; NaN of that itself.
        delta_aic: how much worse than people's it predicts the outcome; NaN of that itself.
        n: items that people rated.
    """

    norm: str
    coefficient: Ends
    ratio: float
    low: float
    high: float
    delta_aic: float
    n: int

    @property
    def sign(self) -> Sign:
        """That of the coefficient; unclear where its interval contains 0."""
        if self.coefficient.low <= 0 <= self.coefficient.high:
            return "unclear"
        return "positive" if self.coefficient.value > 0 else "negative"


def regression(table: Path, found: Sample, named: Named) -> list[Estimated]:
    """The coefficients of a regression of the outcome on people's norm and further predictors.

    Raises:
        DataError: people's ratings and the model's differ so much that nothing can be corrected.
    """
    further = _further(found, named)
    try:
        dsl = design_based_predictor(
            found.outcome, further, found.model, found.human, drawn_with(found)
        )
    except ValueError as error:
        raise DataError(
            f"{table}, column {named.model!r}: its errors are too large to be corrected by "
            f"people's ratings of {counted(int(found.rated.sum()), 'item')}: "
            + ("" if named.probability is None else f"check {named.probability} (--probability), ")
            + "have more items rated, or name another column by --model"
        ) from error
    of_model = least_squares(design(found.model, further), found.outcome).values
    ways = Ways(_of_people(found, named), None, dsl, of_model, np.nan)
    terms = ("(intercept)", named.people, *named.on)
    return [
        estimated(found, ways, place, "regression", term, term) for place, term in enumerate(terms)
    ]


def in_place(found: Sample, named: Named) -> list[InPlace]:
    """The regression with people's norm, and with that of each model, in the order of options."""
    at, known, further = found.rated, found.probabilities, _further(found, named)
    n = int(at.sum())
    people = Ends.of(_of_people(found, named), NORM)
    told = [InPlace(named.people, people, np.nan, np.nan, np.nan, np.nan, n)]
    for name in named.models:
        one = substituted(
            found.outcome[at],
            further[at],
            found.human[at],
            found.norms[name][at],
            None if known is None else known[at],
        )
        of_norm = Ends.of(one.estimate, NORM)
        told.append(InPlace(name, of_norm, one.ratio, one.low, one.high, one.delta_aic, n))
    return told


def _of_people(found: Sample, named: Named) -> Estimate:
    at, known = found.rated, found.probabilities
    predictors = design(found.human[at], _further(found, named)[at])
    return least_squares(predictors, found.outcome[at], None if known is None else known[at])


def _further(found: Sample, named: Named) -> FloatArray:
    columns = [found.covariates[name] for name in named.on]
    return np.column_stack(columns) if columns else np.empty((len(found.human), 0))
