"""Groups of raters on a card: columns of their norms, or the group of each rater."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoalign.errors import StudyError
from emoalign.stimuli.checking import check_data
from emoalign.stimuli.dataset_cards import DatasetSource, GroupedSource
from emoalign.stimuli.group_norms import group_norms
from emoalign.stimuli.readers.base import SourceItem
from emoalign.study.scales import HumanScale
from tests.kit.datasets import items, shipped, table_card, write

BY_GROUP = {"mean": "v.{group}", "sd": "sd.{group}", "n": "n.{group}"}
COLUMNS: dict[str, Any] = {
    "scales": {"valence": {"mean": "v", "by_group": BY_GROUP}},
    "groups": {"sex": {"names": {"M": "men", "F": "women"}}},
}
HEADER = "id,word,v,v.M,sd.M,n.M,v.F,sd.F,n.F\n"
SINGLE: dict[str, Any] = {
    "rows": "ratings",
    "rater": "who",
    "scales": {"valence": {"ratings": ["v"]}},
    "groups": {"sex": {"column": "sex"}},
}
RATINGS = "id,word,who,sex,v\n"
SCALE = {"valence": HumanScale(min=1, max=7, direction="higher is more pleasant")}


def read(folder: Path, text: str, source: dict[str, Any], **card: Any) -> list[SourceItem]:
    table = write(folder / "words.csv", text)
    return table_card(table, source, **card).source.read({"table": table})


def problems(folder: Path, text: str, source: dict[str, Any]) -> str:
    return "\n".join(check_data(table_card(write(folder / "words.csv", text), source)).problems)


def refused(folder: Path, source: dict[str, Any]) -> str:
    with pytest.raises(StudyError) as error:
        table_card(folder / "words.csv", source)
    return str(error.value)


def test_norms_of_groups_are_read_beside_those_of_all(tmp_path: Path) -> None:
    text = HEADER + "1,joy,5,4,1.5,7,6,0.5,9\n2,fear,2,,,0,2,1,3\n"
    joy, fear = read(tmp_path, text, COLUMNS)
    men, women = (joy.by_group["valence"]["sex", name] for name in ("men", "women"))
    assert (men.mean, men.sd, men.n, men.ratings) == (4, 1.5, 7, None)
    assert (women.mean, women.n) == (6, 9)
    assert list(fear.by_group["valence"]) == [("sex", "women")]


def test_norms_of_groups_are_in_points_of_the_scale(tmp_path: Path) -> None:
    table = write(tmp_path / "words.csv", HEADER + "1,joy,0.5,0.25,0.1,7,1,0.2,9\n")
    card = table_card(table, COLUMNS)
    scale = {"min": 1, "max": 7, "native": {"min": 0, "max": 1}, "direction": "up"}
    of = HumanScale.model_validate(scale)
    grouped = GroupedSource.of(card, ["valence"])
    assert grouped is not None
    rows = group_norms(grouped, "mine", {"valence": of}, ["1"])
    assert rows["mean"].tolist() == [2.5, 7]
    assert rows["sd"].tolist() == pytest.approx([0.6, 1.2])
    assert group_norms(grouped, "mine", {"valence": of}, ["2"]).empty


def test_the_group_of_each_rater_is_read_from_a_column(tmp_path: Path) -> None:
    text = RATINGS + (
        "1,joy,a,f,6\n1,joy,b,m,4\n1,joy,c,f,7\n1,joy,d,,2\n2,fear,a,f,1\n2,fear,b,m,3\n"
    )
    joy, fear = read(tmp_path, text, SINGLE)
    women = joy.by_group["valence"]["sex", "f"]
    assert (women.ratings, women.mean, women.n) == ((6, 7), 6.5, 2)
    assert women.raters is not None
    assert len(set(women.raters)) == 2
    assert joy.by_group["valence"]["sex", "m"].n == 1
    assert joy.ratings["valence"].ratings == (6, 4, 7, 2)  # type: ignore[union-attr]
    assert fear.by_group["valence"]["sex", "f"].ratings == (1,)
    named = {"names": {"f": "women", 1: "men"}, "column": "sex"}
    text = text.replace(",m,", ",1,")
    renamed = read(tmp_path, text, SINGLE | {"groups": {"sex": named}})
    assert list(renamed[1].by_group["valence"]) == [("sex", "women"), ("sex", "men")]


def test_a_wrong_column_is_told_with_file_column_and_key(tmp_path: Path) -> None:
    text = HEADER.replace("sd.F", "sdF") + "1,joy,5,4,1.5,7,6,0.5,9\n"
    told = problems(tmp_path, text, COLUMNS)
    assert f"{tmp_path / 'words.csv'}: there is no column 'sd.F'" in told
    assert "scales.valence.by_group.sd with {group} = F in the dataset's card" in told
    assert "did you mean 'sdF'" in told
    told = problems(tmp_path, "id,word,who,gender,v\n1,joy,a,f,6\n", SINGLE)
    assert "there is no column 'sex' (groups.sex.column in the dataset's card)" in told


def test_numbers_of_groups_are_checked_as_those_of_all(tmp_path: Path) -> None:
    told = problems(
        tmp_path, HEADER + "1,joy,5,9,1.5,7,6,-0.5,2.5\n2,joys,5,x,1,3,4,1,3\n", COLUMNS
    )
    assert "line 2, column 'sd.F': expected a standard deviation, never below 0" in told
    assert "line 2, column 'n.F': expected a number of raters, found 2.5" in told
    assert "line 3, column 'v.M'" in told
    told = problems(tmp_path, HEADER + "1,joy,5,9,1.5,7,6,0.5,3\n", COLUMNS)
    assert "line 2, column 'v.M': item 1: rating 9 is outside 1 to 7" in told


def test_a_rater_in_two_groups_is_told_without_the_id(tmp_path: Path) -> None:
    text = RATINGS + "1,joy,anna,f,6\n1,joy,bert,m,4\n2,fear,anna,m,1\n2,fear,bert,m,3\n"
    told = problems(tmp_path, text, SINGLE)
    assert "line 4, column 'sex': the rater is 'm' here, but 'f' in line 2" in told
    assert "anna" not in told
    apart = RATINGS + "1,joy,anna,f,6\n1,joy,bert,m,4\n2,fear,anna,,1\n2,fear,bert,m,3\n"
    assert not problems(tmp_path, apart, SINGLE)


def test_codes_that_no_row_has_are_told(tmp_path: Path) -> None:
    named = SINGLE | {"groups": {"sex": {"column": "sex", "names": {"F": "women", "M": "men"}}}}
    told = problems(tmp_path, RATINGS + "1,joy,a,f,6\n1,joy,b,m,4\n", named)
    assert "column 'sex': no row has 'F', 'M'; its values are 'f', 'm'" in told
    assert "groups.sex.names" in told


@pytest.mark.parametrize("n", [1, 40])
def test_a_column_that_holds_no_groups_is_told(tmp_path: Path, n: int) -> None:
    lines = "".join(f"{k},w{k},p{k},g{k % n},5\n" for k in range(80))
    told = problems(tmp_path, RATINGS + lines, SINGLE)
    assert "column 'sex': expected groups of raters, found" in told
    assert ("fewer than 2" if n == 1 else "more than 12") in told
    assert n == 1 or "g3" not in told, "these may be ids of people"


def test_a_column_of_long_texts_is_told(tmp_path: Path) -> None:
    told = problems(tmp_path, RATINGS + f"1,joy,a,{'x' * 101},6\n1,joy,b,m,4\n", SINGLE)
    assert "column 'sex': expected groups of raters, found texts of more than 100" in told


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ({**COLUMNS, "groups": {}}, "scales.valence.by_group: {group} stands for the groups"),
        ({**COLUMNS, "groups": {"sex": {}}}, "say which groups there are"),
        ({**COLUMNS, "groups": {"sex": {"names": {"M": "men"}}}}, "two groups or more"),
        (
            {**COLUMNS, "groups": {"sex": {"names": {"M": "men", "F": "men"}}}},
            "two groups have the same name: men",
        ),
        (
            {**COLUMNS, "scales": {"valence": {"mean": "v"}}},
            "groups.sex: no scale says which columns have the norms of its groups",
        ),
        (
            {**COLUMNS, "scales": {"valence": {"mean": "v", "by_group": {"mean": "v.M"}}}},
            "'v.M' is the same column for every group: write {group}",
        ),
        (
            {**SINGLE, "scales": {"valence": {"ratings": ["v"], "by_group": BY_GROUP}}},
            "by_group belongs to mean",
        ),
        ({**SINGLE, "groups": {"sex": {"column": "who"}}}, "names the column 'who', which rater"),
        (
            {"scales": {"valence": {"ratings": ["v"]}}, "groups": {"sex": {"column": "sex"}}},
            "belongs to rows: ratings",
        ),
    ],
)
def test_a_card_that_does_not_fit_is_refused(
    tmp_path: Path, source: dict[str, Any], reason: str
) -> None:
    assert reason in refused(tmp_path, source)


def test_joined_tables_have_groups_of_their_own(tmp_path: Path) -> None:
    more = write(tmp_path / "more.csv", "id,a,a.M,a.F\n1,3,2,4\n")
    joined = {
        "table": {"file": str(more)},
        "id": "id",
        "scales": {"arousal": {"mean": "a", "by_group": {"mean": "a.{group}"}}},
        "groups": COLUMNS["groups"],
    }
    table = write(tmp_path / "words.csv", HEADER + "1,joy,5,4,1.5,7,6,0.5,9\n")
    scale = {"min": 1, "max": 7, "direction": "up"}
    card = table_card(
        table, {**COLUMNS, "joined": [joined]}, scales={"valence": scale, "arousal": scale}
    )
    (joy,) = card.source.read({"table": table, "joined.0.table": more})
    assert joy.by_group["arousal"]["sex", "women"].mean == 4
    assert np.isnan(joy.by_group["arousal"]["sex", "women"].sd)
    assert joy.by_group["valence"]["sex", "women"].mean == 6


def test_a_dataset_that_may_not_be_shown_has_generated_ids(tmp_path: Path) -> None:
    table = write(tmp_path / "words.csv", HEADER + "joy,joy,5,4,1.5,7,6,0.5,9\n")
    card = table_card(table, COLUMNS, redistribute=False)
    grouped = GroupedSource.of(card, ["valence"])
    assert grouped is not None
    assert group_norms(grouped, "mine", SCALE, ["joy"]).empty
    again = grouped.model_copy(update={"restricted": False})
    assert len(group_norms(again, "mine", SCALE, ["joy"])) == 2


def test_cards_without_groups_are_left_alone(tmp_path: Path) -> None:
    plain = table_card(tmp_path / "words.csv", {"scales": {"valence": {"mean": "v"}}})
    assert GroupedSource.of(plain, ["valence"]) is None
    assert GroupedSource.of(table_card(tmp_path / "words.csv", COLUMNS), ["arousal"]) is None


@pytest.mark.shared_data
def test_the_groups_of_warriner_are_those_of_the_published_file(shared: Path) -> None:
    file = shared / "warriner2013/first_300_rows.csv"
    found = {item.text: item for item in items("warriner", {"table": file})}
    with file.open(encoding="utf-8", newline="") as stream:
        rows = {row["Word"]: row for row in csv.DictReader(stream)}
    assert len(found) == len(rows) == 300
    letters = {
        ("sex", "men"): "M",
        ("sex", "women"): "F",
        ("age", "younger people"): "Y",
        ("age", "older people"): "O",
        ("education", "people with less education"): "L",
        ("education", "people with more education"): "H",
    }
    for word, row in rows.items():
        for scale, letter in {"valence": "V", "arousal": "A", "dominance": "D"}.items():
            of_groups = found[word].by_group[scale]
            assert set(of_groups) == set(letters)
            for group, code in letters.items():
                assert of_groups[group].mean == float(row[f"{letter}.Mean.{code}"])
                assert of_groups[group].n == int(row[f"{letter}.Rat.{code}"])
    assert GroupedSource.of(shipped("warriner"), ["valence"]) is not None


def test_names_of_groups_are_no_part_of_what_norms_depend_on(tmp_path: Path) -> None:
    def source(**names: str) -> DatasetSource:
        joined = {"table": {"file": "more.csv"}, "id": "id", "scales": {}, "groups": {}}
        groups = {"sex": {"names": names}}
        mine = {**COLUMNS, "groups": groups, "joined": [joined]}
        return table_card(tmp_path / "words.csv", mine).source

    def dumped(**names: str) -> object:
        return source(**names).for_norms().model_dump()

    assert dumped(M="men", F="women") == dumped(M="Männer", F="Frauen")
    assert dumped(M="men", F="women") != dumped(M="men", W="women")
    plain = table_card(tmp_path / "words.csv", {"scales": {"valence": {"mean": "v"}}}).source
    assert plain.for_norms() == plain.without_directions()


@pytest.mark.parametrize("mark", ["NA", "n/a", "#N/A", "NaN"])
def test_a_mark_of_missing_values_is_no_group(mark: str, tmp_path: Path) -> None:
    text = RATINGS + f"1,joy,a,{mark},5\n1,joy,b,F,4\n1,joy,c,M,4\n1,joy,d,M,4\n"
    assert f"'{mark}' is taken for the name of a group" in problems(tmp_path, text, SINGLE)
    assert not problems(tmp_path, text, SINGLE | {"na_values": [mark]})
    names = {"sex": {"column": "sex", "names": {"F": "women", mark: "North Americans"}}}
    assert not problems(tmp_path, text, SINGLE | {"groups": names})


def test_a_column_that_identifies_raters_is_told_without_an_id(tmp_path: Path) -> None:
    rows = [f"{item},joy{item},{who},nick{who},5\n" for item in (1, 2) for who in "abcd"]
    told = problems(tmp_path, RATINGS + "".join(rows), SINGLE)
    assert "found another value for each rater" in told
    assert "nick" not in told


def test_a_code_cannot_stand_for_two_groups_of_columns(tmp_path: Path) -> None:
    groups = {
        "sex": {"names": {"M": "men", "F": "women"}},
        "marriage": {"names": {"M": "married", "S": "single"}},
    }
    told = refused(tmp_path, {**COLUMNS, "groups": groups})
    assert "groups.marriage: the code M is in groups.sex too" in told


def test_names_of_groups_differ_in_more_than_capitals(tmp_path: Path) -> None:
    groups = {"sex": {"names": {"M": "People", "F": "people"}}}
    assert "two groups have the same name: people" in refused(
        tmp_path, {"groups": groups} | {"scales": COLUMNS["scales"]}
    )
