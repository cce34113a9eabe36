"""`emoalign correct`: estimates from a table, its R script, and what a table must not be."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from emoalign.commands.app import application
from tests.kit.rated_in_part import drawn, items

ROOT = Path(__file__).parents[2]
NAMED = ("--model", "gpt", "--people", "people")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def correct(rows: pd.DataFrame | str | Path, *options: str) -> Result:
    """The command on a table, words.csv unless it is a file that is there."""
    table = rows if isinstance(rows, Path) else Path("words.csv")
    if isinstance(rows, pd.DataFrame):
        rows.to_csv(table, index=False)
    elif isinstance(rows, str):
        table.write_text(rows, encoding="utf-8")
    return CliRunner().invoke(application, ["correct", str(table), *NAMED, *options])


def line(output: str, term: str) -> str:
    """The line of the table on a term, with single blanks."""
    return " ".join(next(text for text in output.splitlines() if text.startswith(term)).split())


# Estimates


GLASGOW = {
    "Valence": {
        "mean": "mean 5.13 [4.87, 5.39] 5.13 [4.99, 5.27] 45% narrower .93 5.13 [4.99, 5.27]",
        "concreteness": "concreteness 0.04 [−0.20, 0.29] 0.04 [−0.09, 0.17]",
        "length": "length 0.22 [−0.05, 0.49] 0.09 [−0.04, 0.22]",
    },
    "Arousal": {
        "mean": "mean 4.28 [4.07, 4.49] 4.21 [4.05, 4.38] 22% narrower .48 4.16 [3.94, 4.38]",
        "r with": "r with concreteness −.42 [−.56, −.25] −.35 [−.49, −.19] 5% narrower .27",
        "length": "length 0.08 [−0.10, 0.26] 0.16 [0.04, 0.29] 28% narrower .35 0.27",
    },
}


@pytest.mark.shared_data
@pytest.mark.parametrize("scale", GLASGOW)
def test_norms_of_glasgow_are_estimated_as_by_other_programs(
    scale: str, shared: Path, folder: Path
) -> None:
    norms = pd.read_csv(shared / "glasgow/glasgow.csv")
    words = norms.merge(pd.read_csv(shared / "glasgow/glasgow_gpt-4.csv"), on="word")
    words = words.dropna(subset=[f"{scale}.M", scale]).set_index("word")
    words = words.loc[sorted(words.index)].reset_index()
    asked = np.random.default_rng(20260101).permutation(len(words))[:100]
    rows = pd.DataFrame(
        {
            "gpt": words[scale],
            "people": words[f"{scale}.M"].where(words.index.isin(asked)),
            "concreteness": words["Concreteness.M"] - 4,
            "length": words["Length"] - 6,
        }
    )
    done = correct(rows, "--with", "concreteness", "--on", "concreteness,length")
    assert done.exit_code == 0, done.output
    for term, expected in GLASGOW[scale].items():
        assert line(done.output, term).startswith(expected)


def test_every_estimate_has_a_row_and_a_sentence(folder: Path) -> None:
    done = correct(items(), "--by", "kind", "--with", "z", "--on", "z,length")
    assert done.exit_code == 0, done.output
    terms = ("mean ", "mean (animal)", "mean (tool)", "tool − animal", "r with z", "(intercept)")
    for term in (*terms, "z ", "length"):
        assert line(done.output, term)
    for begins in (
        "People rated 80 of 200 items, a random part.",
        "The mean of people was ",
        "The difference in the mean of people between tool (M = ",
        "The correlation of people with z was r = ",
        "The coefficients in a linear regression of people on z and length were b = ",
        "All intervals assume that the items people rated were drawn at random.",
    ):
        assert f"\n{begins}" in done.output


def test_a_single_predictor_has_a_single_coefficient(folder: Path) -> None:
    told = "\nThe coefficient in a linear regression of people on z was b = "
    assert told in correct(items(), "--on", "z").output


def test_columns_of_regression_may_be_named_one_by_one(folder: Path) -> None:
    rows = items().rename(columns={"length": "length, in letters"})
    together = correct(rows, "--on", 'z,"length, in letters"')
    apart = correct(rows, "--on", "z", "--on", '"length, in letters"')
    assert together.exit_code == 0, together.output
    assert together.output == apart.output
    assert line(together.output, "length, in letters")


SAVED: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    "words.tsv": lambda rows, path: rows.to_csv(path, sep="\t", index=False),
    "european.csv": lambda rows, path: rows.to_csv(
        path, sep=";", decimal=",", index=False, encoding="cp1252"
    ),
    "utf16.csv": lambda rows, path: rows.to_csv(path, index=False, encoding="utf-16"),
    "missing.csv": lambda rows, path: rows.to_csv(path, index=False, na_rep="NA"),
    "words.parquet": lambda rows, path: rows.to_parquet(path),
    "words.jsonl": lambda rows, path: rows.to_json(path, orient="records", lines=True),
}


@pytest.mark.parametrize("name", SAVED)
def test_a_table_may_be_saved_in_any_way(name: str, folder: Path) -> None:
    rows = items().assign(word=lambda rows: "é" + rows["word"])
    plain = correct(rows, "--by", "kind", "--on", "z,length").output.partition("\n")[2]
    SAVED[name](rows, Path(name))
    done = correct(Path(name), "--by", "kind", "--on", "z,length")
    assert done.output.partition("\n")[2] == plain


def test_a_model_that_knows_nothing_is_said_to_add_nothing(folder: Path) -> None:
    rows = items()
    useless = correct(rows.assign(gpt=10 - rows["gpt"]))
    assert line(useless.output, "mean").count("as wide .00")
    assert "λ = 0 for mean: the ratings of gpt add nothing to people's" in useless.output
    constant = correct(rows.assign(gpt=5), "--with", "z")
    assert constant.exit_code == 0, constant.output
    assert "λ = 0 for mean and r with z" in constant.output
    assert line(constant.output, "r with z").endswith("–")


def test_a_bias_that_costs_a_regression_its_precision_is_told(folder: Path) -> None:
    rows = items(600, 200)
    assert "to all its ratings" not in correct(rows, "--on", "z,length").output
    shifted = correct(rows.assign(gpt=rows["gpt"] - 2), "--on", "z,length").output
    by = (rows["people"] - rows["gpt"]).mean() + 2
    assert f"gpt rates {by:.2f} lower than people on average" in shifted
    assert f"Add {by:.2f} to all its ratings" in shifted
    above = correct(rows.assign(gpt=rows["gpt"] + by), "--on", "z,length").output
    assert "gpt rates 2.00 higher than people on average" in above
    assert "Subtract 2.00 from all its ratings" in above
    mended = correct(rows.assign(gpt=rows["gpt"] + by - 2), "--on", "z,length").output
    assert "all its ratings" not in mended


def test_few_ratings_by_people_are_told(folder: Path) -> None:
    assert "With fewer than 30" not in correct(items()).output
    assert "People rated 20 items. With fewer than 30" in correct(items(rated=20)).output
    rows = items(rated=45)
    of_group = int(rows.loc[rows["kind"] == "tool", "people"].notna().sum())
    assert of_group < 30
    assert (
        f"People rated {of_group} items with kind = tool." in correct(rows, "--by", "kind").output
    )


def test_a_part_that_is_evidently_not_random_is_told(folder: Path) -> None:
    rows = items()
    human = rows["gpt"] + 0.1
    chosen = rows.assign(people=human.where(rows["gpt"] > rows["gpt"].median()))
    done = correct(chosen)
    assert done.exit_code == 0
    assert "do not look like a random part: the mean of gpt is" in done.output
    assert "do not look like a random part" not in correct(rows).output


def test_ratings_of_a_study_are_joined_as_the_page_says(folder: Path) -> None:
    page = (ROOT / "docs/substitution.md").read_text(encoding="utf-8")
    block = re.search(r"```python\n(import pandas\n.*?)```", page, re.DOTALL)
    assert block is not None
    rows = items().assign(item_id=lambda rows: rows["word"])
    human = rows[["item_id", "people"]].rename(columns={"people": "human_valence"})
    human.dropna().to_csv("people.csv", index=False)
    Path("results/mine/items").mkdir(parents=True)
    cell = {"model": "gpt", "protocol": "sheet", "scale": "valence"}
    exact = rows[["item_id"]].assign(mean=rows["gpt"], readout="exact", **cell)
    sampled = exact.assign(mean=0.0, readout="sampled")
    pd.concat([sampled, exact]).to_parquet("results/mine/items/words.parquet")
    exec(block[1], {})
    named = ["correct", "rated.csv", "--model", "mean", "--people", "human_valence"]
    done = CliRunner().invoke(application, named)
    assert done.exit_code == 0, done.output
    assert line(done.output, "mean") == line(correct(rows).output, "mean")


# Known probabilities


def test_known_probabilities_lead_to_dsl_and_weights(folder: Path) -> None:
    done = correct(drawn(), "--by", "kind", "--with", "z", "--on", "z", "--probability", "p")
    assert done.exit_code == 0, done.output
    assert "λ" not in done.output
    assert "people alone, weighted" in done.output
    assert "each drawn with a known probability" in done.output
    assert "PPI++ is not shown: it assumes that all items were equally likely" in done.output


def test_probabilities_that_would_have_drawn_another_number_are_told(folder: Path) -> None:
    rows = drawn()
    assert "Check the probabilities" not in correct(rows, "--probability", "p").output
    other = correct(rows.assign(p=rows["p"] / 2), "--probability", "p")
    told = f"about {rows['p'].sum() / 2:.0f} items would have been given to people, but they rated"
    assert told in other.output


def test_probabilities_of_items_that_people_did_not_rate_may_be_missing(folder: Path) -> None:
    rows = drawn()
    whole = correct(rows, "--probability", "p")
    gaps = correct(rows.assign(p=rows["p"].where(rows["people"].notna())), "--probability", "p")
    assert gaps.exit_code == 0, gaps.output
    assert line(gaps.output, "mean") == line(whole.output, "mean")


# Files


def test_files_have_all_numbers_and_no_formulas(folder: Path) -> None:
    rows = items().rename(columns={"z": "=z()"})
    done = correct(rows, "--by", "kind", "--with", "=z()", "--out", "made")
    assert done.exit_code == 0, done.output
    assert "Rscript made/correct.R" in done.output
    data = pd.read_csv("made/data.csv")
    assert list(data.columns) == ["line", "model", "people", "kind = tool", "'=z()"]
    assert data["model"].tolist() == rows["gpt"].tolist()
    assert data["line"].tolist() == list(range(2, 202))
    table = pd.read_csv("made/estimates.csv").set_index(["term", "method"])
    mean = table.loc[("mean", "PPI++")]
    assert f"{mean['estimate']:.2f} [{mean['low']:.2f}, {mean['high']:.2f}]" in done.output
    assert table.loc[("mean", "people alone"), "n_items"] == 80


def test_no_file_is_overwritten(folder: Path) -> None:
    Path("made").mkdir()
    Path("made/data.csv").write_text("mine", encoding="utf-8")
    done = correct(items(), "--out", "made")
    assert done.exit_code == 1
    assert "made/data.csv already exists and was not overwritten" in done.output
    assert Path("made/data.csv").read_text(encoding="utf-8") == "mine"
    assert not Path("made/estimates.csv").exists()


# What a table must not be


def changed(**columns: Callable[[pd.DataFrame], object]) -> pd.DataFrame:
    rows = items()
    return rows.assign(**{name: made(rows) for name, made in columns.items()})


def with_field(name: str, place: int, value: object) -> pd.DataFrame:
    rows = items().astype({name: object})
    rows.loc[place, name] = value
    return rows


FIRST = items()["people"].first_valid_index()
assert FIRST is not None

REFUSED: dict[str, tuple[Callable[[], pd.DataFrame], tuple[str, ...], tuple[str, ...]]] = {
    "no such column": (
        items,
        ("--with", "lenght"),
        ("no column 'lenght' (--with lenght", "length"),
    ),
    "a column with two parts": (items, ("--on", "gpt"), ("'gpt' is given twice, by --model and",)),
    "a predictor twice": (items, ("--on", "z,z"), ("'z' is given twice, by --on: name it once",)),
    "people's ratings as covariate": (items, ("--with", "people"), ("--people and --with",)),
    "text among numbers": (
        lambda: with_field("gpt", 3, "seven"),
        (),
        ("words.csv, line 5, column 'gpt': expected a number, found 'seven'", "Correct the fields"),
    ),
    "text among people's ratings": (
        lambda: with_field("people", 3, "not asked"),
        (),
        ("found 'not asked'", "leave those empty that people did not rate"),
    ),
    "an infinite rating": (lambda: with_field("people", 3, "inf"), (), ("found 'inf'",)),
    "a predictor of words": (items, ("--on", "kind"), ("(200 times)", "a column of 0 and 1")),
    "no rating by the model": (
        lambda: with_field("gpt", 3, np.nan),
        (),
        ("words.csv, line 5, column 'gpt': the model's rating is missing", "Remove these lines"),
    ),
    "a missing predictor": (
        lambda: with_field("z", 0, ""),
        ("--on", "z,length"),
        ("words.csv, line 2, column 'z': the field is empty", "Fill in the fields"),
    ),
    "a missing covariate": (
        lambda: with_field("z", 0, ""),
        ("--with", "z"),
        ("line 2, column 'z'",),
    ),
    "a missing group": (lambda: with_field("kind", 1, " "), ("--by", "kind"), ("line 3, column",)),
    "one group": (
        lambda: changed(kind=lambda rows: "tool"),
        ("--by", "kind"),
        ("'kind' (--by) has 1 value: 'tool' (200)", "name another column"),
    ),
    "three groups": (
        lambda: with_field("kind", 7, "plant"),
        ("--by", "kind"),
        ("has 3 values:", "'plant' (1)", "keep the lines of two"),
    ),
    "a column of numbers for groups": (
        items,
        ("--by", "z"),
        ("(--by) has ", "name another column; for a column of numbers, use --with"),
    ),
    "a group that nobody rated": (
        lambda: changed(people=lambda rows: rows["people"].where(rows["kind"] == "tool")),
        ("--by", "kind"),
        ("people rated none of the", "with kind = animal"),
    ),
    "a group that people rated whole": (
        lambda: changed(
            people=lambda rows: rows["people"].where(rows["kind"] == "tool", 5 + rows["z"])
        ),
        ("--by", "kind"),
        ("with kind = animal, so there is nothing to correct in that group",),
    ),
    "none rated": (lambda: items(rated=0), (), ("people rated none of the 200 items",)),
    "all rated": (
        lambda: items(rated=200),
        (),
        ("people rated all 200 items", "nothing to correct"),
    ),
    "two rated": (lambda: items(rated=2), (), ("only 2 items; at least 3 are needed",)),
    "four rated for a regression": (
        lambda: items(rated=4),
        ("--on", "z,length"),
        ("only 4 items; at least 5 are needed",),
    ),
    "people who always say the same": (
        lambda: changed(people=lambda rows: rows["people"] * 0 + 5),
        (),
        ("all 80 ratings by people are 5",),
    ),
    "a constant predictor": (
        lambda: changed(length=lambda rows: 4),
        ("--on", "z,length"),
        ("column 'length': it is 4 for all items: leave out --on length",),
    ),
    "a constant covariate": (lambda: changed(z=lambda rows: 1.5), ("--with", "z"), ("--with z",)),
    "a predictor that is constant where people rated": (
        lambda: changed(length=lambda rows: rows["length"].where(rows["people"].isna(), 4)),
        ("--on", "z,length"),
        ("it is 4 for the items that people rated",),
    ),
    "a predictor that is constant elsewhere": (
        lambda: changed(length=lambda rows: rows["length"].where(rows["people"].notna(), 4)),
        ("--on", "z,length"),
        ("it is 4 for the items that people did not rate",),
    ),
    "collinear predictors": (
        lambda: changed(double=lambda rows: 1e6 * rows["z"] + 3),
        ("--on", "z,length,double"),
        ("column 'double': for all items, it follows from z, length: leave out --on double",),
    ),
    "percentages": (
        lambda: changed(p=lambda rows: 40),
        ("--probability", "p"),
        ("(200 times)", "from 0 to 1, found 40", "Write 35% as 0.35"),
    ),
    "a probability that is missing": (
        lambda: changed(p=lambda rows: pd.Series(0.4, rows.index).drop(FIRST)),
        ("--probability", "p"),
        (f"line {FIRST + 2}, column 'p': the probability is missing, but people rated", "leave"),
    ),
    "a probability of zero": (
        lambda: changed(p=lambda rows: np.where(rows.index == FIRST, 0, 0.4)),
        ("--probability", "p"),
        (f"line {FIRST + 2}, column 'p': the probability is 0, but people rated",),
    ),
    "whether people rated, instead of a probability": (
        lambda: changed(p=lambda rows: rows["people"].notna().astype(int)),
        ("--probability", "p"),
        ("(120 times)", "the probability is 0, so nothing corrects", "Leave the field empty"),
    ),
    "items that were given to people for certain, and are not rated": (
        lambda: changed(p=lambda rows: 1),
        ("--probability", "p"),
        ("(120 times)", "the probability is 1, but people did not rate", "not whether they rated"),
    ),
    "percentages with their sign": (
        lambda: changed(p=lambda rows: "40%"),
        ("--probability", "p"),
        ("found '40%'", "Write the probabilities as numbers from 0 to 1: 35% as 0.35"),
    ),
    "people's ratings under another name as covariate": (
        lambda: changed(z=lambda rows: rows["people"].fillna(5.5)),
        ("--with", "z"),
        ("for all 80 items that people rated, it follows exactly from z", "leave out --with"),
    ),
    "predictors that foretell people's ratings without error": (
        lambda: changed(people=lambda rows: 10 - rows["z"] * 0.3 + rows["people"] * 0),
        ("--on", "z,length"),
        ("it follows exactly from z and length", "leave out --on"),
    ),
    "a predictor that differs little for its size": (
        lambda: changed(length=lambda rows: rows["length"] + 1e9),
        ("--on", "z,length"),
        ("column 'length': for all items, it is 10000000", "such as 1000000003 from all of it"),
    ),
}


@pytest.mark.parametrize("mark", ["NA", "n/a", "#N/A", "nan"])
def test_a_mark_of_missing_values_is_no_group(mark: str, folder: Path) -> None:
    rows = items().replace({"kind": {"tool": mark}})
    done = correct(rows.to_csv(index=False), "--by", "kind")
    assert done.exit_code == 1, done.output
    assert f"column 'kind': the name of a group is missing, found '{mark}'" in done.stderr


@pytest.mark.parametrize("fault", REFUSED)
def test_a_table_that_allows_no_estimate_is_refused(fault: str, folder: Path) -> None:
    rows, options, expected = REFUSED[fault]
    done = correct(rows(), *options)
    assert done.exit_code == 1, done.output
    assert "words.csv" in done.stderr
    for words in expected:
        assert words in done.stderr


def test_all_mistakes_are_told_at_once(folder: Path) -> None:
    rows = with_field("gpt", 3, "seven").astype({"z": object})
    rows.loc[[4, 5], "z"] = ["", "x"]
    done = correct(rows, "--with", "z")
    assert done.exit_code == 1
    assert all(f"line {number}," in done.stderr for number in (5, 6, 7))


def test_of_two_columns_with_one_name_either_can_be_meant(folder: Path) -> None:
    rows = items()
    text = rows.assign(second=rows["gpt"] + 1).rename(columns={"second": "gpt"}).to_csv(index=False)
    done = correct(text)
    assert done.exit_code == 1
    assert "write gpt.0 for the first, gpt.1 for the second" in done.stderr
    named = ["correct", "words.csv", "--model", "gpt.1", "--people", "people"]
    assert CliRunner().invoke(application, named).exit_code == 0


def test_a_correlation_that_four_items_cannot_give_is_said_to_be_none(folder: Path) -> None:
    rows = items(rated=4, seed=84)
    rated = rows["people"].notna()
    nearly_perfect = rows.assign(people=rows["z"].where(rated).round(1) + 5)
    done = correct(nearly_perfect, "--with", "z")
    assert done.exit_code == 0, done.output
    assert line(done.output, "r with z").startswith("r with z 1.00 [1.00, 1.00] – – .00")
    assert "r with z: not estimable from so few ratings by people." in done.output
    assert "The correlation of" not in done.output


def test_a_coefficient_too_small_to_be_shown_is_told(folder: Path) -> None:
    rows = items()
    told = "\nz: too small to be shown. Take the logarithm"
    assert told in correct(rows.assign(z=rows["z"] * 1e9), "--on", "z,length").output
    assert told not in correct(rows, "--on", "z,length").output


@pytest.mark.parametrize("known", [(), ("--probability", "p")])
@pytest.mark.parametrize("column", ["z", "gpt and people"])
def test_a_correlation_does_not_depend_on_where_a_scale_begins(
    column: str, known: tuple[str, ...], folder: Path
) -> None:
    rows = drawn().round({"people": 2})
    names = column.split(" and ")
    moved = rows.assign(**{name: (rows[name] + 1e9).round(3) for name in names})
    one, other = (correct(each, "--with", "z", *known).output for each in (rows, moved))
    assert line(other, "r with z") == line(one, "r with z")


def test_a_column_without_a_name_can_be_meant(folder: Path) -> None:
    done = correct(items().rename(columns={"z": ""}), "--with", "")
    assert done.exit_code == 0, done.output


def test_a_part_chosen_by_the_ratings_of_the_model_is_told(folder: Path) -> None:
    rows = items()
    told = "do not look like a random part"
    chosen = rows.assign(gpt=rows["people"].notna().astype(int))
    assert told in correct(chosen).output
    assert told not in correct(rows.assign(gpt=1)).output


def test_a_model_that_hardly_varies_raises_no_warning(folder: Path) -> None:
    rows = items()
    done = correct(rows.assign(gpt=[5.0] * 199 + [5.0001]), "--with", "z", "--on", "length")
    assert done.exit_code == 0, done.output


def test_predictors_may_have_units_of_any_size(folder: Path) -> None:
    rows = items()
    plain = correct(rows, "--on", "z,length").output
    large = correct(rows.assign(z=rows["z"] * 1e10), "--on", "z,length")
    assert large.exit_code == 0, large.output
    intercept, length = (line(plain, term) for term in ("(intercept)", "length"))
    assert line(large.output, "length").split(" ")[:2] == length.split(" ")[:2]
    assert line(large.output, "(intercept)").split(" ")[:2] == intercept.split(" ")[:2]
