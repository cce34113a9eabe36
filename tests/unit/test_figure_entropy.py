"""The figure of entropies: a panel for each cell, with what a perfect model would reach."""

from __future__ import annotations

import numpy as np
import pandas as pd

from emoalign.figures.entropy import COLUMNS, ROWS, draw
from emoalign.figures.style import style
from emoalign.figures.subject import Subject
from emoalign.tables import BASELINE, ENTROPY, ITEMS
from tests.kit.words import report_job

N_ITEMS = 20


def rows(protocol: str, shares: int, missing: bool = False) -> pd.DataFrame:
    """Item rows of a cell, with distributions over `shares` points or labels."""
    rng = np.random.default_rng(3)
    table = pd.DataFrame({name: [None] * N_ITEMS for name in ITEMS.schema.names})
    model, human = rng.dirichlet(np.ones(shares), (2, N_ITEMS))
    return table.assign(
        model="m",
        protocol=protocol,
        readout="sampled",
        distribution=None if missing else model.tolist(),
        human_distribution=human.tolist(),
    )


def entropy_row(protocol: str, rho: float) -> dict[str, object]:
    named = {"model": "m", "protocol": protocol, "readout": "sampled", "n_items": N_ITEMS}
    numbers = {"spearman_rho": rho, "spearman_rho_low": rho - 0.1, "spearman_rho_high": rho + 0.1}
    return dict.fromkeys(ENTROPY.schema.names) | named | numbers | {"rho_perfect": 0.5}


def subject(items: list[pd.DataFrame], found: list[dict[str, object]], labels: bool) -> Subject:
    job = report_job(
        scales=() if labels else ("valence",), labels=("emotions",) if labels else ()
    ).drawing()
    tables = {ITEMS.path: pd.concat(items), ENTROPY.path: pd.DataFrame(found)}
    return Subject(job, tables, "words", "emotions" if labels else "valence")


def titles(page: object) -> list[str]:
    return [axis.get_title() for axis in page.axes if axis.get_title()]  # type: ignore[attr-defined]


def test_every_cell_has_a_panel_with_its_correlation_and_what_was_possible() -> None:
    cells = [rows("p", 9), rows("q", 9, missing=True)]
    with style():
        [page] = draw(subject(cells, [entropy_row("p", -0.2), entropy_row("q", np.nan)], False))
    first, second = titles(page)
    assert "ρ = −0.20 [−0.30, −0.10] (perfect 0.50)" in first
    assert "ρ undefined, 20 items" in second
    assert [text.get_text() for text in page.axes[1].texts] == ["nothing to compare"]
    assert page.axes[0].get_xlim()[1] > np.log2(9)


def test_labels_are_drawn_up_to_all_of_them_alike() -> None:
    with style():
        [page] = draw(subject([rows("p", 3)], [], True))
    assert "no items to compare" in titles(page)[0]
    assert np.log2(3) < page.axes[0].get_xlim()[1] < np.log2(3) * 1.1
    [points] = page.axes[0].collections
    assert len(np.asarray(points.get_offsets())) == N_ITEMS


def test_many_cells_take_several_pages_and_predictions_that_were_not_asked_none() -> None:
    per_page = COLUMNS * ROWS
    cells = [rows(f"p{number:02d}", 9) for number in range(per_page + 1)]
    with style():
        first, second = draw(subject(cells, [entropy_row(BASELINE, 0.3)], False))
    assert len(titles(first)) == per_page
    assert len(titles(second)) == 1
