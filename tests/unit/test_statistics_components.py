"""Variance components, against the analysis of variance and matrices written out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.formula.api import ols

from emoalign.statistics.components import (
    RESIDUAL,
    Component,
    variance_components,
    variances_without,
)
from emoalign.statistics.reliability import icc1


def components(y: np.ndarray, **sources: np.ndarray) -> dict[str, Component]:
    return variance_components(sources, np.ones(y.size), y, y**2)


def crossed(seed: int = 0, items: int = 20, prompts: int = 4, times: int = 3) -> pd.DataFrame:
    """A balanced design: every item with every prompt, several times."""
    rng = np.random.default_rng(seed)
    item, prompt, _ = np.indices((items, prompts, times)).reshape(3, -1)
    y = rng.normal(0, 2, items)[item] + rng.normal(0, 1, prompts)[prompt]
    y += rng.normal(0, 0.7, (items, prompts))[item, prompt] + rng.normal(0, 1, item.size)
    return pd.DataFrame({"item": item, "prompt": prompt, "both": item * prompts + prompt, "y": y})


def test_a_balanced_design_has_the_components_of_the_analysis_of_variance() -> None:
    design = crossed()
    table = sm.stats.anova_lm(ols("y ~ C(item) * C(prompt)", design).fit())
    item, prompt, both, error = table["mean_sq"]
    found = components(
        design["y"].to_numpy(), **{name: design[name].to_numpy() for name in design.columns[:3]}
    )
    assert found["item"].variance == pytest.approx((item - both) / (4 * 3))
    assert found["prompt"].variance == pytest.approx((prompt - both) / (20 * 3))
    assert found["both"].variance == pytest.approx((both - error) / 3)
    assert found[RESIDUAL].variance == pytest.approx(error)
    assert sum(one.share for one in found.values()) == pytest.approx(1)


def test_one_source_is_the_one_way_analysis_and_gives_icc1() -> None:
    rng = np.random.default_rng(1)
    ratings = rng.normal(0, 1, (30, 1)) + rng.normal(0, 1, (30, 6))
    item = np.repeat(np.arange(30), 6)
    found = components(ratings.ravel(), item=item)
    assert found["item"].share == pytest.approx(icc1(ratings).single)


def test_unequal_numbers_are_solved_as_the_matrices_say() -> None:
    """Rao's equations with the matrices of ratings by ratings written out."""
    design = crossed().sample(frac=0.6, random_state=2)
    persona = np.where(design["prompt"] == 2, -1, np.arange(len(design)) % 5)
    y = design["y"].to_numpy()
    sources = {"item": design["item"].to_numpy(), "prompt": design["prompt"].to_numpy()}
    sources["persona"] = persona
    n = len(y)
    centre = np.eye(n) - np.full((n, n), 1 / n)
    matrices = [((of[:, None] == of) & (of >= 0)[:, None]).astype(float) for of in sources.values()]
    matrices.append(np.eye(n))
    products = [centre @ matrix @ centre for matrix in matrices]
    coefficients = [[np.sum(a * b) for b in matrices] for a in products]
    expected = np.linalg.solve(coefficients, [y @ product @ y for product in products])
    found = components(y, **sources)
    assert [one.variance for one in found.values()] == pytest.approx(list(expected))


def test_components_are_right_on_average() -> None:
    rng = np.random.default_rng(3)
    item, prompt = np.indices((15, 6)).reshape(2, -1)
    kept = rng.random(item.size) < 0.7
    item, prompt = item[kept], prompt[kept]
    found = []
    for _ in range(400):
        y = rng.normal(0, 2, 15)[item] + rng.normal(0, 1, 6)[prompt]
        y += rng.normal(0, 1, item.size)
        found.append([one.variance for one in components(y, item=item, prompt=prompt).values()])
    error = np.std(found, axis=0) / 20
    assert np.abs(np.mean(found, axis=0) - (4, 1, 1)) == pytest.approx(0, abs=3 * error.max())


def test_ratings_may_come_in_groups() -> None:
    design = crossed()
    groups = design.groupby(["item", "prompt"])["y"].agg(["count", "sum", lambda y: (y**2).sum()])
    item, prompt = (groups.index.get_level_values(name).to_numpy() for name in ("item", "prompt"))
    grouped = variance_components(
        {"item": item, "prompt": prompt}, *(groups[name].to_numpy(float) for name in groups)
    )
    single = components(
        design["y"].to_numpy(), item=design["item"].to_numpy(), prompt=design["prompt"].to_numpy()
    )
    for source, component in single.items():
        assert grouped[source].variance == pytest.approx(component.variance)


@settings(deadline=None, max_examples=25, database=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10), st.floats(-50, 50))
def test_shares_depend_on_neither_unit_zero_nor_order(seed: int, unit: float, zero: float) -> None:
    design = crossed(seed % 1000)
    moved = design.sample(frac=1, random_state=seed % 1000)
    first, second = (
        components(y, item=of["item"].to_numpy(), prompt=of["prompt"].to_numpy())
        for of, y in (
            (design, design["y"].to_numpy()),
            (moved, unit * moved["y"].to_numpy() + zero),
        )
    )
    for source, component in first.items():
        assert second[source].share == pytest.approx(component.share, abs=1e-6)
        assert second[source].variance == pytest.approx(unit**2 * component.variance, rel=1e-5)


