"""Estimated norms in sentences: how good they are, and whether intervals are narrow enough."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from emoalign.analyses.estimates.analysis import EMBEDDING
from emoalign.report.report_job import ReportJob
from emoalign.tables import records
from emoalign.wording import ci, coefficient, counted, listed, number, percent

Row = Mapping[str, Any]

NARROW = 0.5
"""Intervals are narrow enough if they are at most this wide, as a share of those that know nothing
of the item. With normal errors that is a correlation of .87 with people's means."""

APART = 0.70
"""From this `domain_auc` on, rated items are not like the others."""

OTHERS = "other models or an embedding"
"""What may do more than further ratings."""

ROUNDING = 1e-6
"""How much of an item is rounding."""

Verdict = Literal["narrow", "wide", "broken", "unknown"]


@dataclass(frozen=True, eq=False)
class EstimatedScale:
    """All that is told of a scale: rows of the tables of estimation.

    Attributes:
        methods: the rows of all items, by method.
        regions: the rows of the thirds of the stack, in order.
        weights: what the stack is made of.
        curve: what fewer rated items give, ascending.
        things: what the items are, such as words.
        length: that of the scale, in points.
        coverage: what the study asks of intervals.
    """

    methods: Mapping[str, Row]
    regions: Sequence[Row]
    weights: pd.DataFrame
    curve: Sequence[Row]
    things: str
    length: float
    coverage: float

    @property
    def stack(self) -> Row:
        """What is written."""
        return self.methods["stack"]

    @property
    def promised(self) -> str:
        """What intervals aim at, and what is sure where rated and other items are alike."""
        sure = max(0.0, 2 * self.coverage - 1)
        return f"{percent(self.coverage)} is the aim, and {percent(sure)} is guaranteed"

    @property
    def ratio(self) -> float:
        """Width as a share of that of intervals that know nothing of the item; NaN if this is 0."""
        return relative_width(self.stack["width"], self.methods["constant"]["width"])

    @property
    def fewest_clusters(self) -> int:
        """Clusters from which nine of ten folds give intervals that are shorter than the scale."""
        return math.ceil(self.coverage / (1 - self.coverage) / 0.9 - ROUNDING)

    @property
    def verdict(self) -> Verdict:
        """Whether intervals keep their promise, and are narrow enough to use."""
        return verdict(self.stack, self.ratio, self.coverage)


def relative_width(width: float, ignorant: float) -> float:
    """Width as a share of that of intervals that know nothing of the item; NaN if this is 0."""
    return width / ignorant if ignorant else math.nan


def verdict(stack: Row, ratio: float, coverage: float) -> Verdict:
    """Whether intervals keep their promise, and are narrow enough to use.

    `ratio` is their width as a share of that of intervals that know nothing of the item.
    """
    if stack["coverage_high"] < coverage:
        return "broken"
    if math.isnan(ratio):
        return "unknown"
    return "narrow" if ratio <= NARROW else "wide"


def verdict_in_words(scale: EstimatedScale) -> str:
    """The verdict, plainly, with what it rests on."""
    thing = scale.things.removesuffix("s")
    width, length = number(scale.stack["width"], 1), f"{scale.length:g}"
    if scale.verdict == "broken":
        return (
            f"The intervals contain fewer human means than they should "
            f"({percent(scale.stack['coverage'])} of {percent(scale.coverage)}): do not use them."
        )
    if scale.verdict == "unknown":
        return f"The intervals are {width} points wide; the scale is {length} points long."
    known = (
        f"{width} points wide (the scale is {length} points long), {percent(scale.ratio)} of the "
        f"width they would have if every {thing} had the same estimate"
    )
    fit = "narrow enough" if scale.verdict == "narrow" else "too wide"
    return f"The intervals are {fit} to use for single {scale.things}: they are {known}."


def told(scale: EstimatedScale) -> Iterator[str]:
    """Sentences on a scale, the verdict first."""
    yield verdict_in_words(scale)
    yield _estimated(scale)
    yield _agreement(scale)
    yield _coverage(scale)
    if (apart := _apart(scale)) is not None:
        yield apart
    if (others := _domain(scale)) is not None:
        yield others
    if (more := _more(scale)) is not None:
        yield more


def _estimated(scale: EstimatedScale) -> str:
    rated, unrated = int(scale.stack["n_rated"]), int(scale.stack["n_unrated"])
    clusters = int(scale.stack["n_clusters"])
    of = f" ({counted(clusters, 'cluster')})" if clusters < rated else ""
    if not unrated:
        return (
            f"People rated all {rated:,} {scale.things}{of}: what follows tells how well others "
            "would be estimated."
        )
    others = counted(unrated, scale.things.removesuffix("s"))
    return f"{others} without human ratings were estimated from {rated:,} with ratings{of}."


