"""Doubts about finished ratings: few of them, copies of each other, or from another model.

They are logged by the job and, for whole cells, shown in the report. A doubt is no proof, and
nothing is left out because of it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emoalign.wording import counted, percent

FEWEST_ITEMS = 20
"""Items without any spread from which on a cell looks like copies."""

FEWEST_ANSWERS = 5
"""Ratings of each of these items, at least, with one more for each further form."""

_SAME = f"""
SELECT model, protocol, dataset, scale, readout,
    count(*) FILTER (answers - forms + 1 >= {FEWEST_ANSWERS}) AS items,
    sum(answers) FILTER (answers - forms + 1 >= {FEWEST_ANSWERS})::BIGINT AS answers
FROM (
    SELECT model, protocol, dataset, scale, readout, item_id, count(*) AS forms,
        sum(answers) AS answers, max(different) AS different
    FROM (
        SELECT model, protocol, dataset, scale, readout, item_id, form, count(*) AS answers,
            count(DISTINCT coalesce(rating::VARCHAR, labels::VARCHAR, probabilities::VARCHAR))
                AS different
        FROM read_parquet($files)
        WHERE readout IN ('sampled', 'stated') AND status = 'ok'
        GROUP BY ALL
    )
    GROUP BY ALL
)
GROUP BY ALL
HAVING items >= {FEWEST_ITEMS} AND max(different) = 1
ORDER BY ALL
"""  # noqa: S608 - only numbers of our own

MOST_UNDECIDED = 0.05
"""The largest part of the probability of an exact answer that may be unknown without a doubt."""

MANY = 0.1
"""Share of the exact answers of a cell from which on something is told of them."""

# A reply with decimals leaves open what its first digit becomes: 7 may be 7.5.
_EXACT = rf"""
SELECT model, protocol, dataset, scale, count(*) AS answers,
    count(*) FILTER (off_scale_mass > 0.5) AS words,
    count(*) FILTER (
        regexp_matches(text, '^\W*[0-9]+\.[0-9]')
        AND off_scale_mass + 1 - returned_mass > {MANY}
    ) AS decimals,
    count(*) FILTER (1 - returned_mass > {MOST_UNDECIDED}) AS undecided
FROM read_parquet($files)
WHERE readout = 'exact' AND returned_mass IS NOT NULL
GROUP BY ALL
HAVING greatest(words, decimals, undecided) >= {MANY} * answers
ORDER BY ALL
"""  # noqa: S608 - only numbers of our own

# Equal requests with equal ids are told apart by their tokens, which the first row of each has,
# and by the time they took. Least and greatest tell as much as counting what is distinct, which
# would hold each reply three times.
_SAME_REPLY = """
SELECT model, count(*) AS replies
FROM (
    SELECT model, reply_id
    FROM read_parquet($files)
    WHERE reply_id IS NOT NULL
    GROUP BY ALL
    HAVING min(hash(request_id)) <> max(hash(request_id))
        OR min(coalesce(participant, -1)) FILTER (prompt_tokens > 0)
            <> max(coalesce(participant, -1)) FILTER (prompt_tokens > 0)
        OR min(latency_s) <> max(latency_s)
)
GROUP BY ALL
ORDER BY ALL
"""

_REPORTED = """
SELECT model, protocol, dataset, scale, model_reported, count(*) AS answers
FROM read_parquet($files)
WHERE model_reported <> ''
GROUP BY ALL
ORDER BY ALL
"""

_RATED = """
SELECT model, protocol, dataset, scale, readout,
    count(status) AS answers, count(*) FILTER (status = 'ok') AS ratings
