"""docs/results.md: every file of results, and every column of every table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

import pyarrow as pa

from documentation.plain_words import anchor, plain, table
from emoalign.tables import Table

_INTRODUCTION = """\
# Results

<!-- Generated from the package by `make docs`. Edit the descriptions there, not this page. -->

Everything a study produces is in `results/<study>/`. The raw answers of the models are beside it,
in `results/journal/`, because all studies share them.

```
results/
├── journal/<model>/<dataset>/<scale>/   raw answers of the models, shared by all studies
├── trainings/                           weights of trained baselines, shared by all studies
└── <study>/
    ├── report.html      start here: the answer, tables, figures and methods in one file
    ├── figures/         every figure as PDF and as PNG
    ├── statistics/      comparisons of models with people, as Parquet and, the same, as CSV
    ├── items/           one row per item of a cell: the model beside the people
    ├── calibrated/      distributions of the items, calibrated on those that people rated
    ├── calibrators/     what was learnt, to be used on other items
    ├── ratings/         one row per answer
    ├── baselines/       what trained classifiers predict, and how they were trained
    ├── norms/           human means, standard deviations and single ratings
    ├── stimuli/         the items of the study
    ├── manifest.json    what was run: configuration, versions, checksums, settings
    ├── logs/            messages of every job; the place to look when one failed
    └── benchmarks/      time and memory of every job
```

## Words

* An **item** is a word or a sentence that is rated. It has an id within its dataset.
* A **norm** is the human rating of an item on a scale: mean, standard deviation, number of raters.
* A **cell** is one model under one protocol, on one scale of one dataset. Tables have a row for
  each of its readouts.
* A **participant** is one of the repeated answers of a model to the same question, numbered from 0.
* The **readout** is how ratings are taken from a model. *sampled*: participants answer.
  *exact*: the probability of each point of the scale is read from the model itself, as if
  infinitely many participants had answered.
* The **status** of an answer says whether it is a rating. Only `ok` has a value; no other answer is
  repaired, guessed or asked for again. How many there are is in the tables, by status.

{statuses}

## Raw answers

Every answer is written to `results/journal/` the moment it arrives, one per line, and is never
asked for twice: a job that was killed goes on where it was, more participants only ask for the
additional answers, and two studies that ask the same share the answers.

* **Back up `results/journal/`**, and delete nothing in it lightly. Answers of commercial models
  have been paid for, and a model that is changed or withdrawn will not give them again.
* `results/<study>/` can be deleted at any time. Running the study again rebuilds it from the
  journal, and no model is asked.
* An answer is safe from a crash at once, and from a power cut within a second. On a full disk jobs
  wait for room ([more](troubleshooting.md#when-something-goes-wrong)).
* Lines may have keys that an older or newer emoalign does not know: they stay in the file.
* Files that end in `.lock` only keep two jobs from writing to the same file.

## Reading results

Tables are [Parquet](https://parquet.apache.org/) files, which keep types, lists and missing values.
Missing numbers are null. Tables of statistics, the plan and what the report offers to save are CSV
besides, for people who read them in a spreadsheet. There a text that begins with `=`, `+`, `-`, `@`
or a tabulator has an apostrophe before it, as in `'=joy`: spreadsheets would take it for a formula
and carry it out. Numbers, and everything in Parquet, are as they are. In Python, with pandas:

```python
import pandas as pd

alignment = pd.read_parquet("results/default/statistics/alignment.parquet")
print(alignment[["model", "protocol", "scale", "readout", "pearson_r", "ceiling"]])
```

Ratings of large studies need not fit into memory. With DuckDB, over all files at once:

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

Paths are within `results/<study>/`.

{contents}
"""

STATUS_MEANINGS = {
    "ok": "A rating: one number on the scale, and nothing else.",
    "unparsable": "No rating: not one number on the scale, or (exact) no point of the scale among "
    "the probabilities.",
    "refusal": "The model declined to rate.",
    "content_filter": "The provider withheld the question or the answer.",
    "truncated": "The answer was longer than allowed and was cut.",
    "error": "The server gave up while answering.",
}


def results_page(tables: Sequence[Table]) -> str:
    """The page."""
    statuses = table(
        ("status", "meaning"),
        [(f"`{status}`", plain(meaning)) for status, meaning in STATUS_MEANINGS.items()],
    )
    contents = table(
        ("table", "file", "a row is"),
        [
            (f"[{title(kind)}](#{anchor(title(kind))})", f"`{kind.path}`", plain(kind.row))
            for kind in tables
        ],
    )
    introduction = _INTRODUCTION.format(statuses=statuses, contents=contents)
    return "\n".join([introduction, *map(_section, tables)])


def title(kind: Table) -> str:
    """The heading of a table: its folder, or the file itself where the folder holds others."""
    path = PurePosixPath(kind.path)
    itself = path.parts[0] in ("statistics", path.name)
    return (path.stem if itself else path.parts[0]).capitalize()


def _section(kind: Table) -> str:
    rows = [
        (f"`{column.name}`", _in_words(column.type), plain(column.meaning))
        for column in kind.columns
    ]
    return f"""\
### {title(kind)}

`{kind.path}`

A row is {_sentence(kind.row)}

{table(("column", "type", "meaning"), rows)}
"""


def _sentence(text: str) -> str:
    return plain(text) if text.endswith(("?", ".")) else f"{plain(text)}."


def _in_words(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"list of {_in_words(kind.value_type)}s"
    if pa.types.is_boolean(kind):
        return "true or false"
    if pa.types.is_integer(kind):
        return "whole number"
    if pa.types.is_floating(kind):
        return "number"
    if pa.types.is_string(kind):
        return "text"
    raise ValueError(f"no words yet for the type {kind}")
