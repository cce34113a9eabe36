"""`emoalign correct --outcome`: ratings as predictor, norms in place of each other, mistakes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from emoalign.commands.app import application
from tests.kit.rated_in_part import drawn, items, with_outcome

NAMED = ("--model", "estimate", "--people", "people")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def correct(rows: pd.DataFrame, *options: str, outcome: str = "rt") -> Result:
    rows.to_csv("words.csv", index=False)
    named = ["correct", "words.csv", *NAMED, "--outcome", outcome]
    return CliRunner().invoke(application, [*named, *options])


def lines(output: str, term: str) -> list[str]:
    """The lines of both tables on a term, with single blanks."""
    found = [text for text in output.splitlines() if text.startswith(f"{term} ")]
    return [" ".join(text.split()) for text in found]


# Numbers


def test_tables_and_sentences_have_the_numbers_of_the_files(folder: Path) -> None:
    done = correct(with_outcome(), "--on", "length", "--model", "gpt", "--out", "made")
    assert done.exit_code == 0, done.output
    made = pd.read_csv("made/estimates.csv").set_index(["term", "method"])
    assert list(made.index.unique("term")) == ["(intercept)", "people", "length"]
    assert set(made.index.unique("method")) == {"people alone", "DSL", "model alone"}
    of_norm = made.loc["people"]
    b = {way: f"{row['estimate']:.2f}" for way, row in of_norm.iterrows()}
    corrected, in_place = lines(done.output, "people")
    assert corrected.startswith(f"people {b['people alone']} [")
    assert f"] {b['DSL']} [" in corrected
    assert corrected.endswith(b["model alone"])
    assert in_place.startswith(f"people {b['people alone']} [")
    assert f"The coefficient of people was b = {b['DSL']}, 95% CI [" in done.output
    assert f"as if it were people's, it would have been {b['model alone']}." in done.output
    assert "That of the other predictor was b = " in done.output
    swapped = pd.read_csv("made/substitution.csv").set_index("norm")
    assert list(swapped.index) == ["people", "estimate", "gpt"]
    for name in ("estimate", "gpt"):
        (line,) = lines(done.output, name)
        row = swapped.loc[name]
        b, ratio = (f"{row[of]:.2f}" for of in ("estimate", "ratio"))
        ends = f"[{row['ratio_low']:.2f}, {row['ratio_high']:.2f}]"
        assert line.startswith(f"{name} {b} [")
        assert f"positive {ratio} {ends}" in line
        of_people = of_norm.loc["people alone", "estimate"]
        assert row["ratio"] == pytest.approx(row["estimate"] / of_people)
    assert swapped["n_people"].tolist() == [80, 80, 80]
    assert "Rscript made/correct.R" in done.output


def test_the_order_of_models_and_rows_changes_no_norm(folder: Path) -> None:
    rows = with_outcome()
    correct(rows, "--model", "gpt", "--out", "one")
    rows = rows.rename(columns={"estimate": "gpt", "gpt": "estimate"}).sample(
        frac=1, random_state=1
    )
    correct(rows, "--model", "gpt", "--out", "other")
    one, other = (
        pd.read_csv(f"{name}/substitution.csv").set_index("norm") for name in ("one", "other")
    )
    other = other.rename({"estimate": "gpt", "gpt": "estimate"}).loc[one.index]
    pd.testing.assert_frame_equal(one, other, rtol=1e-9)


def test_several_predictors_are_told_together(folder: Path) -> None:
    done = correct(with_outcome(), "--on", "length,z")
    assert done.exit_code == 0, done.output
    assert "of rt on people, length and z used estimate for all items" in done.output
    assert "The others were b = " in done.output


def test_known_probabilities_weigh_people_alone(folder: Path) -> None:
    done = correct(with_outcome(drawn()), "--probability", "p")
    assert done.exit_code == 0, done.output
    assert "people alone, weighted" in done.output
    assert "each drawn with a known probability" in done.output
    assert "were drawn at random" not in done.output


def test_a_model_that_is_only_compared_need_not_have_rated_all_items(folder: Path) -> None:
    rows = with_outcome()
    whole = correct(rows, "--model", "gpt").output
    rows["gpt"] = rows["gpt"].where(rows["people"].notna())
    assert correct(rows, "--model", "gpt").output == whole


def test_of_items_that_people_rated_all_norms_are_compared(folder: Path) -> None:
    done = correct(with_outcome(items(200, 200)))
    assert done.exit_code == 0, done.output
    assert "People rated all items: DSL is the same as their ratings alone." in done.output
    assert len(lines(done.output, "people")) == 2
    assert "do not look like a random part" not in done.output
    assert "People rated all 200 items. rt was regressed on people." in done.output
    assert "with estimate in its place, it would have been " in done.output
    assert "through design-based supervised learning" not in done.output


def test_of_items_that_all_were_rated_by_chance_estimates_are_corrected(folder: Path) -> None:
    rows = with_outcome(items(60, 60))
    certain = correct(rows.assign(p=1), "--probability", "p").output
    assert "People rated all 60 items. rt was regressed on people." in certain
    likely = correct(rows.assign(p=0.97), "--probability", "p").output
    assert "People rated 60 of 60 items, each drawn with a known probability." in likely
    assert "the same as their ratings alone" not in likely


def test_what_to_do_about_missing_ratings_goes_by_the_part_of_the_model(folder: Path) -> None:
    rows = with_outcome()
    rows.loc[rows["people"].notna(), "gpt"] = np.nan
    said = correct(rows, "--model", "gpt").output
    assert "If there are many, leave out --model gpt." in said
    assert "swapped" not in said
    assert "may be swapped" in correct(with_field("estimate", 4, "")).output


def test_probabilities_that_no_norm_can_be_corrected_with_are_to_be_checked(folder: Path) -> None:
    rows = with_outcome().assign(p=1e-12)
    said = correct(rows, "--probability", "p").output
    assert "check p (--probability), have more items rated" in " ".join(said.split())


# What to be aware of


def test_another_sign_than_with_people_is_told(folder: Path) -> None:
    rows = with_outcome()
    told = "The sign is positive with people, but negative with upside."
    assert told not in correct(rows.assign(upside=rows["gpt"]), "--model", "upside").output
    assert told in correct(rows.assign(upside=10 - rows["gpt"]), "--model", "upside").output


def test_ratios_to_a_coefficient_that_may_be_zero_are_doubted(folder: Path) -> None:
    rows = with_outcome()
    told = "With people, the interval of the coefficient contains 0: ratios to it say little."
    assert told not in correct(rows).output
    noise = np.random.default_rng(2).normal(size=len(rows))
    assert told in correct(rows.assign(rt=noise.round(3))).output


def test_a_norm_that_predicts_better_than_people_is_suspected(folder: Path) -> None:
    rows = with_outcome()
    told = "and copied than with people: errors of such a norm may go with the outcome"
    copied = rows["rt"] + rows["z"]
    assert told in correct(rows.assign(copied=copied), "--model", "copied").output
    assert told not in correct(rows.assign(copied=rows["z"]), "--model", "copied").output


def test_a_ratio_that_few_resamples_allow_has_no_interval(folder: Path) -> None:
    rows = with_outcome()
    rare = pd.Series(0, rows.index)
    rare[rows.index[rows["people"].notna()][:2]] = 1
    rare[rows.index[rows["people"].isna()][:2]] = 1
    done = correct(rows.assign(rare=rare), "--on", "rare")
    assert done.exit_code == 0, done.output
    assert "No interval of the ratio for estimate: in many resamples" in done.output


def test_few_ratings_by_people_are_told(folder: Path) -> None:
    told = "People rated 20 items. With fewer than 30, intervals are too narrow."
    assert told in correct(with_outcome(items(rated=20))).output


# What a table must not be


def changed(**columns: Callable[[pd.DataFrame], object]) -> pd.DataFrame:
    rows = with_outcome()
    return rows.assign(**{name: made(rows) for name, made in columns.items()})


def with_field(name: str, place: int, value: object) -> pd.DataFrame:
    rows = with_outcome().astype({name: object})
    rows.loc[place, name] = value
    return rows


FIRST = with_outcome()["people"].first_valid_index()

REFUSED: dict[str, tuple[Callable[[], pd.DataFrame], tuple[str, ...], tuple[str, ...]]] = {
    "no such outcome": (
        lambda: with_outcome().drop(columns="rt"),
        (),
        ("no column 'rt' (--outcome rt", "length"),
    ),
    "no such model": (
        with_outcome,
        ("--model", "claude"),
        ("no column 'claude' (--model claude", "estimate"),
    ),
    "a missing outcome": (
        lambda: with_field("rt", 3, ""),
        (),
        ("words.csv, line 5, column 'rt': the outcome is missing", "Remove these lines"),
    ),
    "an outcome of words": (
        lambda: changed(rt=lambda rows: rows["kind"]),
        (),
        ("line 2, column 'rt': expected a number, found", "a column of numbers by --outcome"),
    ),
    "an outcome that is the same everywhere": (
        lambda: changed(rt=lambda rows: 600),
        (),
        ("column 'rt': it is 600 for all items: name another column by --outcome",),
    ),
    "an outcome that is the same where people rated": (
        lambda: changed(rt=lambda rows: rows["rt"].where(rows["people"].isna(), 600)),
        (),
        ("column 'rt': it is 600 for the items that people rated: name another column",),
    ),
    "an outcome that is people's norm": (
        lambda: changed(rt=lambda rows: 2 * rows["people"].fillna(rows["z"]) + 1),
        (),
        ("for all 80 items that people rated, it follows exactly from people", "--people"),
    ),
    "an outcome that is the estimate": (
        lambda: changed(rt=lambda rows: 2 * rows["estimate"] + 1),
        (),
        ("for all 200 items, it follows exactly from estimate", "by --outcome or --model"),
    ),
    "the outcome as predictor": (
        with_outcome,
        ("--on", "rt"),
        ("'rt' is given twice, by --outcome and --on: name a column of its own for each",),
    ),
    "a model twice": (
        with_outcome,
        ("--model", "estimate"),
        ("'estimate' is given twice, by --model: name it once",),
    ),
    "no estimate of an item": (
        lambda: with_field("estimate", 3, ""),
        (),
        ("line 5, column 'estimate': the model's rating is missing", "Remove these lines"),
    ),
    "no rating by a model that is compared": (
        lambda: with_field("gpt", FIRST, ""),
        ("--model", "gpt"),
        (f"line {FIRST + 2}, column 'gpt': the model's rating is missing",),
    ),
    "an estimate that is the same everywhere": (
        lambda: changed(estimate=lambda rows: 5),
        (),
        ("column 'estimate': it is 5 for all items: name another column by --model",),
    ),
    "a model that always says the same": (
        lambda: changed(gpt=lambda rows: 5),
        ("--model", "gpt"),
        ("column 'gpt': it is 5 for the items that people rated: name another column by --model",),
    ),
    "people who always say the same": (
        lambda: changed(people=lambda rows: rows["people"] * 0 + 5),
        (),
        ("all 80 ratings by people are 5",),
    ),
    "none rated": (lambda: with_outcome(items(rated=0)), (), ("people rated none of the 200",)),
    "four rated": (
        lambda: with_outcome(items(rated=4)),
        ("--on", "length"),
        ("only 4 items; at least 5 are needed, better 30 or more",),
    ),
    "a constant predictor": (
        lambda: changed(length=lambda rows: 4),
        ("--on", "length"),
        ("column 'length': it is 4 for all items: leave out --on length",),
    ),
    "a predictor that is the estimate": (
        lambda: changed(copied=lambda rows: 3 * rows["estimate"] - 2),
        ("--on", "copied"),
        ("column 'copied': for all items, it follows from estimate: leave out --on copied\n",),
    ),
    "a predictor that is people's norm": (
        lambda: changed(copied=lambda rows: rows["people"].fillna(5.5)),
        ("--on", "length,copied"),
        ("for the items that people rated, it follows from people, length: leave out --on copied",),
    ),
    "collinear predictors": (
        lambda: changed(double=lambda rows: 1e6 * rows["length"] + 3),
        ("--on", "length,double"),
        ("follows from estimate, length: leave out --on double, or one of the others",),
    ),
    "an estimate that differs little for its size": (
        lambda: changed(estimate=lambda rows: rows["estimate"] + 1e9),
        (),
        ("column 'estimate': for all items, it is 100000000", "subtract a round number"),
    ),
    "estimates that are far too wrong": (
        lambda: changed(
            people=lambda rows: rows["people"].where(rows["people"].rank() < 5) / 100,
            estimate=lambda rows: rows["estimate"].where(
                ~(rows["people"].rank() < 5), 9 * rows["estimate"]
            ),
        ),
        (),
        ("column 'estimate': its errors are too large to be corrected", "have more items rated"),
    ),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_table_that_allows_no_regression_is_refused(fault: str, folder: Path) -> None:
    rows, options, expected = REFUSED[fault]
    done = correct(rows(), *options)
    assert done.exit_code == 1, done.output
    assert "words.csv" in done.stderr
    for words in expected:
        assert words in done.stderr


MISUSED = {
    "several models without an outcome": (
        ("--model", "gpt", "--model", "estimate"),
        "name what they predict by --outcome, or name one --model",
    ),
    "groups": (
        ("--model", "gpt", "--outcome", "rt", "--by", "kind"),
        "leave out --by. Name further predictors by --on",
    ),
    "a covariate": (
        ("--model", "gpt", "--outcome", "rt", "--with", "z"),
        "leave out --with. Name further predictors by --on",
    ),
}


@pytest.mark.parametrize("fault", MISUSED)
def test_options_that_do_not_go_together_are_refused(fault: str, folder: Path) -> None:
    options, expected = MISUSED[fault]
    with_outcome().to_csv("words.csv", index=False)
    named = ["correct", "words.csv", "--people", "people", *options]
    done = CliRunner().invoke(application, named)
    assert done.exit_code == 2
    assert expected in " ".join(done.stderr.split())


def test_a_substitution_table_is_not_overwritten(folder: Path) -> None:
    Path("made").mkdir()
    Path("made/substitution.csv").write_text("mine", encoding="utf-8")
    done = correct(with_outcome(), "--out", "made")
    assert done.exit_code == 1
    assert "made/substitution.csv already exists and was not overwritten" in done.output