FROM read_parquet($files)
GROUP BY ALL
HAVING 2 * ratings < answers
ORDER BY ALL
"""


@dataclass(frozen=True)
class Asked:
    """The models that were asked.

    `models` are those that were asked, each with the name by which its server knows it, where that
    can be compared; `temperatures` are those of the protocols, None for the provider's own
    sampling; `titles` are what readers know models by.
    """

    models: Mapping[str, str | None]
    temperatures: Mapping[str, float | None]
    titles: Mapping[str, str] = field(default_factory=dict)

    def called(self, model: str) -> str:
        """A model as it is called in a sentence."""
        return self.titles.get(model, model)


def few_ratings(files: Sequence[Path], recited: bool = False) -> list[str]:
    """Sentences about cells in which fewer than half the answers are ratings, or completions."""

    def wanted(readout: str) -> str:
        if recited:
            return (
                "numbers on the scale. The others, which count for nothing, are in the files of "
                "completions"
            )
        kind = "distributions" if readout == "stated" else "ratings"
        return f"{kind}. The report shows examples of the others"

    return [
        f"Only {ratings} of {answers} answers ({percent(ratings / answers)}; {readout}) of "
        f"{model} under {protocol} about {scale} of {dataset} are {wanted(readout)}; "
        "docs/troubleshooting.md says what you can do."
        for model, protocol, dataset, scale, readout, answers, ratings in _rows(_RATED, files)
    ]


def doubts(files: Sequence[Path], asked: Asked) -> list[str]:
    """Sentences about signs that answers are copies, or come from another model."""
    return [*_copies(files, asked), *_others(files, asked), *_unclear(files, asked)]


def _unclear(files: Sequence[Path], asked: Asked) -> Iterator[str]:
    """Sentences about exact answers that say little, and why."""
    for model, protocol, dataset, scale, answers, *counts in _rows(_EXACT, files):
        if model not in asked.models:
            continue
        words, decimals, undecided = (each if each >= MANY * answers else 0 for each in counts)
        of = f"of {answers:,} exact answers of {asked.called(model)} under {protocol}"
        where = f"{of} about {scale} of {dataset}"
        if words:
            yield (
                f"{words:,} {where} begin with words rather than a number, with more than half of "
                "their probability. What would follow is not known: have the prompt ask for the "
                "number alone."
            )
        if decimals:
            yield (
                f"{decimals:,} {where} have decimals, so that 7 may be the beginning of 7.5. Have "
                "the prompt ask for a whole number."
            )
        elif undecided:
            yield (
                f"In {undecided:,} {where}, more than {percent(MOST_UNDECIDED)} of the probability "
                "is unknown, because the server did not return it or the reply does not decide "
                "it. Means and SDs are known only within the bounds that this allows."
            )


def _copies(files: Sequence[Path], asked: Asked) -> Iterator[str]:
    for model, protocol, dataset, scale, readout, items, answers in _rows(_SAME, files):
        said = "distribution" if readout == "stated" else "rating"
        temperature = asked.temperatures.get(protocol, 0)
        if model in asked.models and temperature != 0:
            sampled = (
                "at a temperature above 0" if temperature else "by the provider's own settings"
            )
            yield (
                f"All participants of {asked.called(model)} under {protocol} gave the same {said} "
                f"of {scale}, to each of {items:,} items of {dataset} ({answers:,} {said}s), "
                f"although they were sampled {sampled}. Either the model is "
                f"certain of each {said}, or a cache gave all participants the same reply, in "
                "which case they are copies of one. If so, switch off all caches on the way "
                "to the model, and ask again with another wave."
            )
    for model, replies in _rows(_SAME_REPLY, files):
        yield (
            f"{counted(replies, 'reply id')} of {asked.called(model)} "
            f"{'belongs' if replies == 1 else 'belong'} to more than one request. Either the "
            "server gives several replies the same id, or a cache answered instead of the model, "
            "in which case these answers are copies. If so, switch off all caches on the way to "
            "the model, and ask again with another wave."
        )


def _others(files: Sequence[Path], asked: Asked) -> Iterator[str]:
    cells: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for *cell, reported, answers in _rows(_REPORTED, files):
        cells[tuple(cell)][name_in(reported)] += answers
    others: dict[str, Counter[str]] = defaultdict(Counter)
    for (model, protocol, dataset, scale), names in cells.items():
        expected = asked.models.get(model)
        if model not in asked.models:
            continue
        if len(names) > 1:
            yield (
                f"Answers of {asked.called(model)} under {protocol} about {scale} of {dataset} "
                f"come from several models, by the names in its replies: {_counted(names)}. A "
                "gateway may have passed questions on to another model, or the model was replaced "
                "meanwhile."
            )
        for name, answers in names.items():
            if expected is not None and not same_model(expected, name):
                others[model][name] += answers
    for model, names in others.items():
        yield (
            f"{asked.called(model)} is {asked.models[model]!r} by its card, and its replies name "
            f"{_counted(names)}. If the card names a deployment or an alias, this is expected; "
            "otherwise another model answered in its place."
        )


def _counted(names: Mapping[str, int]) -> str:
    return ", ".join(f"{name!r} ({answers:,} answers)" for name, answers in sorted(names.items()))


_FINGERPRINT = re.compile(r"/(?:fp_[^/]*|b[0-9]+-[0-9a-f]+|[0-9a-f-]*[0-9][0-9a-f-]*)$")
_DATE = re.compile(
    r"(?:[-@_:](?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{2}-[0-9]{4}|[0-9]{2}-[0-9]{2}"
    r"|[0-9]{8}|[0-9]{6}|[0-9]{4}|[0-9]{3}))?"
)
"""The rest of a name after its undated part: nothing, a date, or a version number."""


def name_in(reported: str) -> str:
    """The name of the model in what a server reports: name, or name/fingerprint."""
    return _FINGERPRINT.sub("", reported)


def same_model(card: str, reported: str) -> bool:
    """Tell whether two names may be those of one model: alike but for a date, or who offers it.

    gpt-4o is gpt-4o-2024-08-06, and openai/gpt-4o; two different dates are two models.
    """
    names = (name.lower().rpartition("/")[2].removesuffix("-latest") for name in (card, reported))
    short, long = sorted(names, key=len)
    return long.startswith(short) and bool(_DATE.fullmatch(long.removeprefix(short)))


def _rows(query: str, files: Sequence[Path]) -> list[Any]:
    """The rows that a query returns for ratings."""
    from emoalign.tables.ratings_database import ratings_database

    with ratings_database(files) as database:
        return database.execute(query, {"files": [str(path) for path in files]}).fetchall()
