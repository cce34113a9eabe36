"""docs/results.md: every file of results, and every column of every table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import PurePosixPath

import pyarrow as pa

from documentation.plain_words import link, plain
from emoalign.tables import STATUSES, Column, Table
from emoalign.tables.contract import CELL, RECURRING

_INTRODUCTION = """\
# Results

<!-- Generated from the package by `make docs`. Edit the descriptions there, not this page. -->

A study writes everything to `results/<study>/`. The raw answers of the models are in
`results/journal/`, which all studies share.

```
results/
├── journal/<model>/<dataset>/<scale>/   raw answers
├── trainings/                           weights of baselines
└── <study>/
    ├── report.html      start here
    ├── figures/         PDF and PNG
    ├── statistics/      comparisons with people, Parquet and CSV
    ├── estimates/       norms of all items, XLSX and CSV, with a codebook
    ├── items/           a row per item and condition
    ├── calibrated/      calibrated distributions
    ├── calibrators/     calibration maps, for other items
    ├── ratings/         a row per answer
    ├── trials/          a row per answer in a session, practice included
    ├── completions/     a row per answer to a recitation
    ├── baselines/       predictions of classifiers
    ├── norms/           human ratings
    ├── stimuli/         items
    ├── manifest.json    configuration, versions, checksums
    ├── publication/     a folder for an archive, from the target publication
    ├── logs/            messages of every job
    └── benchmarks/      time and memory of every job
```

[Preregistrations](preregistration.md) are in `config/preregistrations/`, since results may be
deleted.

## Words

* An **item** is a word, sentence or image that is rated.
* A **norm** is the human rating of an item on a scale: mean, SD and number of raters.
* A **participant** is one of a model's repeated answers to the same question.
* The **readout** is the way a rating is obtained: `sampled` (participants answer) or `exact` (the
  probability of each point of the scale is read from the model).
* A **condition** is a model under a protocol with a readout.
* The **status** of an answer says whether it is a rating. Only `ok` answers have a value; other
  answers are counted, and never repaired or asked for again.

An answer has one of these statuses:

{statuses}

## Raw answers

Every answer is appended to `results/journal/` when it arrives and is never requested twice:
interrupted jobs resume, more participants need only the additional answers, and studies with the
same questions share them.

* **Back up `results/journal/`.** Its answers may have been paid for, and a provider may change or
  withdraw a model.
