"""What is made of answers in sessions: the tables of order and participants, figure and page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from emoalign.analyses.catalogue import FIGURES
from emoalign.analyses.order.figure import draw
from emoalign.analyses.order.in_words import findings, later, sentences, told
from emoalign.analyses.order.section import SECTION as ORDER_SECTION
from emoalign.analyses.participants.section import SECTION as PARTICIPANTS_SECTION
from emoalign.elicitation.engines.recorded.recorded_model import RecordedModel
from emoalign.figures.drawing import subjects
from emoalign.figures.style import style
from emoalign.planning.analysed import Analyses, analysed_study
from emoalign.planning.jobs import reported
from emoalign.planning.studies import LoadedStudy
from emoalign.report.section import Absent, Results, View
from emoalign.statistics.order_effects import order_effects
from emoalign.statistics.seeds import seed_of
from emoalign.statistics.sessions import Sessions
from emoalign.tables import NORMS, ORDER, PARTICIPANTS, RATINGS
from tests.kit.analysing import analyse
from tests.kit.pages import problems
from tests.kit.ratings import norms, rating_rows, ratings
from tests.kit.sessions import planted_sessions, session_rows
from tests.kit.stages import make_page
from tests.kit.words import study, words_of

IN_SESSIONS: dict[str, Any] = {"session": {"items": 20}}
PLANTED = planted_sessions(np.random.default_rng(1), n_items=60, length=20, carry_over=0.4)


def sessions_study(**told: Any) -> LoadedStudy:
    return study(**{"protocols": {"p": IN_SESSIONS}} | told)


def human(of: Sessions) -> pd.DataFrame:
    """Norms of the items that are rated in sessions: what was felt of them, with some error."""
    felt = pd.Series(of.value).groupby(of.item).mean().to_numpy()
    return norms(felt=felt)


def tables(folder: Path, rows: pd.DataFrame, loaded: LoadedStudy) -> dict[str, pd.DataFrame]:
    """The tables of order and participants of a study with these ratings."""
    RATINGS.write(rows, folder / "ratings/words.parquet")
    NORMS.write(human(PLANTED), folder / "norms/words.parquet")
    analyse(analysed_study(loaded), folder, ["order", "participants"])
    made = {"order": ORDER, "participants": PARTICIPANTS}
    return {
        name: table.read(folder / table.path)
        for name, table in made.items()
        if (folder / table.path).exists()
    }


def test_effects_of_order_are_those_of_the_answers_in_the_files(tmp_path: Path) -> None:
    rows = session_rows(PLANTED).sample(frac=1, random_state=1)
    found = tables(tmp_path, rows, sessions_study())["order"]
    (row,) = found.to_dict("records")
    expected = order_effects(PLANTED, seed_of(3, "words", "answers"))
    assert row["carry_over"] == expected.carry_over.estimate
    assert row["carry_over_low"] == expected.carry_over.low > 0
    assert row["echo"] == expected.echo.estimate
    assert (row["n_sessions"], row["n_items"]) == (30, 60)
    assert row["n_answers"] == 30 * 18
    assert row["ok_first"] == row["ok_last"] == 1
    assert 0.5 < row["r_middle"] < 1
    assert pd.isna(row["reason"])


def test_refusals_count_as_no_rating(tmp_path: Path) -> None:
    value = PLANTED.value.copy()
    value[PLANTED.position > 17] = np.nan
    rows = session_rows(replace(PLANTED, value=value))
    (row,) = tables(tmp_path, rows, sessions_study())["order"].to_dict("records")
    assert row["ok_first"] == 1
    assert row["ok_last"] == pytest.approx(0.5, abs=0.01)  # 3 of the last 6 of 20
    assert row["n_answers"] == 30 * 15


def exact_rows(of: Sessions, expected: np.ndarray) -> pd.DataFrame:
    """Exact rows, in sessions, with these means."""
    low = np.floor(expected).astype(int)
    probabilities = np.zeros((len(expected), 9))
    here = np.arange(len(expected))
    probabilities[here, low - 1] = 0.8 * (1 - (expected - low))
    probabilities[here, np.minimum(low, 8)] += 0.8 * (expected - low)
    rows = session_rows(of, readout="exact")
    return rows.assign(rating=None, probabilities=list(probabilities))


def test_expected_ratings_are_explained_by_the_answers_of_their_sessions(tmp_path: Path) -> None:
    before = np.concatenate(([5.0], PLANTED.value[:-1]))
    before[PLANTED.position == 1] = 5
    felt = np.clip(np.random.default_rng(2).normal(5, 1, 60), 2.5, 7.5)
    expected = felt[PLANTED.item] + 0.3 * (before - 5)
    rows = pd.concat([session_rows(PLANTED), exact_rows(PLANTED, expected)])
    loaded = sessions_study(readouts=["sampled", "exact"])
    found = tables(tmp_path, rows, loaded)["order"].set_index("readout")
    assert found.loc["exact", "echo_plain"] == pytest.approx(0.3, abs=0.02)
    assert found.loc["exact", "ok_first"] == 1


def test_sessions_are_participants_and_one_who_rates_backwards_is_told_of(tmp_path: Path) -> None:
    value = PLANTED.value.copy()
    value[PLANTED.session == 4] = 10 - value[PLANTED.session == 4]
    rows = session_rows(replace(PLANTED, value=value))
    found = tables(tmp_path, rows, sessions_study())["participants"]
    assert found["participant"].tolist() == found["session"].tolist() == list(range(30))
    assert found.loc[found["low"].astype(bool), "session"].tolist() == [4]
    reversed_one = found.iloc[4]
    assert reversed_one["r_human"] < -0.3
    assert reversed_one["n_ok"] == reversed_one["n_answers"] == 20
    own = rows[rows["session"] == 4]
    means = human(PLANTED).set_index("item_id")["mean"][own["item_id"]]
    r = np.corrcoef(own["rating"], means)[0, 1]
    assert reversed_one["r_human"] == pytest.approx(r)


def test_personas_are_participants_outside_sessions(tmp_path: Path) -> None:
    answers = ratings(human(PLANTED))
    rows = rating_rows(answers).assign(persona=lambda of: "P" + of["participant"].astype(str))
    loaded = study(protocols={"p": {"personas": "aged", "participants": 1}})
    made = tables(tmp_path, rows, loaded)
    assert made["participants"]["persona"].tolist() == [f"P{k}" for k in range(10)]
    assert made["participants"]["session"].isna().all()
    assert "order" not in made, "without sessions there is no order"


def test_a_study_without_sessions_and_personas_has_neither_table() -> None:
    computed = {one.name for one, _ in Analyses(study(), None)._concerned()}  # type: ignore[arg-type]
    assert not computed & {"order", "participants"}
    inside = {one.name for one, _ in Analyses(sessions_study(), None)._concerned()}  # type: ignore[arg-type]
    assert {"order", "participants"} <= inside


def test_too_few_sessions_are_a_reason(tmp_path: Path) -> None:
    few = PLANTED.session < 6
    columns = [PLANTED.item, PLANTED.session, PLANTED.position, PLANTED.value]
    rows = session_rows(Sessions.of(*(column[few] for column in columns)))
    loaded = sessions_study()
    (row,) = tables(tmp_path, rows, loaded)["order"].to_dict("records")
    assert row["reason"] == "6 sessions with ratings, but 10 are needed"
    view = ORDER_SECTION.view(Results(reported(loaded), tmp_path))
    assert isinstance(view, View)
    assert view.values["why"] == "6 sessions with ratings, but 10 are needed"
    assert view.values["effects"] is None
    assert len(view.values["thirds"].texts) == 1, "what needs no estimate is shown"
    assert view.methods == []


def test_sessions_of_which_nothing_is_known_have_a_reason_and_no_section(tmp_path: Path) -> None:
    silent = np.full_like(PLANTED.value, np.nan)
    loaded = sessions_study()
    tables(tmp_path, session_rows(replace(PLANTED, value=silent)), loaded)
    rows = ORDER.read(tmp_path / ORDER.path)
    rows = rows.assign(**dict.fromkeys([name for name in rows if name.startswith("ok_")], np.nan))
    ORDER.write(rows, tmp_path / ORDER.path)
    view = ORDER_SECTION.view(Results(reported(loaded), tmp_path))
    assert isinstance(view, Absent)
    assert view.why.startswith("Effects of order cannot be estimated: 0 sessions with ratings")


def test_the_page_without_effects_says_why_and_shows_thirds(tmp_path: Path) -> None:
    few = PLANTED.session < 6
    columns = [PLANTED.item, PLANTED.session, PLANTED.position, PLANTED.value]
    rows = session_rows(Sessions.of(*(column[few] for column in columns)))
    words = words_of(make_page(tmp_path, sessions_study(figures=["order"]), rows, human(PLANTED)))
    assert "cannot be estimated: 6 sessions with ratings, but 10 are needed." in words
    assert "by third of the session" in words
    assert "Fuller" not in words


def order_rows(**columns: list[float]) -> pd.DataFrame:
    """Rows of the table of order, of one model under protocols a, b, …"""
    n = len(next(iter(columns.values())))
    rows = pd.DataFrame({**dict.fromkeys(ORDER.schema.names, [np.nan] * n), **columns})
    names = {"model": "m", "dataset": "words", "scale": "valence", "readout": "sampled"}
    return rows.assign(protocol=list("abcdef"[:n]), **names)


def test_one_condition_is_told_with_its_interval() -> None:
    job = reported(sessions_study(protocols={"a": IN_SESSIONS}))
    rows = order_rows(carry_over=[0.1], carry_over_low=[0.07], carry_over_high=[0.13])
    assert told(rows, "carry_over", job) == (
        "Answers moved towards the item before (assimilation): 0.10 points per point of its mean, "
        "95% CI [0.07, 0.13] (Model m, sampled answers)."
    )
    away = -rows.select_dtypes("number").rename(
        columns={"carry_over_low": "carry_over_high", "carry_over_high": "carry_over_low"}
    )
    assert told(rows.assign(**dict(away)), "carry_over", job).startswith(
        "Answers moved away from the item before (contrast): −0.10 points"
    )
    assert told(rows.assign(carry_over_low=-0.1), "carry_over", job).startswith(
        "Answers did not clearly depend on the item before: 0.10 points"
    )
    assert told(rows, "drift", job) == ""


def test_several_conditions_are_counted() -> None:
    job = reported(sessions_study(protocols=dict.fromkeys("abc", IN_SESSIONS)))
    rows = order_rows(
        carry_over=[0.1, -0.3, 0.2],
        carry_over_low=[0.07, -0.4, 0.1],
        carry_over_high=[0.13, -0.2, 0.3],
        ok_first=[1.0, 0.9, 1.0],
        ok_last=[1.0, 0.5, 0.9],
    )
    assert told(rows, "carry_over", job) == (
        "Answers moved towards the item before (assimilation) in 2 of 3 conditions and moved away "
        "from the item before (contrast) in 1 (95% intervals). The largest estimate: −0.30 points "
        "per point of its mean, 95% CI [−0.40, −0.20] (Model m under b, "
        "sampled answers)."
    )
    assert list(later(rows, job)) == [
        "From the first to the last third of a session, the share of usable answers went from 90% "
        "to 50% (Model m under b, sampled answers, where it changed most)."
    ]
    assert list(later(rows.assign(ok_first=1.0, ok_last=1.0), job)) == [
        "From the first to the last third of a session, the share of usable answers stayed at 100% "
        "in all conditions."
    ]
    unclear = rows.assign(carry_over_low=-1.0, carry_over_high=1.0)
    assert "did not clearly depend on the item before in any of 3 cond" in told(
        unclear, "carry_over", job
    )


def mirrored(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """The same effect with the other sign."""
    low, high = f"{name}_low", f"{name}_high"
    return rows.assign(**{name: -rows[name], low: -rows[high], high: -rows[low]})


def test_an_echo_is_told_as_what_the_next_answer_was() -> None:
    job = reported(sessions_study(protocols={"a": IN_SESSIONS}))
    rows = order_rows(echo=[0.6], echo_low=[0.55], echo_high=[0.65])
    assert told(rows, "echo", job) == (
        "Answers followed the answer before (echo): after an answer 1 point higher, the next was "
        "0.60 points higher, 95% CI [0.55, 0.65] (Model m, sampled answers)."
    )
    assert told(mirrored(rows, "echo"), "echo", job) == (
        "Answers moved away from the answer before (negative echo): after an answer 1 point "
        "higher, the next was 0.60 points lower, 95% CI [−0.65, −0.55] (Model m, sampled answers)."
    )
    assert told(rows.assign(echo_low=-0.1), "echo", job).startswith(
        "Answers did not clearly follow the answer before: after an answer 1 point higher, the "
        "next was 0.60 points higher, 95% CI [−0.10, 0.65]"
    )


def test_what_order_clearly_does_is_a_finding_also_where_the_carry_over_is_unknown() -> None:
    job = reported(sessions_study(protocols={"a": IN_SESSIONS}))
    echo = {"echo": [0.6], "echo_low": [0.55], "echo_high": [0.65]}
    rows = order_rows(**echo, drift=[0.01], drift_low=[-0.1], drift_high=[0.1])
    ((finding,),) = findings(rows, job)
    assert finding.startswith("In sessions, answers followed the answer before (echo): after")
    ((unclear,),) = findings(rows.assign(echo_low=-0.1), job)
    assert unclear.startswith("In sessions, answers did not clearly follow the answer before")
    falling = rows.assign(echo_low=-0.1, drift=-0.2, drift_low=-0.3, drift_high=-0.1)
    ((fell,),) = findings(falling, job)
    assert fell.startswith("In sessions, answers fell during the session: −0.20 points in ten")
    assert list(findings(order_rows(echo=[np.nan]), job)) == []


def test_conditions_without_carry_over_are_counted() -> None:
    job = reported(sessions_study(protocols=dict.fromkeys("abc", IN_SESSIONS)))
    nan = np.nan
    rows = order_rows(carry_over=[0.1, nan, nan], drift=[0.1, 0.1, nan], echo=[0.1, 0.1, nan])
    lacks = "What the items before do (carry-over, history) cannot be told"
    assert sentences(rows, job)[-1] == f"{lacks} in 1 of 2 conditions; the table says why."
    for alike in (rows[1:2], rows.assign(carry_over=nan)):
        assert sentences(alike, job)[-1] == f"{lacks}; the table says why."
    assert lacks not in " ".join(sentences(rows[:1], job))


def recorded(**columns: str) -> RecordedModel:
    """A card of a table of people's ratings with these columns."""
    content = {"title": "People", "engine": "recorded", "source": {"file": "people.csv"}}
    named = {"item": "word", "rating": "valence"} | columns
    return RecordedModel.model_validate(content | {"columns": named, "scale": "valence"})


