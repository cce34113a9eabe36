"""The figure of entropies: a panel for each cell, with what a perfect model would reach."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from emoalign.analyses.distributions.figure import COLUMNS, draw
from emoalign.figures.drawing import Subject
from emoalign.figures.style import style
from emoalign.tables import BASELINE, ENTROPY, ITEM_ENTROPIES
from tests.kit.words import report_job

N_ITEMS = 20


def items(protocol: str) -> pd.DataFrame:
    """Entropies of the items of a cell, the last two of them the same."""
    human, model = np.random.default_rng(3).uniform(0, 1.5, (2, N_ITEMS))
    human[-1], model[-1] = human[-2], model[-2]
    table = pd.DataFrame({name: [None] * N_ITEMS for name in ITEM_ENTROPIES.schema.names})
    named = {"model": "m", "protocol": protocol, "readout": "sampled"}
    return table.assign(**named, human_entropy=human, model_entropy=model)


def cell(
    protocol: str, rho: float = 0.3, n_items: int = N_ITEMS, model: str = "m"
) -> dict[str, object]:
    named = {"model": model, "protocol": protocol, "readout": "sampled", "n_items": n_items}
    numbers = {"spearman_rho": rho, "spearman_rho_low": rho - 0.1, "spearman_rho_high": rho + 0.1}
    return dict.fromkeys(ENTROPY.schema.names) | named | numbers | {"rho_perfect": 0.5}


def subject(rows: list[pd.DataFrame], cells: list[dict[str, object]], labels: bool) -> Subject:
    job = report_job(
        scales=() if labels else ("valence",), labels=("emotions",) if labels else ()
    ).drawing()
    tables = {ITEM_ENTROPIES.path: pd.concat(rows), ENTROPY.path: pd.DataFrame(cells)}
    return Subject(job, tables, "words", "emotions" if labels else "valence")


def titles(page: Figure) -> list[str]:
    return [axis.get_title() for axis in page.axes if axis.get_title()]


def test_every_cell_has_a_panel_with_its_correlation_and_what_was_possible() -> None:
    cells = [cell("p", -0.2), cell("q", np.nan), cell("r", np.nan, n_items=0)]
    with style():
        [page] = draw(subject([items("p"), items("q")], cells, False))
    first, second, third = (title.replace("\n", " ") for title in titles(page))
    assert "ρ = −.20, 95% CI [−.30, −.10] perfect model: ρ = .50" in first
    assert "ρ undefined, 20 items" in second
    assert "no items to compare" in third
    assert [text.get_text() for text in page.axes[2].texts] == ["nothing to compare"]
    assert page.axes[0].get_xlim()[1] > np.log2(9)


def test_items_of_the_same_entropies_are_one_larger_point() -> None:
    with style():
        [page] = draw(subject([items("p")], [cell("p")], False))
    [points] = page.axes[0].collections
    shown = items("p")[["human_entropy", "model_entropy"]].round(3).drop_duplicates()
    offsets = np.asarray(points.get_offsets())
    np.testing.assert_allclose(np.sort(offsets, axis=0), np.sort(shown, axis=0))
    sizes = np.unique(points.get_sizes())
    assert sizes[1] / sizes[0] == np.sqrt(2)


def test_labels_are_drawn_up_to_all_of_them_alike() -> None:
    with style():
        [page] = draw(subject([items("p")], [cell("p")], True))
    assert np.log2(3) < page.axes[0].get_xlim()[1] < np.log2(3) * 1.1


def test_many_cells_take_several_pages_and_predictions_that_were_not_asked_none() -> None:
    protocols = [f"p{number:02d}" for number in range(3 * COLUMNS + 1)]
    cells = [cell(protocol) for protocol in protocols]
    with style():
        pages = draw(
            subject(list(map(items, protocols)), [*cells, cell(BASELINE, model="learnt")], False)
        )
    assert sum(len(titles(page)) for page in pages) == len(protocols)
    assert len(pages) == 2
