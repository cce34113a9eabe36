"""What the first screen shows: one figure, one table, a ranking and what to worry about."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby

import pandas as pd

from emoalign.report.answers import usable_shares
from emoalign.report.asked_differently import apart
from emoalign.report.conditions import nothing_asked
from emoalign.report.first_screen.asked import asked
from emoalign.report.first_screen.dots import JSD, DotPlot, R, dot_plot
from emoalign.report.first_screen.headline import (
    OF_MODEL,
    beside,
    correlations,
    distances,
    of_correlations,
    of_distances,
)
from emoalign.report.first_screen.ranks import Ranking, rankings
from emoalign.report.first_screen.verdict import Verdicts, verdicts, with_worth
from emoalign.report.first_screen.worries import Worry, worries
from emoalign.report.grid import Grid
from emoalign.report.over_specifications import over_specifications
from emoalign.report.report_job import ReportJob, is_asked
from emoalign.report.sampling_in_words import confounded
from emoalign.report.section import Results
from emoalign.tables import (
    ALIGNMENT,
    CONTRASTS,
    DISTRIBUTION_CONTRASTS,
    DISTRIBUTIONS,
    RATERS_WORTH,
    READOUTS,
    SPECIFICATION_CONTRASTS,
    SPECIFICATION_CURVES,
    SPECIFICATIONS,
    Table,
    groups,
)
from emoalign.wording import READOUTS as READ_AS
from emoalign.wording import listed, span

MOST_RANKINGS = 4
"""Rankings that are told in words; of more, the table has the ranks alone."""

MOST_RANKED = 10
"""Models that are ranked in words."""


@dataclass(frozen=True)
class ToldRanking:
    """A ranking in words: of what, whether any model is clearly better than another, and
    what it is about for the filters of the page."""

    where: str
    words: str
    tells: bool
    about: Mapping[str, str]


@dataclass(frozen=True)
class FirstScreen:
    """What its template is filled with. `chosen` says how the conditions in figure and table were
    chosen and what confounds them; nothing where there was no choice and nothing does. `holds` says
    whether conclusions hold in all ways of asking; None where there is one way."""

    asked: Sequence[str]
    plots: Sequence[DotPlot]
    grids: Sequence[Grid]
    chosen: str
    holds: str | None
    rankings: Sequence[ToldRanking]
    worries: Sequence[Worry]
    verdicts: Verdicts

    @property
    def ranked(self) -> bool:
        """Whether there is any rank, in words or in a table."""
        return any(one.tells for one in self.rankings) or any(
            column.title == "Rank" for one in self.grids for column in one.columns
        )

    @property
    def ahead(self) -> str:
        """What is true of a model that another ranks behind."""
        numbers = "whose ratings correlate clearly more highly with people’s"
        labels = "whose choices of labels are clearly closer to people’s"
        of_labels = [one.id == "headline-labels-table" for one in self.grids]
        if all(of_labels):
            return labels
        return f"{numbers} (on labels: {labels})" if any(of_labels) else numbers

    @property
    def of_conditions(self) -> bool:
        """Whether readers must know what a condition is."""
        return any("condition" in worry.sentence for worry in self.worries)


def first_screen(results: Results, read: Collection[str]) -> FirstScreen:
    """The first screen of a study, from those of its tables that the page reads."""

    def rows(table: Table) -> pd.DataFrame:
        if table.path in read:
            return results.table(table)
        return pd.DataFrame(columns=table.schema.names)

    job, alignment = results.job, rows(ALIGNMENT)
    usable = usable_shares(alignment, results.answers.counts, job)
    tried = {R: of_correlations(alignment, job), JSD: of_distances(rows(DISTRIBUTIONS), job)}
    numbers, labels = (one[one["chosen"]] for one in tried.values())
    by_r = list(rankings(rows(CONTRASTS), list(job.models)))
    by_jsd = [
        one
        for one in rankings(rows(DISTRIBUTION_CONTRASTS), list(job.models))
        if one.scale in job.datasets[one.dataset].labels
    ]
    plots = [dot_plot(one, measure, job) for measure, one in tried.items()]
    shown = pd.concat([numbers, labels])
    told = list(told_rankings([*by_r, *by_jsd], shown, job))
    grids = [
        correlations(
            with_worth(beside(numbers, usable, [] if told else by_r), rows(RATERS_WORTH)), job
        ),
        distances(beside(labels, usable, [] if told else by_jsd), job),
    ]
    return FirstScreen(
        asked=list(asked(results, shown)),
        plots=[plot for plot in plots if plot],
        grids=[one for one in grids if one.texts],
        chosen=" ".join(
            [
                *chosen_by(*tried.values()),
                *_unlike(tried.values(), job),
                *confounded(job),
            ]
        ),
        holds=over_specifications(
            rows(SPECIFICATIONS), rows(SPECIFICATION_CURVES), rows(SPECIFICATION_CONTRASTS), job
        ),
        rankings=told,
        worries=worries(
            numbers,
            rows(ALIGNMENT),
            usable,
            results.answers.counts,
            results.answers.doubts,
            rows(DISTRIBUTION_CONTRASTS),
            rows(READOUTS),
            job,
        ),
        verdicts=verdicts(numbers, labels, rows, job),
    )


def chosen_by(numbers: pd.DataFrame, labels: pd.DataFrame) -> Iterator[str]:
    """How the `chosen` rows were chosen from all that were tried, where there was a choice."""
    rules = {"highest r": numbers[numbers["chosen"]], "lowest JSD": labels[labels["chosen"]]}
    told = {
        rule: span(rows["tried"], 0) for rule, rows in rules.items() if (rows["tried"] > 1).any()
    }
    if not told:
        return
    best = " or ".join(f"the {rule} of the {tried} tried" for rule, tried in told.items())
    used = {readout for rows in (numbers, labels) for readout in rows["readout"]}
    apart = [READ_AS[name] for name in ("decision", "stated") if name in used]
    alone = f"; {listed(apart)} count as a protocol of their own" if apart else ""
    yield (
        f"For each model and scale, the table shows the protocol with {best}. Choosing the best "
        "of several flatters a model. Exact probabilities are used where a protocol has them, "
        f"sampled answers otherwise{alone}."
    )


def _unlike(tried: Iterable[pd.DataFrame], job: ReportJob) -> Iterator[str]:
    """That protocols of a model that was asked differ in more than one thing, where they do."""
    asked = [name for name, model in job.models.items() if is_asked(model)]
    for rows in tried:
        own = rows[rows["model"].isin(asked)]
        for (dataset, scale, _), same in groups(own, OF_MODEL, sort=False):
            pairs = combinations(same["protocol"].map(str), 2)
            if any(len(apart(job, *pair, dataset, scale)) > 1 for pair in pairs):
                yield (
                    "Some protocols differ in several respects at once, so a difference between "
                    "them cannot be attributed to any one of these. The findings list them."
                )
                return


def told_rankings(
    every: Sequence[Ranking], shown: pd.DataFrame, job: ReportJob
) -> Iterator[ToldRanking]:
    """The rankings in words, in the order of the study, where they are few and short.

    Of many, those under the protocol of each scale that most of the rows `shown` are of.
    """
    datasets, scales, protocols = (job.order[name] for name in ("dataset", "scale", "protocol"))

    def place(one: Ranking) -> tuple[int, int, int]:
        return (
            datasets.index(one.dataset),
            scales.index(one.scale),
            protocols.index(one.protocol),
        )

    telling = sorted((one for one in every if len(one.ranks) > 1), key=place)
    if len(telling) > MOST_RANKINGS:
        rows = shown.groupby(["dataset", "scale", "protocol"]).size()
        telling = [
            max(some, key=lambda one: rows.get((one.dataset, one.scale, one.protocol), 0))
            for _, some in groupby(telling, lambda one: (one.dataset, one.scale))
        ]
    if len(telling) > MOST_RANKINGS or any(len(one.ranks) > MOST_RANKED for one in telling):
        return
    for one in telling:
        of = f"{job.datasets[one.dataset].title}, {one.scale}"
        how = f", {one.protocol} ({READ_AS[one.readout]})"
        where = of if nothing_asked(job) else of + how
        words = one.words(job.short_names)
        if not one.tells:
            words = (
                f"no ranks, because the contrasts tell none of the {len(one.ranks)} models apart"
            )
        about = {"dataset": one.dataset, "scale": one.scale, "protocol": one.protocol}
        yield ToldRanking(where, words, one.tells, about | {"readout": one.readout})
