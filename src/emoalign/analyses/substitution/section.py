"""Use of ratings instead of people's: raters' worth, the alternative annotator test, margins."""

from __future__ import annotations

import math

import pandas as pd

from emoalign.analyses.substitution.analysis import SubstitutionSettings
from emoalign.analyses.substitution.in_words import (
    annotator_findings,
    annotator_reasons,
    equivalence_findings,
    methods,
)
from emoalign.report.grid import (
    Column,
    Grid,
    Row,
    bounded,
    cell_columns,
    count,
    gaps,
    grid,
    p,
    readout,
    reason,
    share,
    text,
    value,
)
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Results, Section, View
from emoalign.report.worth_in_words import people, with_interval
from emoalign.study.fields import part
from emoalign.tables import (
    ALTERNATIVE_ANNOTATOR,
    ALTERNATIVE_ANNOTATOR_RATERS,
    EQUIVALENCE,
    RATERS_WORTH,
)
from emoalign.wording import ABSENT, as_stated, coefficient, interval, number


def _view(results: Results) -> View | Absent | None:
    job, settings = results.job, part(results.job, SubstitutionSettings)
    worth, tests = results.table(RATERS_WORTH), results.table(ALTERNATIVE_ANNOTATOR)
    raters, margins = results.table(ALTERNATIVE_ANNOTATOR_RATERS), results.table(EQUIVALENCE)
    if worth.empty and tests.empty:
        return None
    conditions = worth[worth["answers"].isna() & worth["model"].notna()]
    missing = gaps(conditions, {"Number of people": _why_no_k})
    untested = list(annotator_reasons(tests, job))
    known = (worth["k"], tests["winning_rate"], margins["estimate"])
    if all(column.isna().all() for column in known):
        whys = "; ".join(
            dict.fromkeys([*(gap.why for gap in missing), *(f"for {why}" for why in untested)])
        )
        return Absent(f"Not assessable: {whys}.")
    values = {
        "worth": _worth_grid(conditions, job) if conditions["k"].notna().any() else None,
        "not_worth": missing,
        "more": _more_grid(worth, job),
        "tests": _tests_grid(tests, settings, job),
        "raters": _raters_grid(raters, job),
        "untested": untested,
        "epsilon": None if settings.epsilon is None else as_stated(settings.epsilon, bounded=True),
        "because": settings.because,
        "margins": _margins_grid(margins, job),
        "margins_because": settings.margins_because,
    }
    told = [*annotator_findings(tests, job), *equivalence_findings(margins, job)]
    return View(values, told, list(methods(worth, tests, margins, settings)))


def _why_no_k(row: Row) -> str | None:
    return str(row["reason"]) if math.isnan(row["k"]) else None


def _k(title: str, name: str, meaning: str) -> Column:
    """A number of people with its interval."""
    return Column(
        title,
        lambda row: with_interval(row[name], row[f"{name}_low"], row[f"{name}_high"]),
        name,
        meaning=f"{meaning} Percentile bootstrap interval over items; ∞: better than the mean of "
        "any number of people, as far as these data tell.",
    )


RANKING = _k(
    "For ranking [95% CI]",
    "k",
    "The mean of so many people would order the items as well; below 1: less than one person.",
)


