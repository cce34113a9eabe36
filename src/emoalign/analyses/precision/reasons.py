"""Why a dataset cannot have a width, in a few words that stand in the table and on the terminal."""

from __future__ import annotations

import pandas as pd

from emoalign.statistics.planned_precision import FEWEST_ITEMS
from emoalign.study.scales import HumanScale, LabelScale

NO_NORMS = "the items have no human ratings"
ONE_MEAN = "only one item has a human mean, and r takes two"
SAME_MEANS = "all items have the same human mean, so r is undefined"
UNRELIABLE = "the reliability of the human means is 0 or below"
NO_VARIANCE = (
    "all answers to an item would be the same (sd_ratio: 0), and their ratio has no logarithm"
)
ALL_AGREE = "all people gave an item the same rating, so a ratio to their SD is undefined"
ONE_ANSWER = "a single answer per item has no SD"
ONE_RATING = "each item has a single human rating, which has no SD"
NO_OTHERS = "there are no other items from which to take an average distribution"
NOT_SAMPLED = "participants: probabilities are not sampled"


def no_sds(norms: pd.DataFrame) -> str:
    """Why no item has an SD over two or more people whose number is known."""
    if norms.empty:
        return NO_NORMS
    with_n, with_sd = norms["n"].notna(), norms["sd"].notna()
    if (norms["n"] == 1).all():
        return ONE_RATING
    if with_sd.any() and not with_n.any():
        return "the number of human raters is unknown"
    if with_n.any() and not with_sd.any():
        return "the SDs of the human ratings are unknown"
    if not with_n.any():
        return "the SDs and the number of the human ratings are unknown"
    return "no item has both an SD and a number of two or more human raters"


def unknown_reliability(norms: pd.DataFrame) -> str:
    """Why r is planned as it will be observed, and nothing is said about participants."""
    told = ((norms["n"] > 1) & norms["sd"].notna()).any()
    return (
        f"participants: the reliability of the human means is unknown"
        f"{'' if told else f' ({no_sds(norms)})'}, so the assumed r is the observed one"
    )


def no_distributions(norms: pd.DataFrame, scale: HumanScale | LabelScale, min_raters: int) -> str:
    """Why no item has a distribution of human answers to compare with."""
    if norms.empty:
        return NO_NORMS
    known = norms["labels" if isinstance(scale, LabelScale) else "ratings"].dropna()
    if known.empty:
        single = (norms["n"] == 1).all()
        return ONE_RATING.partition(",")[0] if single else "single human ratings are unknown"
    most = int(known.map(len).max())
    if most < min_raters:
        rated = "a single human rating" if most == 1 else f"at most {most} human ratings"
        return f"each item has {rated}, fewer than min_raters: {min_raters}"
    if isinstance(scale, LabelScale):
        return f"no item has min_raters: {min_raters} human answers that chose a label"
    return f"no item has min_raters: {min_raters} human ratings, all on points of the scale"


def too_few(n_items: int) -> str:
    """Why there is no interval at all from these items."""
    items = "1 item has" if n_items == 1 else f"{n_items} items have"
    return f"{items} no interval; at least {FEWEST_ITEMS} are needed"