def _agreement(scale: EstimatedScale) -> str:
    """r and error of the stack beside what is simpler."""
    stack = scale.stack
    limits = ci(stack["r_low"], stack["r_high"], bounded=True)
    errors = ci(stack["rmse_low"], stack["rmse_high"])
    agreed = (
        f"correlated r = {coefficient(stack['r'])}{f', {limits}' if limits else ''} with human "
        "means and missed them"
        if not math.isnan(stack["r"])
        else f"were the same for all {scale.things} of a fold, or these were rated alike, so that "
        "nothing correlates; they missed human means"
    )
    opening = (
        f"Estimates that were made without an item's own ratings {agreed} by "
        f"{number(stack['rmse'])} points{f', {errors}' if errors else ''} (root mean square)"
    )
    names = {
        "best": "the best single predictor",
        "average": "the average of all",
        "embedding": "the embedding alone",
        "models": "the models without the embedding",
    }
    beside = [
        f"{name} r = {coefficient(row['r'])} and {number(row['rmse'])}"
        for method, name in names.items()
        if (row := scale.methods.get(method)) is not None and not math.isnan(row["r"])
    ]
    constant = scale.methods.get("constant")
    if constant is not None:
        beside.append(f"the same number for every item {number(constant['rmse'])}")
    return f"{opening}; for comparison: {'; '.join(beside)}." if beside else f"{opening}."


def _coverage(scale: EstimatedScale) -> str:
    stack = scale.stack
    limits = ci(stack["coverage_low"], stack["coverage_high"], bounded=True)
    regions = [row["coverage"] for row in scale.regions]
    by_region = (
        "; in the lowest, middle and highest third of the estimates "
        f"{listed(percent(one) for one in regions)}"
        if len(regions) == 3 and not any(map(math.isnan, regions))
        else ""
    )
    return (
        f"The intervals contained {percent(stack['coverage'])} of the human means"
        f"{f' ({limits})' if limits else ''}{by_region}; {scale.promised}."
    )


def _apart(scale: EstimatedScale) -> str | None:
    # Errors of two estimates add as squares; half a width is what one error keeps within.
    apart, sd = scale.stack["width"] / math.sqrt(2), scale.methods["constant"]["rmse"]
    if _nothing(apart):
        return None
    return (
        f"Two {scale.things} differ, with about {percent(scale.coverage)} confidence, if their "
        f"estimates are at least {number(apart, 1)} points apart; human means have an SD of "
        f"{number(sd)} points."
    )


def _nothing(width: float) -> bool:
    """Whether a width is 0.0 as it is shown: norms of few values may be predicted without error."""
    return float(number(width, 1)) == 0


def _domain(scale: EstimatedScale) -> str | None:
    auc = scale.stack["domain_auc"]
    if math.isnan(auc) or auc <= APART:
        return None
    return (
        f"Rated {scale.things} differ from the others (domain AUC {coefficient(auc)}, above "
        f"{coefficient(APART)}), so that coverage need not hold for these: have people rate those "
        "of to_rate.csv."
    )


def _more(scale: EstimatedScale) -> str | None:
    """What more rated items would buy: little, where intervals are as wide as those that some draws
    of the last step of the learning curve have; nothing, where they have no width."""
    if scale.stack["n_clusters"] < scale.fewest_clusters:
        return (
            f"Intervals that are to contain {percent(scale.coverage)} are as long as the scale "
            f"unless {scale.fewest_clusters:,} {scale.things} that do not belong together are "
            "rated: have more rated, or ask for less coverage."
        )
    known = [row for row in scale.curve if not math.isnan(row["width"])]
    if not known:
        return None
    before, width, rated = known[-1], scale.stack["width"], int(scale.stack["n_rated"])
    r = "" if math.isnan(before["r"]) else f" and r was {coefficient(before['r'])}"
    few = (
        f"With {int(before['n_rated']):,} instead of {rated:,} rated {scale.things}, intervals "
        f"were {number(before['width'], 1)} points wide{r}"
    )
    if _nothing(width):
        return f"{few}."
    if width < before["width_low"]:
        return f"{few}: more ratings should make the intervals narrower still."
    images = scale.things == "images"  # which no embedding is made of
    others = "other models" if images or "embedding" in scale.methods else OTHERS
    return f"{few}: more ratings would buy little; {others} may do more."


def reasons(quality: pd.DataFrame, job: ReportJob) -> list[str]:
    """Why nothing was estimated on a scale, each reason once."""
    said: dict[str, list[str]] = {}
    for row in records(quality[quality["reason"].notna()]):
        where = f"{row['scale']} of {job.datasets[row['dataset']].title}"
        said.setdefault(row["reason"], []).append(where)
    return [f"{listed(dict.fromkeys(where))}: {why}." for why, where in said.items()]


def methods_in_words(scales: Mapping[tuple[str, str], EstimatedScale]) -> list[str]:
    """The paragraph for a method section."""
    first = next(iter(scales.values()))
    embedded = any(EMBEDDING in set(scale.weights["model"]) for scale in scales.values())
    also = (
        " and out-of-fold predictions of a ridge regression on embeddings [@hoerl1970]"
        if embedded
        else ""
    )
    return [
        "Norms were estimated by stacking [@breiman1996]: human means were regressed on the "
        f"models' item means{also}, with weights of at least 0, in ten folds over clusters of "
        f"items. {percent(first.coverage)} intervals are CV+ [@barber2021], by thirds of the "
        "estimates where a third has 50 residuals or more [@vovk2012], and cut at the ends of the "
        "scale. They are for the mean of as many other people. Their coverage was measured on "
        "rated items with intervals that were fitted without the item's fold. Intervals of r, "
        "errors and coverage are over clusters [@efron1987]. Intervals count as narrow enough "
        f"where they are at most {percent(NARROW)} as wide as those of a prediction that is the "
        "same for every item."
    ]