def _worth_grid(rows: pd.DataFrame, job: ReportJob) -> Grid:
    """A row per condition: all of its answers, or its exact probabilities."""
    columns = (
        *cell_columns(job),
        readout(),
        count("Items", "n_items", "Items rated by both the model and people."),
        value(
            "Ratings per item",
            "n_raters",
            "Human ratings behind each mean (harmonic mean over items).",
            1,
        ),
        bounded("r", "r", "Pearson correlation of item means with human means."),
        RANKING,
        _k(
            "For predicting means [95% CI]",
            "k_error",
            "The mean of so many people would be as near to the true item means, once the model's "
            "ratings are brought to people's scale by a straight line.",
        ),
        Column(
            "Same rating for all",
            lambda row: ABSENT if math.isnan(row["phi"]) else people(row["phi"]),
            "phi",
            meaning="What giving every item the average rating would be worth for predicting "
            "means.",
        ),
        Column(
            "With unlimited answers [95% CI]",
            lambda row: (
                ""
                if math.isnan(row["k_limit_low"])
                else with_interval(row["k_limit"], row["k_limit_low"], row["k_limit_high"])
            ),
            "k_limit",
            meaning="What the ratings would be worth for ranking if ever more sampled answers were "
            "averaged; empty without an interval.",
            optional=True,
        ),
        Column(
            "By drawing raters",
            _drawn,
            "k_drawn",
            meaning="Fewest people, drawn at random, whose mean agreed as well as the model with "
            "the mean of others; whole numbers, and no more than half of an item's raters.",
            optional=True,
        ),
        reason(),
    )
    return grid("worth-table", "How many people the ratings are worth", rows, columns, RATERS_WORTH)


def _drawn(row: Row) -> str:
    if math.isnan(row["k_drawn_most"]):
        return ""
    if math.isnan(row["k_drawn"]):
        return f"> {number(row['k_drawn_most'], 0)}"
    return number(row["k_drawn"], 0)


def _more_grid(worth: pd.DataFrame, job: ReportJob) -> Grid | None:
    """Averages of several models, and fewer answers."""
    rows = worth[(worth["model"].isna() | worth["answers"].notna()) & worth["k"].notna()]
    if rows.empty:
        return None
    names = job.short_names

    def who(row: Row) -> str:
        several = pd.isna(row["model"])
        return f"average of {row['n_models']} models" if several else names[row["model"]]

    columns = (
        Column("Ratings by", who, "model", numeric=False),
        *cell_columns(job)[1:],
        readout(),
        Column(
            "Answers per item",
            lambda row: "all" if math.isnan(row["answers"]) else number(row["answers"], 0),
            "answers",
            meaning="Sampled answers averaged per item, expected over all choices of so many.",
        ),
        count("Items", "n_items", "Items rated by people and by the model, or by all models."),
        bounded("r", "r", "Pearson correlation of these means with human means."),
        RANKING,
    )
    return grid(
        "worth-more-table", "Averages of models, and fewer answers", rows, columns, RATERS_WORTH
    )


def _tests_grid(tests: pd.DataFrame, settings: SubstitutionSettings, job: ReportJob) -> Grid | None:
    """A row per condition, and label, with the rates at each ε; None without any test."""
    tested = tests[tests["winning_rate"].notna()]
    if tested.empty:
        return None
    cell = ["dataset", "scale", "model", "protocol", "readout"]
    tested = tested.assign(label=tested["label"].fillna(""))
    epsilons = sorted(tested["epsilon"].unique())
    wide = tested.drop_duplicates([*cell, "label"]).reset_index(drop=True)
    for epsilon in epsilons:
        at = tested[tested["epsilon"] == epsilon].set_index([*cell, "label"])["winning_rate"]
        wide[f"ω {epsilon}"] = at.reindex(
            pd.MultiIndex.from_frame(wide[[*cell, "label"]])
        ).to_numpy()
    if settings.epsilon is not None:
        own = tested[tested["stated"]].set_index([*cell, "label"])
        own = own.reindex(pd.MultiIndex.from_frame(wide[[*cell, "label"]]))
        wide["passed"], wide["reason"] = own["passed"].to_numpy(), own["reason"].to_numpy()
    passed = Column(
        "Passed",
        lambda row: ABSENT if pd.isna(row["passed"]) else "yes" if row["passed"] else "no",
        "passed",
        numeric=False,
        meaning="Whether the model may replace at least half of the raters at the study's ε.",
    )
    columns = (
        *cell_columns(job),
        readout(),
        *([text("Label", "label", "Empty: all labels together.")] if tested["label"].any() else []),
        count("Raters", "n_raters", "Raters who share 30 items or more with others."),
        count("Items", "n_items", "Items with an answer of the model and two raters or more."),
        share(
            "Advantage",
            "advantage",
            "Share of items on which the model agreed with the other raters at least as well as "
            "the rater left out; mean over raters.",
        ),
        *(
            share(
                f"ω at ε = {as_stated(epsilon, bounded=True)}" + (" (stated)" if stated else ""),
                f"ω {epsilon}",
                "Share of the raters whom the model may replace if each is allowed a lead of ε.",
            )
            for epsilon in epsilons
            for stated in [epsilon == settings.epsilon]
        ),
        *([passed, reason()] if settings.epsilon is not None else []),
    )
    return grid("annotator-table", "Alternative annotator test", wide, columns)