* `results/<study>/` can be deleted at any time: the next run rebuilds it from the journal.
* An answer survives a crash at once and a power cut after a second. On a full disk jobs wait for
  room ([more](troubleshooting.md#when-something-goes-wrong)).
* Lines may contain keys of other versions of emoalign; they are kept. Files ending in `.lock`
  prevent two jobs from writing to the same file.

## Reading results

Tables are [Parquet](https://parquet.apache.org/) files; missing values are null. Statistics and the
plan are CSV as well. In CSV, a text that begins with `=`, `+`, `-`, `@` or a tab gets an apostrophe
in front (`'=joy`), because a spreadsheet would run it as a formula. In Python, with pandas:

```python
import pandas as pd

alignment = pd.read_parquet("results/default/statistics/alignment.parquet")
print(alignment[["model", "protocol", "scale", "readout", "pearson_r", "ceiling"]])
```

DuckDB reads many files at once without loading them into memory:

```python
import duckdb

print(
    duckdb.sql(
        \"\"\"
        SELECT model, protocol, dataset, scale, status, count(*) AS answers, avg(rating) AS mean
        FROM 'results/default/ratings/**/*.parquet'
        WHERE readout = 'sampled'
        GROUP BY ALL
        ORDER BY ALL
        \"\"\"
    )
)
```

In R, with arrow and dplyr:

```r
library(arrow)
library(dplyr)

read_parquet("results/default/items/vader.parquet") |>
  filter(readout == "exact") |>
  group_by(model, protocol, scale) |>
  summarise(r = cor(mean, human_mean, use = "complete.obs"))
```

## Tables

{contents}.

Paths are within `results/<study>/`. After `x` (CI) come `x_low` and `x_high`, the ends of its 95%
confidence interval: BCa over resampled items, unless stated otherwise ([methods](methods.md)).
Columns described together are described in the same order. A column is described once; later tables
list it as known. Many tables have these, of which the first five are called the *five keys*:

{recurring}
"""

STATUS_MEANINGS = {
    "ok": "A rating: one number on the scale, and nothing else.",
    "off_scale": "A number and nothing else, but not on the scale, such as 10 on 1 to 9.",
    "unparsable": "No rating; exact: no point of the scale among the probabilities.",
    "refusal": "The model declined to rate.",
    "content_filter": "The provider withheld the question or the answer.",
    "rejected": "The provider did not accept the question, but did accept others.",
    "truncated": "The answer, or the reasoning before it, exceeded the token limit.",
    "error": "The server failed while answering; in old journals only.",
}


def results_page(tables: Sequence[Table]) -> str:
    """The page."""
    statuses = "\n".join(f"* `{status}`: {plain(of)}" for status, of in STATUS_MEANINGS.items())
    contents = ", ".join(link(title(kind), title(kind)) for kind in tables)
    introduction = _INTRODUCTION.format(
        statuses=statuses, contents=contents, recurring=_recurring()
    )
    sections = (_section(kind, tables[:place]) for place, kind in enumerate(tables))
    return "\n".join([introduction, *sections])


def _recurring() -> str:
    return "\n".join(f"* {_code(column)}: {plain(column.meaning)}" for column in RECURRING)


def title(kind: Table) -> str:
    """The heading of a table: the file, or the folder where a study has several such files."""
    path = PurePosixPath(kind.path)
    return (path.parts[0] if "<" in kind.path else path.stem).capitalize()


def _section(kind: Table, earlier: Sequence[Table]) -> str:
    parts = [
        f"### {title(kind)}",
        f"`{kind.path}`. Row: {_sentence(kind.row)}",
        *_columns(kind, earlier),
    ]
    return "\n\n".join(parts) + "\n"


def _columns(kind: Table, earlier: Sequence[Table]) -> Iterator[str]:
    """The columns of a table, without describing again what has been described above."""
    known = dict.fromkeys(RECURRING, "")
    for above in reversed(earlier):
        known |= {column: title(above) for column in above.columns if column not in RECURRING}
    places = dict.fromkeys(known[column] for column in kind.columns if column in known)
    as_above = [
        _named([column for column in kind.columns if known.get(column) == place])
        + (f" (as in {link(place, place.lower())})" if place else "")
        for place in sorted(places)
    ]
    if as_above:
        yield f"Known columns: {'; '.join(as_above)}."
    if own := [column for column in kind.columns if column not in known]:
        yield _described(own)


def _described(columns: Sequence[Column]) -> str:
    """A list of columns; those that share a description stand together."""
    together = groupby(columns, key=lambda column: (column.meaning, column.type))
    return "\n".join(
        f"* {_shown(list(some))}{_mark(kind)}: {plain(meaning)}"
        for (meaning, kind), some in together
    )


def _named(columns: Sequence[Column]) -> str:
    keys = list(CELL)
    if all(key in columns for key in keys):
        others = [column for column in columns if column not in keys]
        return ", ".join(["the five keys", *map(_code, others)])
    return ", ".join(map(_code, columns))


def _code(column: Column) -> str:
    return f"`{column.name}`"


def _shown(columns: Sequence[Column]) -> str:
    """Names of columns described together; (CI) stands for the ends of an interval."""
    first, *others = (column.name for column in columns)
    if [first, *others] == [f"n_{status}" for status in STATUSES]:
        return "`n_<status>`"
    ends = [f"{first}_low", f"{first}_high"]
    if others[:2] == ends:
        return ", ".join([f"`{first}` (CI)", *(f"`{name}`" for name in others[2:])])
    return _named(columns)


def _sentence(text: str) -> str:
    return plain(text) if text.endswith(("?", ".")) else f"{plain(text)}."


def _mark(kind: pa.DataType) -> str:
    """The type of a column where it is neither a number nor text."""
    return " (list)" if pa.types.is_list(kind) else ""