def test_a_source_with_one_level_or_none_is_not_reported() -> None:
    design = crossed()
    item = design["item"].to_numpy()
    same, nobody = np.zeros_like(item), np.full_like(item, -1)
    found = components(design["y"].to_numpy(), item=item, temperature=same, persona=nobody)
    alone = components(design["y"].to_numpy(), item=item)
    assert np.isnan([found["temperature"].variance, found["persona"].share]).all()
    assert found["temperature"].reason == "does not vary among these ratings"
    assert found["persona"].reason == "not used for these ratings"
    assert found["item"] == alone["item"]


def test_sources_that_always_change_together_are_not_told_apart() -> None:
    design = crossed()
    item, prompt = design["item"].to_numpy(), design["prompt"].to_numpy()
    found = components(design["y"].to_numpy(), item=item, prompt=prompt, temperature=3 - prompt)
    for source in ("prompt", "temperature"):
        assert np.isnan(found[source].variance)
        assert found[source].reason == "changes only together with another source"
    without = components(design["y"].to_numpy(), item=item, prompt=prompt)
    assert found["item"].variance == pytest.approx(without["item"].variance)
    assert np.isnan(found["item"].share)


def test_one_answer_per_cell_cannot_be_told_from_the_interaction() -> None:
    design = crossed(times=1)
    found = components(
        design["y"].to_numpy(), **{name: design[name].to_numpy() for name in design.columns[:3]}
    )
    assert np.isnan([found["both"].variance, found[RESIDUAL].variance]).all()
    assert np.isfinite(found["item"].variance)


def test_a_source_that_makes_no_difference_has_no_share_and_takes_none_of_the_others() -> None:
    rng = np.random.default_rng(4)
    item, prompt = np.indices((30, 4)).reshape(2, -1)
    y = rng.normal(size=30)[item] + rng.normal(size=item.size)
    y -= y.reshape(30, 4).mean(axis=0)[prompt]
    found = components(y, item=item, prompt=prompt)
    assert found["prompt"].variance < 0
    assert found["prompt"].share == 0
    whole = found["item"].variance + found[RESIDUAL].variance
    assert found["item"].share == pytest.approx(found["item"].variance / whole)
    assert found[RESIDUAL].share == pytest.approx(found[RESIDUAL].variance / whole)


@pytest.mark.parametrize("y", [[], [4.0], [4.0] * 12], ids=["nothing", "one rating", "constant"])
def test_ratings_that_say_nothing_have_no_shares(y: list[float]) -> None:
    found = components(np.array(y), item=np.arange(len(y)) % 4)
    assert np.isnan([one.share for one in found.values()]).all()
    assert all(one.reason for one in found.values())


def test_shapes_that_do_not_fit_are_named() -> None:
    with pytest.raises(ValueError, match=r"item \(3,\), counts \(2,\)"):
        variance_components({"item": np.arange(3)}, *np.ones((3, 2)))


def test_components_without_a_block_are_those_of_the_other_ratings() -> None:
    """Items that lie in blocks, prompts that are in all, personas that act on some ratings."""
    design = crossed(items=12).sample(frac=0.8, random_state=3)
    persona = np.where(design["prompt"] == 2, -1, np.arange(len(design)) % 5)
    sources = {"item": design["item"], "prompt": design["prompt"], "both": design["both"]}
    arrays = {name: of.to_numpy() for name, of in sources.items()} | {"persona": persona}
    y, blocks = design["y"].to_numpy(), design["item"].to_numpy() % 4
    found = variances_without(arrays, np.ones(y.size), y, y**2, blocks)
    for block in range(4):
        kept = blocks != block
        alone = components(y[kept], **{name: of[kept] for name, of in arrays.items()})
        assert found[block] == pytest.approx([one.variance for one in alone.values()])


def test_a_source_with_one_level_outside_a_block_is_not_told_without_the_block() -> None:
    design = crossed(items=6)
    y, item = design["y"].to_numpy(), design["item"].to_numpy()
    late = (item == 0) & (design["prompt"].to_numpy() > 1)
    found = variances_without({"item": item, "late": late + 0}, np.ones(y.size), y, y**2, item)
    assert np.isnan(found[0, 1])
    assert np.isfinite(found[1:]).all()
    alone = components(y[item > 0], item=item[item > 0])
    assert found[0, [0, 2]] == pytest.approx([one.variance for one in alone.values()])


def test_nothing_is_told_without_a_block_that_has_all_ratings() -> None:
    y, item = np.arange(6.0), np.arange(6) // 2
    found = variances_without({"item": item}, np.ones(6), y, y**2, np.zeros(6, dtype=int))
    assert found.shape == (1, 2)
    assert np.isnan(found).all()


