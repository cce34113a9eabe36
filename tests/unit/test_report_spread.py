"""What the report says of spread: variances first, and what has been published apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from emoalign.analyses.spread.section import SECTION, findings
from emoalign.report.section import Results, View
from emoalign.tables import ALIGNMENT, STATUSES
from tests.kit.ratings import norms, rating_rows, ratings
from tests.kit.stages import make_page
from tests.kit.words import report_job, study, words_of


def cells(*rows: dict[str, object]) -> pd.DataFrame:
    base = dict.fromkeys(ALIGNMENT.schema.names, np.nan) | {
        "model": "m",
        "protocol": "p",
        "dataset": "words",
        "scale": "valence",
        "readout": "sampled",
        **{f"n_{status}": 0 for status in STATUSES},
        "n_ok": 300,
        "n_items": 30,
        "n_items_excluded": 0,
        "disattenuated_above_1": False,
    }
    return pd.DataFrame([base | row for row in rows])


def ratio(low: float, of: float, high: float, **names: object) -> dict[str, object]:
    """A cell whose root mean square SD is so many times people's."""
    ends = {"log_rms_sd_ratio_low": np.log(low), "log_rms_sd_ratio_high": np.log(high)}
    sides = {"sd_human_rms": 1.0, "sd_model_rms": of}
    return {"log_rms_sd_ratio": np.log(of), **ends, **sides, **names}


def test_one_cell_is_told_with_its_interval() -> None:
    for ends, verdict in (
        ((1.2, 1.5, 1.9), "more than human ratings"),
        ((0.4, 0.5, 0.6), "less than human ratings"),
        ((0.9, 1.0, 1.1), "neither clearly more nor less than human ratings"),
    ):
        [[sentence]] = findings(cells(ratio(*ends)), report_job())
        assert sentence.startswith(f"Model ratings of an item varied {verdict}: ")
        low, of, high = ends
        ratio_of_sds = f"the human SD was {of:.2f}, 95% CI [{low:.2f}, {high:.2f}] (Model m"
        assert ratio_of_sds in sentence


def test_many_cells_are_counted_and_their_ends_named() -> None:
    rows = cells(
        ratio(0.4, 0.5, 0.6, protocol="cold"),
        ratio(0.9, 1.0, 1.2, protocol="warm"),
        ratio(1.2, 1.5, 1.9, protocol="hot"),
        {"protocol": "refused"},
    )
    [[counts, ends]] = findings(rows, report_job(protocols=("cold", "warm", "hot", "refused")))
    assert counts == (
        "Model ratings of an item varied more than human ratings in 1 of 3 conditions and less in "
        "1 (95% intervals)."
    )
    assert ends == (
        "The ratio of the model's SD to the human SD ranged from 0.50, 95% CI [0.40, 0.60] (Model "
        "m under cold, sampled answers) to 1.50, 95% CI [1.20, 1.90] (Model m under hot, sampled "
        "answers)."
    )


def test_all_conditions_are_called_all() -> None:
    rows = [ratio(1.2, 1.5, 1.9, protocol=f"p{place}") for place in range(3)]
    for n, some in ((2, "both"), (3, "all 3")):
        [[counts, _]] = findings(cells(*rows[:n]), report_job())
        assert f"more than human ratings in {some} conditions (95% intervals)." in counts


def test_conditions_of_which_none_is_clear_are_said_to_differ_in_neither_way() -> None:
    rows = [ratio(0.9, 1.0, 1.1, protocol=f"p{place}") for place in range(3)]
    [[counts, _]] = findings(cells(*rows), report_job())
    assert counts == (
        "Model ratings of an item varied neither clearly more nor less than human ratings in any "
        "of 3 conditions (95% intervals)."
    )


def test_without_intervals_nothing_is_found() -> None:
    assert findings(cells({}), report_job()) == []


def gaps_of(folder: Path, rows: pd.DataFrame) -> dict[str, str]:
    ALIGNMENT.write(rows, folder / ALIGNMENT.path)
    view = SECTION.view(Results(report_job(), folder))
    assert isinstance(view, View)
    return {gap.what: gap.why for gap in view.values["gaps"]}


def test_a_model_that_never_varies_has_a_ratio_without_logarithm(tmp_path: Path) -> None:
    told = gaps_of(tmp_path, cells({"sd_human_rms": 1.0, "sd_model_rms": 0.0}))
    assert "the ratio is 0 and has no logarithm" in told["Ratio of SDs"]
    few = ratio(np.nan, 1.5, np.nan)
    assert gaps_of(tmp_path, cells(few)) == {
        "Interval of the ratio": "it rests on too few items (or clusters of items), or on a single "
        "one"
    }
    assert gaps_of(tmp_path, cells(ratio(1.2, 1.5, 1.9))) == {}


def test_the_page_shows_variances_first_and_the_replication_apart(tmp_path: Path) -> None:
    norm_rows = norms()
    asked = study(figures=["spread"])
    page = make_page(tmp_path, asked, rating_rows(ratings(norm_rows)), norm_rows)
    section = page[page.index('<section id="spread">') :]
    section = words_of(section[: section.index("</section>")])
    shown, apart = section.split("The same comparison as in Ogg et al. (2025)")
    assert "ln ratio [95% CI]" in shown
    assert "SD, people" in shown
    for published in ("Rank-sum W", "Signed-rank z", "Median SD, people"):
        assert published not in shown
        assert published in apart
    assert "biased downwards" in apart
    assert "Model ratings of an item varied" in page