@pytest.mark.parametrize(
    ("columns", "participants", "sessions"),
    [
        ({}, False, False),
        ({"participant": "who"}, True, False),
        ({"session": "list"}, True, False),
        ({"participant": "who", "position": "trial"}, True, True),
    ],
)
def test_recorded_ratings_are_looked_at_as_far_as_their_table_tells(
    columns: dict[str, str], participants: bool, sessions: bool
) -> None:
    loaded = replace(study(protocols={"p": {}}), models={"m": recorded(**columns)})
    of_words = analysed_study(loaded).datasets["words"]
    assert of_words.participants == ((("m", "p"),) if participants else ())
    assert of_words.sessions == ((("m", "p"),) if sessions else ())


def test_people_are_told_of_beside_models() -> None:
    loaded = sessions_study(protocols={"a": IN_SESSIONS, "b": IN_SESSIONS}, models=("m", "people"))
    models = {**loaded.models, "people": recorded(participant="who", position="trial")}
    job = reported(replace(loaded, models=models))
    rows = order_rows(
        carry_over=[0.1, -0.3], carry_over_low=[0.07, -0.4], carry_over_high=[0.13, -0.2]
    ).assign(model=["m", "people"])
    of_model, of_people = sentences(rows, job)
    assert of_model.startswith("Answers moved towards the item before (assimilation): 0.10 points")
    assert of_people.startswith(
        "In recorded ratings, answers moved away from the item before (contrast): −0.30 points"
    )


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of a study with sessions under one of its two protocols."""
    loaded = sessions_study(protocols={"alone": {}, "in-sessions": IN_SESSIONS}, figures=["order"])
    alone = rating_rows(ratings(human(PLANTED)), protocol="alone")
    rows = pd.concat([alone, session_rows(PLANTED, protocol="in-sessions")])
    folder = tmp_path_factory.mktemp("page")
    return make_page(folder, loaded, rows, human(PLANTED))


def test_the_page_tells_what_order_does(page: str) -> None:
    words = words_of(page)
    assert "Do answers depend on what came before them?" in words
    assert "In sessions, answers moved towards the item before (assimilation)" in words
    assert "Does each participant rate like the others?" in words
    assert "Each of the 30 participants agreed with the others" in words
    assert "Fuller" in words
    assert "Dhaene" in words


def test_the_figure_has_a_panel_for_each_effect_and_stays_readable(tmp_path: Path) -> None:
    protocols = {"in-short-sessions": IN_SESSIONS, "in-sessions": {"session": {"items": 40}}}
    loaded = sessions_study(protocols=protocols, figures=["order"], models=("m", "n"))
    rows = pd.concat(
        session_rows(PLANTED, protocol=protocol, model=model)
        for protocol in protocols
        for model in ("m", "n")
    )
    tables(tmp_path, rows, loaded)
    ((_, subject),) = list(subjects(FIGURES, reported(loaded).drawing(), tmp_path))
    with style():
        (figure,) = draw(subject)
        assert problems(figure) == []
    assert [axis.get_title() for axis in figure.axes] == ["Carry-over", "Echo", "Drift", "History"]
    assert all(len(axis.lines) == 1 + 2 * 4 for axis in figure.axes)


ALIKE = planted_sessions(np.random.default_rng(2), n_items=60, length=20, echo=0.6, item_sd=0)


def test_items_that_hardly_differ_leave_echo_and_drift_on_the_page(tmp_path: Path) -> None:
    loaded = sessions_study(figures=["order"])
    (row,) = tables(tmp_path, session_rows(ALIKE), loaded)["order"].to_dict("records")
    assert row["echo_low"] > 0.4
    assert np.isnan([row["carry_over"], row["history_low"]]).all()
    assert row["reason"].startswith("no carry-over and history: the mean ratings of items")
    view = ORDER_SECTION.view(Results(reported(loaded), tmp_path))
    assert isinstance(view, View)
    assert "the next was 0." in view.values["sentences"][0]
    assert "points higher" in view.findings[0][0]
    assert "carry-over and history were left out" in view.methods[0]
    page = make_page(tmp_path / "page", loaded, session_rows(ALIKE), human(ALIKE))
    assert row["reason"] in words_of(page)


def test_the_figure_has_no_panel_for_effects_that_no_condition_has(tmp_path: Path) -> None:
    loaded = sessions_study(figures=["order"], models=("m", "n"))
    alike = session_rows(ALIKE)
    for other, panels in ((ALIKE, 2), (PLANTED, 4)):
        tables(tmp_path, pd.concat([alike, session_rows(other, model="n")]), loaded)
        ((_, subject),) = list(subjects(FIGURES, reported(loaded).drawing(), tmp_path))
        with style():
            (figure,) = draw(subject)
            assert problems(figure) == []
        assert len(figure.axes) == panels


def test_no_sessions_no_figure() -> None:
    loaded = study(figures=["order"])
    lack = next(kind for kind in FIGURES if kind.name == "order").lacks
    assert lack(reported(loaded).drawing()) == "no sessions"
    assert lack(reported(sessions_study()).drawing()) is None


def test_unlike_participants_are_listed_and_not_left_out(tmp_path: Path) -> None:
    value = PLANTED.value.copy()
    value[PLANTED.session == 4] = 10 - value[PLANTED.session == 4]
    loaded = sessions_study()
    tables(tmp_path, session_rows(replace(PLANTED, value=value)), loaded)
    view = PARTICIPANTS_SECTION.view(Results(reported(loaded), tmp_path))
    assert isinstance(view, View)
    assert view.values["verdict"] == (
        "The ratings of 1 of 30 participants correlate below .10 with the means of the others. "
        "Nobody is excluded."
    )
    assert len(view.values["low"].texts) == 1
    assert view.values["summary"].texts[0][3] == "30"


def test_participants_who_cannot_be_compared_are_counted(tmp_path: Path) -> None:
    value = PLANTED.value.copy()
    value[PLANTED.session == 4] = 5
    loaded = sessions_study()
    tables(tmp_path, session_rows(replace(PLANTED, value=value)), loaded)
    view = PARTICIPANTS_SECTION.view(Results(reported(loaded), tmp_path))
    assert isinstance(view, View)
    assert view.values["verdict"] == (
        "Each of the 29 participants agreed with the others: correlations of .10 or more with "
        "their means. 1 other cannot be compared."
    )