def _raters_grid(raters: pd.DataFrame, job: ReportJob) -> Grid | None:
    rows = raters[raters["label"].isna()]
    if rows.empty:
        return None
    stated = rows["epsilon"].notna().any()
    tested = (
        value("t", "t", "One-sided t-test of the difference against ε, over items."),
        p("p", "p", "Unadjusted; small: the model may replace the rater."),
        p("p (FDR)", "p_adjusted", "Adjusted over raters (Benjamini–Yekutieli)."),
        Column(
            "Replaceable",
            lambda row: (
                ABSENT if row["replaceable"] is None else "yes" if row["replaceable"] else "no"
            ),
            "replaceable",
            numeric=False,
            meaning="Whether the adjusted p is at most .05.",
        ),
    )
    columns = (
        *cell_columns(job),
        readout(),
        count("Rater", "rater", "A number, not the rater's id."),
        count("Items", "n_items", "Items rated by model, rater and others."),
        share("Model wins", "model_wins", "Share of items; ties count for both."),
        share("Rater wins", "rater_wins", "Share of items; ties count for both."),
        *(tested if stated else ()),
    )
    return grid(
        "annotator-raters-table",
        "Alternative annotator test, rater by rater",
        rows,
        columns,
        ALTERNATIVE_ANNOTATOR_RATERS,
    )


def _margins_grid(margins: pd.DataFrame, job: ReportJob) -> Grid | None:
    if margins.empty:
        return None
    names = job.short_names

    def other(row: Row) -> str:
        if row["kind"] == "bias":
            return "people"
        return f"{names[row['other_model']]}, {row['other_protocol']}, {row['other_readout']}"

    def written(row: Row, name: str) -> str:
        return coefficient(row[name]) if row["kind"] == "r" else number(row[name])

    def estimated(row: Row) -> str:
        ends = interval(row["low"], row["high"], bounded=row["kind"] == "r")
        return f"{written(row, 'estimate')} {ends}".rstrip()

    columns = (
        Column(
            "Compared",
            lambda row: "mean rating" if row["kind"] == "bias" else "r with people",
            "kind",
            numeric=False,
        ),
        *cell_columns(job),
        readout(),
        Column("With", other, "other_model", numeric=False),
        count("Items", "n_items", "Items with all ratings compared."),
        Column(
            "Margin",
            lambda row: f"±{as_stated(row['margin'], bounded=row['kind'] == 'r')}",
            "margin",
            meaning="Stated in the study: points of the scale, or a difference of correlations.",
        ),
        Column(
            "Difference [90% CI]",
            estimated,
            "estimate",
            meaning="Equivalent if the 90% interval lies within the margin.",
        ),
        p("p", "p", "Of the worse of two one-sided tests, unadjusted."),
        Column(
            "Equivalent",
            lambda row: (
                ABSENT if row["equivalent"] is None else "yes" if row["equivalent"] else "not shown"
            ),
            "equivalent",
            numeric=False,
        ),
        reason(),
    )
    return grid("equivalence-table", "Equivalence within margins", margins, columns, EQUIVALENCE)


SECTION = Section(
    id="substitution",
    heading="May these ratings be used instead of people's?",
    label="Instead of people",
    view=_view,
    figures=("worth", "annotators"),
)
