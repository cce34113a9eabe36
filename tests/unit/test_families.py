"""Families of tests: what methods and report say of them is what the tables hold."""

from __future__ import annotations

import html
import re
import tarfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

from emoalign.analyses.distributions.compare import adjusted
from emoalign.analyses.groups.compare_groups import group_rows
from emoalign.report.families import sentence
from emoalign.report.page import cited
from emoalign.tables import (
    ALIGNMENT,
    ALTERNATIVE_ANNOTATOR_RATERS,
    CALIBRATION,
    CONTRASTS,
    DISTRIBUTION_CONTRASTS,
    FRAMEWORK,
    ITEMS,
    SPECIFICATION_CONTRASTS,
    TABLES,
    Table,
)
from emoalign.tables.families import FAMILIES, Family
from tests.kit.analysing import run
from tests.kit.comparison import aligned, comparison, item_rows
from tests.kit.grouped import felt, groups_job, norms_of, rated_as
from tests.kit.ratings import norms, rating_rows, ratings
from tests.kit.stages import make, make_page
from tests.kit.words import study

from .test_specifications import asked
from .test_specifications import tables as tables_of

ROOT = Path(__file__).parents[2]
BY = {
    "false discovery rate": "fdr_bh",
    "false discovery rate under dependency": "fdr_by",
    "Holm": "holm",
}
ADJUSTED = [family for family in FAMILIES if family.adjusted]


def test_every_p_value_of_every_table_is_of_one_family() -> None:
    known = [
        (family.table.path, name) for family in FAMILIES for name in (*family.p, *family.adjusted)
    ]
    assert len(set(known)) == len(known)
    columns = {(table.path, name) for table in TABLES for name in table.schema.names}
    assert {(path, name) for path, name in columns if "p" in name.split("_")} == set(known)


def kept(name: str, table: Table) -> pd.DataFrame:
    """A table of a study that is kept."""
    with tarfile.open(ROOT / f"tests/kept/{name}/results.tar.xz") as archive:
        file = archive.extractfile(f"results/{name}/{table.path}")
        assert file is not None
        return pd.read_parquet(BytesIO(file.read()))


def beside_raters(folder: Path) -> pd.DataFrame:
    """A model on a scale of numbers beside seven raters, who agree with others more or less."""
    rng = np.random.default_rng(1)
    felt = rng.normal(5, 1.5, (60, 1))
    given = np.clip(np.rint(felt + rng.normal(0, np.linspace(0.5, 2, 7), (60, 7))), 1, 9)
    norm_rows = norms(60).assign(ratings=given.tolist(), raters=[list("abcdefg")] * 60)
    said = np.clip(np.rint(felt + rng.normal(0, 1.2, (60, 1))), 1, 9)
    asked = study(substitution={"epsilon": 0.1, "because": "they are paid"})
    make(folder, asked, rating_rows(said), norm_rows, analyses=["substitution"])
    table = ALTERNATIVE_ANNOTATOR_RATERS
    return table.read(folder / table.path).fillna({"label": ""})


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    """Tables as analyses make them: two models, protocols and readouts; those of whole studies."""
    folder, job = tmp_path_factory.mktemp("families"), comparison()
    items = pd.concat([item_rows(), item_rows().assign(readout="exact")], ignore_index=True)
    ITEMS.write(items, folder / "items/words.parquet")
    run(job, "compare_pairs", folder)
    run(job, "compare_frameworks", folder)
    made = {table.path: table.read(folder / table.path) for table in (CONTRASTS, FRAMEWORK)}
    contrasts = kept("inoshita2026", DISTRIBUTION_CONTRASTS).drop(columns="p_holm")
    made[DISTRIBUTION_CONTRASTS.path] = adjusted(contrasts)
    made[CALIBRATION.path] = kept("default", CALIBRATION)
    made[ALTERNATIVE_ANNOTATOR_RATERS.path] = beside_raters(folder)
    made |= {table.path: rows for table, rows in of_groups().items()}
    made[SPECIFICATION_CONTRASTS.path] = tables_of(asked({"a": 0.9, "b": 1.2, "c": 1.6})).contrasts
    return made | {ALIGNMENT.path: aligned(items, job)}


def of_groups() -> dict[Table, pd.DataFrame]:
    """Tables of two groups of raters and two models, asked as each."""
    truths = felt(40, 0.7)
    items = [rated_as(truth, model, name) for model in "ab" for name, truth in truths.items()]
    job = groups_job(men="men", women="women")
    return group_rows(pd.concat(items), {"words": norms_of(truths)}, job)


@pytest.mark.parametrize("family", ADJUSTED, ids=lambda family: family.tests)
def test_p_values_are_adjusted_over_the_rows_that_are_named(
    tables: dict[str, pd.DataFrame], family: Family
) -> None:
    table, (p,) = tables[family.table.path], family.p
    parts = [rows for _, rows in table.groupby(list(family.within))] if family.within else [table]
    groups = [rows.dropna(subset=p) for rows in parts]
    assert max(map(len, groups)) > 1
    for rows in groups:
        for column, how in family.adjusted.items():
            expected = multipletests(rows[p], method=BY[how])[1] if len(rows) else np.empty(0)
            assert rows[column].to_numpy() == pytest.approx(expected), (family.tests, column)


def test_the_methods_have_the_sentences_on_all_families() -> None:
    in_words, _ = cited(sentence())
    assert in_words in (ROOT / "docs/methods.md").read_text(encoding="utf-8")


def test_a_report_names_the_families_that_its_study_has(tmp_path: Path) -> None:
    norm_rows = norms()
    page = html.unescape(
        make_page(tmp_path, study(figures=["heatmap"]), rating_rows(ratings(norm_rows)), norm_rows)
    )
    (told,) = re.findall(r"<p>(The <i>p</i>.values were adjusted within .*?)</p>", page)
    assert "correlations with human means and of the difference in spread" in told
    assert "(Benjamini & Hochberg, 1995), each over all conditions with the same readout" in told
    assert "differences between correlations" not in told, "there is one model, and one protocol"
    assert "emotions with dimensions" not in told


def test_a_study_without_tests_of_one_kind_has_no_empty_list() -> None:
    describing = [family for family in FAMILIES if not family.confirmatory]
    assert sentence(describing).startswith(
        "The p-values were adjusted within families of tests. Those of rank-sum tests of item SDs "
        "and of signed-rank tests of item SDs were adjusted"
    )
    confirming = [family for family in FAMILIES if family.confirmatory]
    assert "descriptive" not in sentence(confirming)
    unadjusted = [family for family in FAMILIES if not family.adjusted]
    assert "were adjusted" not in sentence(unadjusted)


def test_the_methods_name_the_adjustment_that_the_page_shows() -> None:
    (differences,) = [one for one in sentence().split(". ") if "between correlations" in one]
    assert "Holm-adjusted [@holm1979] over all pairs" in differences
    assert "benjamini1995" not in differences