# Cells whose ratings weigh as much together as those of any other


def unequal(seed: int = 0, items: int = 30, each: tuple[int, ...] = (9, 3, 1)) -> pd.DataFrame:
    """Every item with every prompt, by so many participants of the prompt's own."""
    rng = np.random.default_rng(seed)
    item, participant = np.indices((items, sum(each))).reshape(2, -1)
    prompt = np.repeat(np.arange(len(each)), each)[participant]
    y = rng.normal(0, 2, items)[item] + rng.normal(0, 0.5, sum(each))[participant]
    y += rng.normal(0, 0.7, (items, len(each)))[item, prompt] + rng.normal(0, 1, item.size)
    both = item * len(each) + prompt
    return pd.DataFrame(
        {"item": item, "prompt": prompt, "participant": participant, "both": both, "y": y}
    )


def weighted(design: pd.DataFrame, *names: str) -> dict[str, Component]:
    y = design["y"].to_numpy()
    sources = {name: design[name].to_numpy() for name in names}
    return variance_components(sources, np.ones(y.size), y, y**2, cells=design["both"].to_numpy())


def test_equal_cells_change_nothing() -> None:
    design = unequal(each=(4, 4, 4))
    names = ("item", "prompt", "participant", "both")
    y = design["y"].to_numpy()
    plain = components(y, **{name: design[name].to_numpy() for name in names})
    assert weighted(design, *names) == plain


def test_unequal_cells_have_the_components_of_the_analysis_of_their_means() -> None:
    design = unequal()
    cells = design.groupby(["item", "prompt"], as_index=False)["y"].agg(["mean", "var", "count"])
    table = sm.stats.anova_lm(ols("mean ~ C(item) + C(prompt)", cells).fit())
    item, prompt, both = table["mean_sq"]
    within = 1 - 1 / cells["count"]
    error = (within * cells["var"].fillna(0)).sum() / within.sum()
    found = weighted(design, "item", "prompt", "both")
    assert found["item"].variance == pytest.approx((item - both) / 3)
    assert found["prompt"].variance == pytest.approx((prompt - both) / 30)
    assert found["both"].variance == pytest.approx(both - error * (1 / cells["count"]).mean())
    assert found[RESIDUAL].variance == pytest.approx(error)


def test_unequal_cells_are_solved_as_the_matrices_say() -> None:
    """With people within cells, and cells of which some are missing."""
    design = unequal().sample(frac=0.6, random_state=4)
    y, cell = design["y"].to_numpy(), design["both"].to_numpy()
    weights = 1 / np.bincount(cell)[cell]
    centre = np.eye(len(y)) - np.outer(np.ones(len(y)), weights) / weights.sum()
    roots = {"item": weights, "prompt": weights, "participant": weights**0.5, "both": weights}
    levels = {name: pd.get_dummies(design[name]).to_numpy(dtype=float) for name in roots}
    forms = [levels[name].T @ np.diag(of) @ centre for name, of in roots.items()]
    forms.append(np.diag(weights**0.5) @ centre)
    matrices = [*levels.values(), np.eye(len(y))]
    coefficients = [[np.sum((form @ matrix) ** 2) for matrix in matrices] for form in forms]
    expected = np.linalg.solve(coefficients, [np.sum((form @ y) ** 2) for form in forms])
    found = weighted(design, *roots)
    assert [one.variance for one in found.values()] == pytest.approx(list(expected))


def test_unequal_cells_without_a_block_are_those_of_the_other_ratings() -> None:
    design = unequal().sample(frac=0.7, random_state=5)
    names = ["item", "prompt", "participant", "both"]
    y, blocks = design["y"].to_numpy(), design["item"].to_numpy() % 5
    arrays = {name: design[name].to_numpy() for name in names}
    found = variances_without(
        arrays, np.ones(y.size), y, y**2, blocks, cells=design["both"].to_numpy()
    )
    for block in range(5):
        alone = weighted(design[blocks != block], *names)
        assert found[block] == pytest.approx([one.variance for one in alone.values()])


def test_ratings_of_a_cell_may_come_in_groups() -> None:
    design = unequal()
    design["kind"] = design["participant"] % 2
    single = weighted(design, "item", "prompt", "kind", "both")
    groups = design.groupby(["item", "prompt", "kind", "both"])["y"].agg(
        ["count", "sum", lambda y: (y**2).sum()]
    )
    index = {name: groups.index.get_level_values(name).to_numpy() for name in groups.index.names}
    grouped = variance_components(
        index, *(groups[name].to_numpy(float) for name in groups), cells=index["both"]
    )
    for source, component in single.items():
        assert grouped[source].variance == pytest.approx(component.variance)


def test_one_answer_to_each_cell_is_not_told_from_the_rest() -> None:
    found = weighted(unequal(each=(1, 1, 1)), "item", "prompt", "both")
    assert np.isnan([found["both"].variance, found[RESIDUAL].variance]).all()
    assert np.isfinite(found["item"].variance)
