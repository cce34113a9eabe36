"""Agreement among people: reliability, ceiling and single raters, from the norms of a scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emoalign.statistics.agreement import one_human, one_rating, person_halves, split_half
from emoalign.statistics.crossed_raters import (
    PersonRatings,
    crossed_sums,
    icc2,
    person_ratings,
)
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.reliability import ceiling, ceiling_interval, icc1, icc1_sums, summary_sums
from emoalign.statistics.replicates import Replicates, Sums, replicates_of
from emoalign.statistics.resampling import Clusters
from emoalign.statistics.seeds import seed_of
from emoalign.stimuli.norms import single_ratings

Source = Literal["icc_c", "icc_1", "summary", "none"]
"""The kind of a reliability: ICC(C,k), ICC(1,k), from mean, SD and n, or unknown."""

FEWEST_IN_HALVES = 4
"""Mean number of ratings per item from which on random halves are correlated."""


@dataclass(frozen=True, eq=False)
class ScaleNorms:
    """The norms of one scale by item; NaN where there are none.

    Attributes:
        mean, sd, n: mean, SD (ddof 1) and number of ratings, shape (items,).
        ratings: single ratings, shape (items, most raters of an item), NaN where there are fewer;
            None if those of an item with a mean are unknown.
        given: index of the item, index of the person and value of each rating, all of shape
            (ratings,); None if the raters are unknown.
    """

    mean: FloatArray
    sd: FloatArray
    n: FloatArray
    ratings: FloatArray | None
    given: tuple[NDArray[np.intp], NDArray[np.intp], FloatArray] | None

    @classmethod
    def of(cls, norms: pd.DataFrame, scale: str, item_ids: NDArray[np.str_]) -> ScaleNorms:
        """The norms of these items from a table of norms, in the order of the items."""
        known = norms["item_id"].isin(item_ids) & norms["mean"].notna()
        rows = norms[known & (norms["scale"] == scale)]
        numbers = rows.set_index("item_id")[["mean", "sd", "n"]].astype(float).reindex(item_ids)
        mean, sd, n = numbers.to_numpy(dtype=float).T
        ratings = given = None
        if len(rows) and rows["ratings"].notna().all():
            listed = rows.set_index("item_id")["ratings"].reindex(item_ids)
            ratings = _padded([() if np.isnan(m) else r for m, r in zip(mean, listed, strict=True)])
            each = single_ratings(rows, scale)
            if each is not None:
                place = np.searchsorted(item_ids, each["item_id"].to_numpy(dtype=str))
                person = pd.factorize(each["rater"], sort=True)[0].astype(np.intp)
                given = place, person, each["rating"].to_numpy(dtype=float)
        return cls(mean, sd, n, ratings, given)

    def at(self, used: NDArray[np.bool_]) -> ScaleNorms:
        """The norms of the `used` items; NaN for the others."""
        given = None
        if self.given is not None:
            item, person, value = self.given
            of_used = used[item]
            given = item[of_used], person[of_used], value[of_used]
        mean, sd, n = (np.where(used, of, np.nan) for of in (self.mean, self.sd, self.n))
        ratings = self.ratings
        if ratings is not None:
            ratings = np.where(used[:, np.newaxis], ratings, np.nan)
        return ScaleNorms(mean, sd, n, ratings, given)

    @property
    def people(self) -> PersonRatings | None:
        """The ratings by rater; None if the raters are unknown."""
        return None if self.given is None else person_ratings(*self.given, len(self.mean))


def people_reliability(norms: ScaleNorms) -> tuple[Source, Sums]:
    """The kind of reliability of the human item means, and its sums; the estimate may be NaN.

    ICC(C,k) if raters are known and cross items, else ICC(1,k) of single ratings, else the
    reliability from means, SDs and numbers of raters.
    """
    summary = summary_sums(norms.mean, norms.sd, norms.n)
    told: list[tuple[Source, Sums]] = [("summary", summary)]
    if norms.ratings is not None:
        told.insert(0, ("icc_1", icc1_sums(norms.ratings)))
    if norms.people is not None:
        told.insert(0, ("icc_c", crossed_sums(norms.people)))
    return next(
        ((source, sums) for source, sums in told if np.isfinite(sums.estimate()[0])),
        ("none", summary),
    )


@dataclass(frozen=True, eq=False)
class HumanAgreement:
    """The reliability of the human means, and the agreement of one person with the others.

    Attributes:
        source: the kind of the reliability.
        reliability: of the human item means, at most 1, with its replicates.
        one_human_r: mean correlation of a person with the mean of the others; NaN if the raters are
            unknown.
        one_rating_r: mean correlation of one rating per item with the mean of its other ratings.
    """

    source: Source
    reliability: Replicates
    one_human_r: float
    one_rating_r: float

    def columns(self, reliability: str) -> dict[str, object]:
        """These values as columns of a table; `reliability` names that of the reliability."""
        estimate, limits = self.reliability.estimate, self.reliability.interval()
        roots = ceiling_interval(estimate, limits)
        return {
            "reliability_source": self.source,
            reliability: estimate,
            f"{reliability}_low": limits.low,
            f"{reliability}_high": limits.high,
            "ceiling": ceiling(estimate),
            "ceiling_low": roots.low,
            "ceiling_high": roots.high,
            "one_human_r": self.one_human_r,
            "one_rating_r": self.one_rating_r,
        }


@dataclass(frozen=True, eq=False)
class Drawing:
    """The resamples and splits of the items and ratings of a dataset.

    Attributes:
        seed: that of the study.
        dataset: its name.
        clusters: those of its items, which are resampled together.
        resamples: of items, those behind the intervals of r.
        splits: of raters, and draws of single ratings.
    """

    seed: int
    dataset: str
    clusters: Clusters
    resamples: int
    splits: int

    def replicates(self, sums: Sums) -> Replicates:
        """A statistic over the items of the dataset with its replicates."""
        return replicates_of(sums, self.resamples, self.items, self.clusters)

    @property
    def items(self) -> int:
        """The seed of what is drawn from items."""
        return seed_of(self.seed, self.dataset, "items")

    @property
    def raters(self) -> int:
        """The seed of what is drawn from raters."""
        return seed_of(self.seed, self.dataset, "raters")


def human_agreement(norms: ScaleNorms, drawing: Drawing) -> HumanAgreement:
    """The agreement of people on the items that have a norm."""
    source, sums = people_reliability(norms)
    people, ratings = norms.people, norms.ratings
    return HumanAgreement(
        source,
        drawing.replicates(sums),
        np.nan if people is None else one_human(people),
        np.nan if ratings is None else one_rating(ratings, drawing.splits, drawing.raters),
    )


def reliability_row(scale: str, norms: ScaleNorms, drawing: Drawing) -> dict[str, object]:
    """A row with the agreement of people on one scale; NaN for what the norms do not give."""
    rated = np.isfinite(norms.mean)
    people, ratings = norms.people, norms.ratings
    known = np.isfinite(norms.n)
    n_raters = float(norms.n[rated & known].mean()) if (rated & known).any() else np.nan
    row: dict[str, object] = {
        "dataset": drawing.dataset,
        "scale": scale,
        "n_items": int(rated.sum()),
        "n_raters": n_raters,
        "summary": float(summary_sums(norms.mean, norms.sd, norms.n).estimate()[0]),
    }
    row |= dict.fromkeys(("split_half_r", "spearman_brown", "icc_single", "icc_average"), np.nan)
    row |= {f"icc_{kind}_{of}": np.nan for kind in "ca" for of in ("single", "average")}
    if ratings is not None:
        icc = icc1(ratings)
        row |= {"icc_single": icc.single, "icc_average": icc.average}
        if n_raters >= FEWEST_IN_HALVES:
            halves = (
                split_half(ratings, drawing.splits, drawing.raters)
                if people is None
                else person_halves(people, drawing.splits, drawing.raters)
            )
            row |= {"split_half_r": halves.r, "spearman_brown": halves.spearman_brown}
    if people is not None:
        two_way = icc2(people)
        row |= {
            "icc_c_single": two_way.consistency_single,
            "icc_c_average": two_way.consistency_average,
            "icc_a_single": two_way.agreement_single,
            "icc_a_average": two_way.agreement_average,
        }
    return row | human_agreement(norms, drawing).columns("reliability")


def _padded(ratings: Sequence[Sequence[float]]) -> FloatArray:
    """Lists of ratings as a matrix (items, most raters of an item), NaN where there are fewer."""
    padded = np.full((len(ratings), max(map(len, ratings), default=0)), np.nan)
    for row, values in zip(padded, ratings, strict=True):
        row[: len(values)] = values
    return padded
