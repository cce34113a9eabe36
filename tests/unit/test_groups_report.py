"""What the report says of groups of raters, from the table of single ratings to the page."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emoalign.analyses.catalogue import FIGURES
from emoalign.analyses.groups.compare_groups import group_rows
from emoalign.analyses.groups.figure import draw
from emoalign.analyses.groups.in_words import findings
from emoalign.analyses.groups.section import SECTION
from emoalign.figures.drawing import Subject
from emoalign.figures.style import style
from emoalign.planning.jobs import reported
from emoalign.planning.studies import LoadedStudy
from emoalign.report.section import Absent, Results, View
from emoalign.statistics.pairs import FloatArray
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.study.personas import PersonaTable
from emoalign.tables import GROUP_CONTRASTS, GROUP_PERSONAS, GROUPS, NORMS
from tests.kit.grouped import felt, groups_job, norms_of, of_group, rated_as
from tests.kit.pages import problems
from tests.kit.ratings import item_ids, norms, rating_rows
from tests.kit.stages import make_page
from tests.kit.words import report_job, study

N = 200
TRUTHS = felt(N, 0.7)
LIKE_WOMEN = TRUTHS["women"] + np.random.default_rng(1).normal(0, 0.5, N)


def told(
    items: pd.DataFrame, norm_rows: pd.DataFrame, folder: Path | None = None, **personas: str
) -> list[str]:
    """The findings, a text for each; tables are left in a folder."""
    tables = group_rows(items, {"words": norm_rows}, groups_job(999, **personas))
    if folder is not None:
        for table, rows in tables.items():
            table.write_both(rows, folder / "statistics")
    protocols = tuple(sorted(set(items["protocol"])))
    job = report_job(models=tuple(sorted(set(items["model"]))), protocols=protocols)
    personas_rows = tables[GROUP_PERSONAS]
    return [" ".join(one) for one in findings(tables[GROUP_CONTRASTS], personas_rows, job)]


def test_the_group_that_a_model_is_closer_to_is_named() -> None:
    (finding,) = told(rated_as(LIKE_WOMEN), norms_of(TRUTHS, raters=20))
    assert re.match(
        r"Ratings correlated more highly with the means of women than of men \(r = \.9\d against "
        r"\.7\d, difference \.\d\d, 95% CI \[\.\d\d, \.\d\d\]; Model m, sampled answers"
        r"\)\. The different reliabilities of the groups' means do not explain this: the "
        r"difference remained after correction for them\. The ceilings there were \.9\d \(women\) "
        r"and \.9\d \(men\)\. "
        r"In points of the scale, ratings were closer to the means of women than of men",
        finding,
    )


def test_a_difference_that_reliability_may_explain_is_said_to_be_one() -> None:
    truth = TRUTHS["women"]
    norm_rows = pd.concat([of_group(truth, 40, "men"), of_group(truth, 3, "women")])
    (finding,) = told(rated_as(LIKE_WOMEN), norm_rows)
    assert "correlated more highly with the means of men than of women" in finding
    assert "may explain this: after correction for them, no clear difference was left" in finding
    assert "do not explain" not in finding
    assert "In points" not in finding


def test_without_sds_nothing_is_said_of_reliability() -> None:
    norm_rows = norms_of(TRUTHS, raters=20).assign(sd=np.nan, n=None)
    (finding,) = told(rated_as(LIKE_WOMEN), norm_rows)
    assert finding.endswith(
        "Whether the reliability of the two groups' means explains this could not be assessed."
    )


def test_groups_that_do_not_differ_share_a_sentence() -> None:
    truth = TRUTHS["women"]
    sex = norms_of({"men": truth, "women": truth}, 20)
    age = norms_of({"old": truth, "young": truth}, 20, seed=1).assign(attribute="age")
    items = pd.concat([rated_as(LIKE_WOMEN, name) for name in "ab"])
    assert told(items, pd.concat([sex, age])) == [
        "Correlations did not differ significantly between the means of old and of young nor "
        "between the means of men and of women in either condition."
    ]


def test_of_several_conditions_those_that_differ_are_counted() -> None:
    middle = (TRUTHS["men"] + TRUTHS["women"]) / 2
    means = {"a": TRUTHS["men"], "b": TRUTHS["women"], "c": middle, "d": TRUTHS["women"]}
    items = pd.concat([rated_as(mean, name) for name, mean in means.items()])
    (finding,) = told(items, norms_of(TRUTHS, 20))
    assert "In 1 of 4 conditions, ratings correlated more highly with the means of men" in finding
    assert "In 2 of 4 conditions, ratings correlated more highly with the means of wom" in finding


def test_what_personas_do_is_told() -> None:
    items = pd.concat([rated_as(TRUTHS[name], protocol=name) for name in TRUTHS])
    towards = told(items, norms_of(TRUTHS), men="men", women="women")[-1]
    assert re.match(
        r"Personas of men and of women moved ratings towards their own group \(shift \d\.\d\d "
        r"squared points, 95% CI \[\d\.\d\d, \d\.\d\d\], p < \.001; Model m under men and women, ",
        towards,
    )
    away = told(items, norms_of(TRUTHS), men="women", women="men")[-1]
    assert "moved ratings away from their own group (shift −" in away
    same = pd.concat([rated_as(LIKE_WOMEN, protocol=name) for name in TRUTHS])
    assert not [
        one for one in told(same, norms_of(TRUTHS), **{n: n for n in TRUTHS}) if "moved" in one
    ]
    noisy = LIKE_WOMEN + np.random.default_rng(3).normal(0, 0.3, N)
    same = pd.concat([rated_as(LIKE_WOMEN, protocol="men"), rated_as(noisy, protocol="women")])
    nothing = told(same, norms_of(TRUTHS), men="men", women="women")[-1]
    assert nothing.startswith("Personas of men and of women did not clearly move ratings towards")


def test_a_study_in_which_no_group_has_enough_raters_says_so(tmp_path: Path) -> None:
    assert told(rated_as(LIKE_WOMEN), norms_of(TRUTHS, raters=2), tmp_path) == []
    view = SECTION.view(Results(report_job(), tmp_path))
    assert isinstance(view, Absent)
    assert view.why == (
        "Not assessable: no item was rated by 3 or more men and no item was rated by 3 or more "
        "women."
    )


def test_a_table_shows_every_group_and_contrast(tmp_path: Path) -> None:
    told(rated_as(LIKE_WOMEN), norms_of(TRUTHS), tmp_path)
    view = SECTION.view(Results(report_job(), tmp_path))
    assert isinstance(view, View)
    assert len(view.values["groups"].texts) == 2
    assert len(view.values["contrasts"].texts) == 1
    assert view.values["personas"] is None
    assert view.values["no_personas"] == ["for sex (Words), no protocol asks as men or women"]
    assert any("paired bootstrap over items" in one for one in view.methods)


@pytest.fixture
def single(tmp_path: Path) -> tuple[LoadedStudy, pd.DataFrame, pd.DataFrame]:
    """A study of single ratings with a column of groups, asked as both; its ratings and norms."""
    loaded = study(protocols={name: {"participants": 3, "personas": name} for name in TRUTHS})
    truths: dict[str, FloatArray] = felt(30, 1.0)
    rng = np.random.default_rng(2)
    rows, wide = [], []
    for place, name in enumerate(item_ids(30)):
        for person in range(12):
            sex = "mw"[person % 2]
            felt_by = truths["women" if sex == "w" else "men"][place]
            value = float(np.clip(round(felt_by + rng.normal(0, 0.7)), 1, 9))
            rows.append(f"{name},{name},person-{person},{sex},{value}")
            wide.append(value)
    table = tmp_path / "words.csv"
    table.write_text("\n".join(["id,word,who,sex,valence", *rows, ""]), encoding="utf-8")
    card = loaded.datasets["words"].model_dump()
    card["source"] |= {
        "table": {"file": str(table)},
        "rater": "who",
        "groups": {"sex": {"column": "sex", "names": {"m": "men", "w": "women"}}},
    }
    personas = {
        name: PersonaTable.model_validate(
            {
                "title": name,
                "template": "{{ n }}",
                "personas": [{"n": n, "sex": name} for n in "abc"],
            }
        )
        for name in TRUTHS
    }
    loaded = replace(
        loaded, datasets={"words": DatasetCard.model_validate(card)}, personas=personas
    )
    answers = [
        rating_rows(
            np.clip(np.rint(truths[name][:, None] + rng.normal(0, 0.3, (30, 3))), 1, 9),
            protocol=name,
        )
        for name in TRUTHS
    ]
    norm_rows = norms(felt=truths["men"]).drop(columns=["mean", "sd", "ratings", "n"])
    by_item = np.array(wide).reshape(30, 12)
    norm_rows = norm_rows.assign(
        mean=by_item.mean(axis=1),
        sd=by_item.std(axis=1, ddof=1),
        n=12,
        ratings=by_item.tolist(),
        raters=[[f"code-{person}" for person in range(12)]] * 30,
    )
    return loaded, pd.concat(answers), norm_rows[NORMS.schema.names]


def test_single_ratings_by_group_are_on_the_page_without_a_rater(
    single: tuple[LoadedStudy, pd.DataFrame, pd.DataFrame], tmp_path: Path
) -> None:
    page = make_page(tmp_path / "results", *single)
    seen = html.unescape(page)
    assert "Whose ratings does the model give?" in seen
    assert "In Words, raters are grouped by sex (men, women)." in seen
    assert "Personas of men and of women moved ratings towards their own group" in seen
    assert "person-" not in page
    statistics = tmp_path / "results/statistics"
    rows = GROUPS.read(statistics / "groups.parquet")
    assert set(rows["reliability_source"]) == {"icc_c"}
    assert (rows["n_raters"] == 6).all()
    assert rows["r_disattenuated_low"].notna().all()
    assert rows["reason"].isna().all()
    for file in statistics.glob("*.csv"):
        text = file.read_text(encoding="utf-8")
        assert "person-" not in text, file
        assert "code-" not in text, file


@pytest.mark.parametrize("models", [1, 3, 30])
@pytest.mark.parametrize("attributes", [1, 4])
def test_the_figure_is_legible_with_many_models_and_attributes(
    models: int, attributes: int
) -> None:
    names = [f"model-{number:02d}" for number in range(models)]
    items = pd.concat([rated_as(LIKE_WOMEN[:40], name) for name in names[:2]])
    told = {name: truth[:40] for name, truth in TRUTHS.items()}
    norm_rows = pd.concat(
        norms_of(told).assign(attribute=f"attribute {number}") for number in range(attributes)
    )
    few = norm_rows["group"] == "men"
    norm_rows.loc[few & (norm_rows["attribute"] == "attribute 0"), "n"] = 1
    rows = group_rows(items, {"words": norm_rows}, groups_job(100))[GROUPS]
    of = {name: names[min(place, 1)] for place, name in enumerate(names)}
    many = pd.concat(
        [rows[rows["model"] == known].assign(model=name) for name, known in of.items()]
    )
    job = report_job(models=names).drawing()
    with style():
        made = draw(Subject(job, {GROUPS.path: many}, "words"))
        assert len(made) == (1 if models < 30 else 2) * (1 if attributes < 4 else 2)
        assert [found for page in made for found in problems(page)] == []


def test_only_datasets_with_groups_have_the_figure(
    single: tuple[LoadedStudy, pd.DataFrame, pd.DataFrame],
) -> None:
    (kind,) = (kind for kind in FIGURES if kind.name == "groups")
    assert kind.lacks(reported(single[0]).drawing()) is None
    assert kind.lacks(report_job().drawing()) == "no groups of raters"
