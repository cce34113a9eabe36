"""What the report says of conclusions over all ways of asking: true whatever the numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from emoalign.report.over_specifications import over_specifications
from emoalign.tables import SPECIFICATION_CONTRASTS, SPECIFICATION_CURVES, SPECIFICATIONS
from tests.kit.words import report_job

SAME = (
    "comparisons of two models, the same model is closer to people in every way of asking, and "
    "clearly so over all together (Holm-adjusted p < .05)"
)
JOB = report_job(models=("a", "b", "c"))
TWO_SCALES = report_job(models=("a", "b"), scales=("arousal", "valence"))


def contrast(a: int, b: int, n: int, p: float, **told: object) -> dict[str, object]:
    """Two models over `n` ways of asking, of which `a` is closer to people in some, and `b`."""
    return dict.fromkeys(SPECIFICATION_CONTRASTS.schema.names) | {
        **{"dataset": "words", "scale": "valence", "a": "a", "b": "b"},
        **{"n_specifications": n, "n_a_higher": a, "n_b_higher": b, "p": p, "p_holm": p},
        "difference": 0.1 if a > b else -0.1 if b > a else 0.0,
        **told,
    }


def curve(lowest: float, highest: float, n: int, above: int, **told: object) -> dict[str, object]:
    return dict.fromkeys(SPECIFICATION_CURVES.schema.names) | {
        **{"model": "a", "dataset": "words", "scale": "valence", "n_specifications": n},
        **{"n_above_0": above, "lowest": lowest, "highest": highest},
        "median": (lowest + highest) / 2,
        **told,
    }


def way(r: float, items: int, answers: float, **told: object) -> dict[str, object]:
    """A way of asking with so many answers to each of so many items."""
    return dict.fromkeys(SPECIFICATIONS.schema.names) | {
        **{"model": "a", "dataset": "words", "scale": "valence", "readout": "sampled"},
        **{"temperature": 1.0, "n_items": items, "n_ok": round(items * answers), "r": r},
        **told,
    }


def said(
    contrasts: list[dict[str, object]],
    curves: list[dict[str, object]] | None = None,
    job=JOB,
    ways: list[dict[str, object]] | None = None,
) -> str | None:  # type: ignore[no-untyped-def]
    return over_specifications(
        pd.DataFrame(ways or [], columns=SPECIFICATIONS.schema.names),
        pd.DataFrame(curves or [], columns=SPECIFICATION_CURVES.schema.names),
        pd.DataFrame(contrasts, columns=SPECIFICATION_CONTRASTS.schema.names),
        job,
    )


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (
            contrast(12, 0, 12, 0.001),
            "Model a is closer to people than Model b in all 12 ways of asking (p = .001).",
        ),
        (
            contrast(0, 2, 2, 0.0004),
            "Model b is closer to people than Model a in both ways of asking (p < .001).",
        ),
        (
            contrast(12, 0, 12, 0.2),
            "Model a is closer to people than Model b in all 12 ways of asking, but chance may "
            "explain the difference (p = .200).",
        ),
        (
            contrast(9, 3, 12, 0.012),
            "Over all 12 ways of asking together, Model a is closer to people than Model b "
            "(p = .012), but not in each: Model a is closer in 9; Model b is closer in 3.",
        ),
        (
            contrast(11, 0, 12, 0.012),
            "Over all 12 ways of asking together, Model a is closer to people than Model b "
            "(p = .012), but not in each: Model a is closer in 11.",
        ),
        (
            contrast(5, 7, 12, 0.43),
            "Over all 12 ways of asking, Model a and Model b are not clearly apart (p = .430): "
            "Model b is closer in 7; Model a is closer in 5.",
        ),
        (
            contrast(1, 1, 2, 0.9),
            "Over both ways of asking, Model a and Model b are not clearly apart (p = .900): "
            "Model a is closer in 1; Model b is closer in 1.",
        ),
        (
            contrast(0, 0, 4, 1.0),
            "Over all 4 ways of asking, Model a and Model b are not clearly apart (p > .999).",
        ),
        (
            contrast(3, 0, 3, np.nan, reason="only 2 clusters of items; 3 are needed"),
            "Model a is closer to people than Model b in all 3 ways of asking; this could not be "
            "tested (only 2 clusters of items; 3 are needed).",
        ),
        (
            contrast(2, 1, 3, np.nan),
            "Over all 3 ways of asking, Model a and Model b are not clearly apart: Model a is "
            "closer in 2; Model b is closer in 1.",
        ),
    ],
)
def test_two_models_are_told_apart_only_as_far_as_ways_of_asking_do(
    row: dict[str, object], words: str
) -> None:
    assert said([row]) == words


def test_the_scale_is_named_where_there_are_several() -> None:
    told = said([contrast(4, 0, 4, 0.01)], job=TWO_SCALES)
    assert told == (
        "Model a is closer to people than Model b on valence in all 4 ways of asking (p = .010)."
    )


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (
            [contrast(4, 0, 4, 0.01), contrast(3, 1, 4, 0.02), contrast(2, 2, 4, 0.5)],
            f"In 1 of 3 {SAME}; 1 is clear over all together but not the same in each; 1 is not "
            "clear.",
        ),
        ([contrast(4, 0, 4, 0.01), contrast(0, 4, 4, 0.02)], f"In both {SAME}."),
        (
            [contrast(3, 1, 4, 0.01), contrast(4, 0, 4, 0.2), contrast(4, 0, 4, np.nan)],
            f"In none of 3 {SAME}; 1 is clear over all together but not the same in each; 2 are "
            "not clear.",
        ),
        (
            [contrast(4, 0, 4, 0.2), contrast(0, 0, 4, 1.0)],
            "None of 2 comparisons of two models is clear over all ways of asking together "
            "(Holm-adjusted p < .05).",
        ),
    ],
)
def test_several_comparisons_are_counted(rows: list[dict[str, object]], words: str) -> None:
    assert said(rows) == words


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (
            curve(0.45, 0.63, 12, 12),
            "Over 12 ways of asking, r with people is between .45 and .63 (median .54); its 95% "
            "interval is above 0 in all 12.",
        ),
        (
            curve(-0.1, 0.5, 6, 4),
            "r with people depends on the way of asking even in its sign: over 6 ways, it is "
            "between −.10 and .50 (median .20); its 95% interval is above 0 in 4 of 6.",
        ),
        (
            curve(0.5, 0.5, 2, 0),
            "Over 2 ways of asking, r with people is .50 (median .50); its 95% interval is above "
            "0 in none of 2.",
        ),
    ],
)
def test_of_one_model_the_range_of_r_is_told(row: dict[str, object], words: str) -> None:
    assert said([], [row]) == words


def test_of_several_curves_the_widest_is_told() -> None:
    rows = [curve(0.4, 0.5, 4, 4), curve(0.1, 0.6, 4, 3, model="b", scale="arousal")]
    assert said([], rows, TWO_SCALES) == (
        "r with people varies most between ways of asking for Model b, arousal: between .10 and "
        ".60 over 4 ways. In 1 of 2 cases, there are ways of asking in which r is not above 0 "
        "(95% interval)."
    )
    rows[1]["n_above_0"] = 4
    told = said([], rows, TWO_SCALES)
    assert told is not None
    assert told.endswith("In every case, r is above 0 (95% interval) in all ways of asking.")


def test_one_way_of_asking_is_not_told_of() -> None:
    assert said([], [curve(0.4, 0.4, 1, 1)]) is None
    assert said([contrast(1, 0, 1, 0.5)], [curve(0.4, 0.4, 1, 1)]) is None


FEW = "The lowest r rests on only 7 answers to each item, whose noise lowers it."


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (way(0.25, 300, 2099 / 300), way(0.7, 300, 1, readout="exact"), FEW),
        (way(0.25, 300, 7, temperature=np.nan), way(0.7, 300, 7), FEW),
        (way(0.25, 30, 10), way(0.7, 30, 10), ""),
        (way(0.25, 300, 1, temperature=0.0), way(0.7, 300, 1), ""),
        (way(0.25, 300, 1, readout="exact"), way(0.7, 300, 1, readout="stated"), ""),
        (
            way(0.25, 7, 1.2),
            way(0.7, 300, 21),
            "The lowest r rests on only 1 answer to each of 7 items, whose noise lowers it.",
        ),
        (
            way(0.25, 29, 21),
            way(0.7, 12, 3),
            "The lowest r rests on only 29 items. The highest r rests on only 12 items.",
        ),
    ],
)
def test_ends_of_the_range_that_rest_on_little_say_so(
    low: dict[str, object], high: dict[str, object], words: str
) -> None:
    others = [
        way(0.5, 3, 1),
        way(np.nan, 2, 1),
        way(0.1, 3, 1, model="b"),
        way(0.1, 3, 1, scale="arousal"),
    ]
    told = said([], [curve(0.25, 0.7, 3, 3)], ways=[high, *others, low])
    assert (
        told
        == (
            "Over 3 ways of asking, r with people is between .25 and .70 (median .47); its 95% "
            f"interval is above 0 in all 3. {words}"
        ).rstrip()
    )


def test_the_widest_of_several_ranges_says_what_its_ends_rest_on() -> None:
    rows = [curve(0.4, 0.5, 4, 4), curve(0.1, 0.6, 4, 4, model="b")]
    ways = [way(0.4, 5, 1), way(0.1, 300, 7, model="b"), way(0.6, 300, 7, model="b")]
    told = said([], rows, ways=ways)
    assert told == (
        f"r with people varies most between ways of asking for Model b: between .10 and .60 over 4 "
        f"ways. {FEW} In every case, r is above 0 (95% interval) in all ways of asking."
    )


def test_a_range_of_one_value_says_nothing_of_its_ends() -> None:
    told = said([], [curve(0.5, 0.5, 2, 2)], ways=[way(0.5, 4, 1), way(0.5, 4, 1)])
    assert told is not None
    assert "rests" not in told
