"""What the plan recommends from a finished part of a study, and at which price."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emoalign.analyses.generalizability.advice import Way
from emoalign.planning.jobs import Jobs
from emoalign.planning.recommended import price, recommendations
from emoalign.tables import GENERALIZABILITY

from .test_planning import WORDS, cell, study

ITEMS = {"vader": WORDS}


def known(models: tuple[str, ...] = ("gpt-4o",), **own: object) -> pd.DataFrame:
    """What 20 answers under one form told: variances of 3 (items), .3 (with forms), 1.2 (rest)."""
    base = dict.fromkeys(GENERALIZABILITY.schema.names) | {"dataset": "vader", "scale": "valence"}
    base |= {"protocols": "p", "n_items": 10, "n_waves": 1}
    designs = [("p", 1, 20), *((None, *each) for each in product((1, 2, 4, 8), (1, 5, 10, 20)))]
    rows = [
        base
        | {"model": model, "protocol": protocol, "n_forms": forms, "n_answers": float(answers)}
        | {"g": 3 / (3 + 0.3 / forms + 1.2 / (forms * answers))}
        | (own if protocol else {})
        for model in models
        for protocol, forms, answers in designs
    ]
    return pd.DataFrame(rows, columns=GENERALIZABILITY.schema.names)


def told(folder: Path, models: list[str], rows: pd.DataFrame) -> list[str]:
    """The recommendations, below the line that says what they are."""
    path = folder / "generalizability.parquet"
    GENERALIZABILITY.write(rows, path)
    loaded = study(models)
    jobs = [Jobs(loaded).rate(model, "p", "vader", "valence") for model in models]
    lines = list(recommendations(path, jobs, loaded.models, ITEMS))
    assert all(line.startswith("Forms and answers, from those there are") for line in lines[:1])
    return [line.removeprefix("  ") for line in lines[1:]]


def test_more_forms_for_as_many_answers_are_recommended_with_the_price_of_each(
    tmp_path: Path,
) -> None:
    [line] = told(tmp_path, ["gpt-4o"], known())
    assert line.startswith("p (vader, valence): asked with 1 form × 20 answers (g = .89, ")
    assert "4 forms × 5 answers (g = .96, " in line
    assert "would be better for as many answers or fewer" in line
    assert "4 forms × 1 answer (g = .89, " in line
    assert line.count("US dollars") == 3


def test_a_price_is_that_of_the_plan_for_each_form(tmp_path: Path) -> None:
    loaded = study(["gpt-4o"])
    job, row = cell(loaded, "gpt-4o", tmp_path)
    one = price(job, loaded.models["gpt-4o"], WORDS, Way(1, 20, 0.9))
    assert one == pytest.approx((row["usd_min"], row["usd_max"]))
    four = price(job, loaded.models["gpt-4o"], WORDS, Way(4, 5, 0.9))
    job_of_five, row_of_five = cell(study(["gpt-4o"], participants=5), "gpt-4o", tmp_path)
    assert job_of_five.protocol.participants == 5
    assert four == pytest.approx((4 * row_of_five["usd_min"], 4 * row_of_five["usd_max"]))


def test_items_beyond_those_priced_count_in_proportion() -> None:
    loaded = study(["gpt-4o"])
    job = Jobs(loaded).rate("gpt-4o", "p", "vader", "valence")
    words = pd.DataFrame(
        {
            "item_id": [f"w{place:03d}" for place in range(300)],
            "modality": "word",
            "text": [f"{place:03d}" for place in range(300)],
        }
    )
    some, every = (
        price(job, loaded.models["gpt-4o"], rows, Way(1, 20, 0.9)) for rows in (words[:100], words)
    )
    assert every == pytest.approx(tuple(3 * end for end in some or ()))


def test_a_model_on_this_machine_costs_nothing_and_has_no_price(tmp_path: Path) -> None:
    rows = known(("smollm2-135m",))
    [line] = told(tmp_path, ["smollm2-135m"], rows)
    assert "dollars" not in line
    [both] = told(tmp_path, ["gpt-4o", "smollm2-135m"], pd.concat([known(), rows]))
    assert "dollars" in both


def test_nothing_is_recommended_without_a_table_that_tells_g(tmp_path: Path) -> None:
    assert list(recommendations(tmp_path / "none.parquet", [], {}, ITEMS)) == []
    assert told(tmp_path, ["gpt-4o"], known().assign(g=np.nan)) == []
    old = tmp_path / "old.parquet"
    known().drop(columns="phi").to_parquet(old)
    assert list(recommendations(old, [], {}, ITEMS)) == []


def test_a_protocol_that_asks_well_is_left_as_it_is(tmp_path: Path) -> None:
    rows = known(n_forms=1, n_answers=1.0, g=0.99)
    [line] = told(tmp_path, ["gpt-4o"], rows)
    assert line.endswith(
        "no other way compared is better for as many answers, or as good for fewer."
    )
