"""The plan of a study: counted by hand, without asking anyone."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from emoalign.elicitation.engines.openai.openai_model import OpenAIModel
from emoalign.elicitation.engines.served import Limits
from emoalign.elicitation.journal import Answer, JournalWriter
from emoalign.elicitation.questions import build_questions
from emoalign.elicitation.rating import RatingJob
from emoalign.planning.jobs import Jobs
from emoalign.planning.loading import load_study
from emoalign.planning.plan import costs_in_words, plan, planned
from emoalign.planning.studies import LoadedStudy
from emoalign.prompts import (
    likely_tokens,
)
from emoalign.tables import PLAN, STIMULI
from emoalign.wording import dollars_between

ROOT = Path(__file__).parents[2]
WORDS = pd.DataFrame(
    {
        "item_id": [f"w{place}" for place in range(10)],
        "modality": "word",
        "text": [*"abcdefghi", "a"],
    }
)


def study(models: list[str], **protocol: Any) -> LoadedStudy:
    content = {
        "study": "s",
        "title": "T",
        "seed": 1,
        "models": models,
        "datasets": [{"dataset": "vader", "sample": 10}],
        "protocols": [{"name": "p", "prompts": "instruction", "participants": 20, **protocol}],
    }
    return load_study(content, ROOT / "config")


def cell(loaded: LoadedStudy, model: str, journal: Path) -> tuple[RatingJob, dict[str, Any]]:
    job = Jobs(loaded).rate(model, "p", "vader", "valence")
    return job, planned(job, loaded.models[model], WORDS, journal)


def test_a_model_with_many_choices_needs_a_request_per_distinct_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emoalign.elicitation.engines.api.vocabularies.CARRIED", ())
    loaded = study(["gpt-4o"])
    job, row = cell(loaded, "gpt-4o", tmp_path)
    assert (row["answers"], row["held"], row["requests"]) == (9 * 20, 0, 9)
    texts = list(zip(WORDS["item_id"], WORDS["text"], strict=True))
    prompts = {
        question.ask.request.prompt
        for question in build_questions(job, loaded.models["gpt-4o"], texts)
    }
    least, most = (sum(bounds) for bounds in zip(*map(likely_tokens, prompts), strict=True))
    assert row["tokens_from"] == "estimate"
    assert row["prompt_tokens_min"] == pytest.approx(least)
    assert row["prompt_tokens_max"] == pytest.approx(most)
    assert (row["answer_tokens_min"], row["answer_tokens_max"]) == (9 * 20, 9 * 20 * 3)
    assert row["usd_min"] == pytest.approx((least * 2.5 + 180 * 10) / 1e6)
    assert row["usd_max"] == pytest.approx((most * 2.5 + 540 * 10) / 1e6)
    assert row["usd_batch_max"] == pytest.approx(row["usd_max"] / 2)
    assert row["minutes"] == pytest.approx(max(9 / 500, ((least + most) / 2 + 540) / 30_000))


def test_a_model_with_one_choice_pays_the_prompt_for_every_answer(tmp_path: Path) -> None:
    _, row = cell(study(["claude-haiku-4-5"]), "claude-haiku-4-5", tmp_path)
    assert row["requests"] == 9 * 20
    assert row["minutes"] == pytest.approx(180 / 50)
    assert math.isnan(row["usd_batch_max"])


def test_answers_in_the_journal_are_not_planned_again_and_their_tokens_are_used(
    tmp_path: Path,
) -> None:
    loaded = study(["gpt-4o"])
    job, _ = cell(loaded, "gpt-4o", tmp_path)
    questions = build_questions(job, loaded.models["gpt-4o"], [("w0", "a"), ("w1", "b")])
    answers = [
        Answer(
            question.ask.request.request_id, one, "7", "stop", "m", 50 * (one == 0), 1, 0.1, "now"
        )
        for question in questions
        for one in range(20 if question.item_id == "w0" else 5)
    ]
    with JournalWriter(tmp_path / "gpt-4o/vader/valence/p.0000.jsonl") as journal:
        journal.append(answers)
    _, row = cell(loaded, "gpt-4o", tmp_path)
    assert (row["held"], row["requests"]) == (25, 8)
    assert row["tokens_from"] == "journal"
    assert row["prompt_tokens_min"] == row["prompt_tokens_max"] == pytest.approx(50 * 8)
    assert row["answer_tokens_max"] == (9 * 20 - 25) * 3


def test_an_embedded_model_is_counted_with_its_own_tokenizer_and_costs_nothing(
    tmp_path: Path,
) -> None:
    _, row = cell(study(["smollm2-135m"]), "smollm2-135m", tmp_path)
    assert row["tokens_from"] == "tokenizer"
    assert 9 * 50 < row["prompt_tokens_min"] == row["prompt_tokens_max"] < 9 * 90
    assert math.isnan(row["usd_max"])


def test_an_embedded_model_is_tried_and_later_plans_go_by_its_journal(tmp_path: Path) -> None:
    loaded = study(["smollm2-135m"], readouts=["sampled", "exact"])
    job, row = cell(loaded, "smollm2-135m", tmp_path)
    assert row["minutes_from"] == "tried"
    assert 0 < row["minutes"] < 5
    assert list(tmp_path.iterdir()) == [], "what was tried is kept nowhere"
    [line] = costs_in_words(pd.DataFrame([row]), None, here={"smollm2-135m"})
    assert "; on this machine, at no cost; " in line

    questions = build_questions(job, loaded.models["smollm2-135m"], [("w0", "a")])
    answers = [
        Answer(question.ask.request.request_id, one, "7", "stop", "m", 50, 1, seconds, "now")
        for question in questions
        for one in question.ask.participants
        for seconds in [3.0 if one is None else 20.0]
    ]
    with JournalWriter(tmp_path / "smollm2-135m/emobank/arousal/p.0000.jsonl") as journal:
        journal.append(answers)
    _, row = cell(loaded, "smollm2-135m", tmp_path)
    assert row["minutes_from"] == "journal"
    assert row["minutes"] == pytest.approx(9 * (20 + 3) / 60)


def test_a_server_on_this_machine_that_has_not_answered_yet_has_no_known_time(
    tmp_path: Path,
) -> None:
    loaded = study(["gpt-4o"])
    card = loaded.models["gpt-4o"].model_copy(
        update={"base_url": "http://127.0.0.1:8000/v1", "limits": Limits(), "prices": None}
    )
    job = Jobs(loaded).rate("gpt-4o", "p", "vader", "valence")
    row = planned(job, card, WORDS, tmp_path)
    assert row is not None
    assert row["minutes_from"] is None
    [line] = costs_in_words(pd.DataFrame([row]), None)
    assert line.endswith("; running time unknown until it has answered once")


def test_the_plan_is_written_by_cell_and_told_by_model(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    loaded = study(["gpt-4o", "gpt-4o-mini"])
    stimuli = pd.DataFrame({**dict.fromkeys(STIMULI.schema.names), **WORDS})
    STIMULI.write(stimuli, tmp_path / "vader.parquet")
    with caplog.at_level("INFO"):
        plan(
            Jobs(loaded).plan(),
            loaded.models,
            {"vader": tmp_path / "vader.parquet"},
            tmp_path / "journal",
            tmp_path / "plan.csv",
            max_usd=0.001,
        )
    table = pd.read_csv(tmp_path / "plan.csv")
    assert list(table.columns) == PLAN.schema.names
    assert list(table["model"]) == ["gpt-4o", "gpt-4o-mini"]
    told = caplog.text
    assert "gpt-4o: 180 answers, 0 in the journal, 180 to ask in 9 requests" in told
    assert "prices of 2024-07-18" in told
    assert "max_usd = 0.001 does not cover this: jobs will stop at it." in told
    assert not (tmp_path / "journal").exists()


def test_a_finished_study_has_nothing_to_plan_for() -> None:
    row = dict.fromkeys(PLAN.schema.names, float("nan")) | {
        "model": "m",
        "answers": 40,
        "held": 40,
        "requests": 0,
        "tokens_from": "journal",
    }
    assert costs_in_words(pd.DataFrame([row]), None) == ["m: all 40 answers are in the journal"]


@pytest.mark.parametrize(
    ("delivery", "share", "verdict"),
    [
        ("single", 0.9, "may not cover this: if so, jobs will stop at it."),
        ("single", 0.1, "does not cover this: jobs will stop at it."),
        ("batch", 0.9, "covers this."),
    ],
)
def test_the_limit_is_compared_with_the_price_of_the_way_answers_are_delivered(
    tmp_path: Path, delivery: str, share: float, verdict: str
) -> None:
    loaded = study(["gpt-4o"])
    job = Jobs(loaded).rate("gpt-4o", "p", "vader", "valence")
    card = loaded.models["gpt-4o"].model_copy(update={"delivery": delivery})
    assert isinstance(card, OpenAIModel)
    row = planned(job, card, WORDS, tmp_path)
    limit = share * float(str(row["usd_max"]))
    assert costs_in_words(pd.DataFrame([row]), limit)[-1] == f"max_usd = {limit:g} {verdict}"


@pytest.mark.parametrize(
    ("changes", "says", "together"),
    [
        (
            {"usd_max": 0.0004},
            "; < 0.01 US dollars (prices of day); ",
            "Together: < 0.01 US dollars.",
        ),
        ({"usd_max": 1.2}, "; up to 1.20 US dollars (prices of day); ", "Together: up to 1.20 US"),
        ({"usd_max": 0.0}, "; free (prices of day); ", None),
        ({}, "; cost unknown, because its card has no prices; ", None),
        ({"minutes": 0.02, "minutes_from": "tried"}, "; less than a minute, one job after", None),
        ({"minutes": 0.2, "minutes_from": "limits"}, "; less than a minute at its rate", None),
        ({"minutes": 90, "minutes_from": "journal"}, "; about 90 min, one job after", None),
        ({"minutes": 90, "minutes_from": "limits"}, "; at least 90 min at its rate limits", None),
    ],
)
def test_small_amounts_and_unknown_ones_are_not_said_to_be_nothing(
    changes: dict[str, object], says: str, together: str | None
) -> None:
    row = dict.fromkeys(PLAN.schema.names, float("nan")) | {
        **{"model": "m", "answers": 1, "held": 0, "requests": 1, "tokens_from": "estimate"},
        **{"prompt_tokens_max": 9.0, "answer_tokens_max": 1.0, "usd_min": 0.0},
        **{"delivery": "single", "prices_as_of": "day"},
        **changes,
    }
    lines = costs_in_words(pd.DataFrame([row]), None)
    assert lines[0].startswith("m: 1 answer, 0 in the journal, 1 to ask in 1 request; ")
    assert says in lines[0]
    assert len(lines) == (1 if together is None else 2)
    assert together is None or lines[1].startswith(together)


@pytest.mark.parametrize(
    ("least", "most", "words"),
    [
        (0.8, 1.2, "0.80–1.20 US dollars"),
        (0.0049, 1.2, "up to 1.20 US dollars"),
        (0.005, 1.2, "0.01–1.20 US dollars"),
        (1.199, 1.2, "1.20 US dollars"),
        (0, 0.004, "< 0.01 US dollars"),
        (1234.5, 9999, "1,234.50–9,999.00 US dollars"),
    ],
)
def test_bounds_of_money_are_told_as_far_as_they_say_something(
    least: float, most: float, words: str
) -> None:
    assert dollars_between(least, most) == words


def test_models_without_prices_are_named_beside_the_sum_that_lacks_them() -> None:
    row = dict.fromkeys(PLAN.schema.names, float("nan")) | {
        **{"model": "paid", "answers": 2, "held": 0, "requests": 2, "tokens_from": "estimate"},
        **{"delivery": "single", "prices_as_of": "day", "usd_min": 2.0, "usd_max": 3.0},
    }
    other = row | {
        "model": "unpriced",
        "usd_min": float("nan"),
        "usd_max": float("nan"),
        "prices_as_of": None,
    }
    local = other | {"model": "local"}
    lines = costs_in_words(pd.DataFrame([row, other, local]), 5, here={"local"})
    assert lines[-2:] == [
        "Together: 2.00–3.00 US dollars, without unpriced.",
        "max_usd = 5 covers this, without unpriced.",
    ]
