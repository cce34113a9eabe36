"""Participants who are somebody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from emoalign.elicitation.journal import Answer
from emoalign.elicitation.questions import build_questions
from emoalign.elicitation.rating import RatingJob
from emoalign.elicitation.rating_rows import rating_rows
from emoalign.errors import StudyError
from emoalign.planning.jobs import Jobs
from emoalign.planning.loading import load_study
from emoalign.planning.preflight import check_prompts
from emoalign.planning.studies import LoadedStudy
from emoalign.study.personas import PersonaTable
from emoalign.study.reading import validate

ROOT = Path(__file__).parents[2]
ITEMS = [("w1", "joy"), ("w2", "woe")]


def study(**protocol: Any) -> LoadedStudy:
    content = {
        "study": "s",
        "title": "T",
        "seed": 1,
        "models": ["gpt-4o"],
        "datasets": [{"dataset": "vader", "sample": 5}],
        "protocols": [
            {
                "name": "p",
                "prompts": "instruction-to-persona",
                "personas": "adults",
                "participants": 3,
                **protocol,
            }
        ],
    }
    return load_study(content, ROOT / "config")


def job_of(loaded: LoadedStudy) -> RatingJob:
    return Jobs(loaded).rate("gpt-4o", "p", "vader", "valence")


def test_every_participant_gets_a_request_with_their_own_persona() -> None:
    loaded = study()
    check_prompts(loaded)
    questions = build_questions(job_of(loaded), loaded.models["gpt-4o"], ITEMS)
    assert [question.ask.participants for question in questions] == [(0,), (1,), (2,)] * 2
    assert len({question.ask.request.request_id for question in questions}) == 6
    first = questions[0].ask.request.prompt.messages
    assert first is not None
    assert [message.role for message in first] == ["system", "user"]
    assert first[0].content == "You are Aisha, 34 years old, a nurse in Lagos."
    assert "joy" in first[1].content


def test_the_persona_is_written_beside_every_rating() -> None:
    loaded = study()
    questions = build_questions(job_of(loaded), loaded.models["gpt-4o"], ITEMS)
    answers = {
        (question.ask.request.request_id, one): Answer(
            question.ask.request.request_id, one, "7", "stop", "m", 1, 1, 0.1, "now"
        )
        for question in questions
        for one in question.ask.participants
    }
    rows = rating_rows(job_of(loaded), questions, answers)
    assert rows["persona"][:3].tolist() == list(loaded.personas["adults"].texts()[:3])
    assert rows["participant"].tolist() == [0, 1, 2] * 2
    assert rows["rating"].tolist() == [7.0] * 6


def test_more_participants_leave_the_questions_to_the_first_as_they_are() -> None:
    def ids(participants: int) -> list[str]:
        loaded = study(participants=participants)
        asked = build_questions(job_of(loaded), loaded.models["gpt-4o"], ITEMS[:1])
        return [question.ask.request.request_id for question in asked]

    assert ids(5)[:3] == ids(3)


def test_without_personas_a_job_is_what_it_was_before() -> None:
    loaded = study(prompts="instruction", personas=None)
    job = orjson.loads(orjson.dumps(job_of(loaded).model_dump(mode="json")))
    assert job["personas"] == []
    (question, _) = build_questions(job_of(loaded), loaded.models["gpt-4o"], ITEMS)
    assert question.ask.participants == (0, 1, 2)
    assert question.persona is None


@pytest.mark.parametrize(
    ("protocol", "told"),
    [
        ({"participants": 21}, "21 participants, but only 20 personas"),
        ({"readouts": ["exact"]}, "the exact readout asks one question for everybody"),
        ({"personas": "adult"}, "there is no .*adult.yaml; did you mean 'adults'?"),
    ],
)
def test_what_personas_cannot_do_is_refused(protocol: dict[str, Any], told: str) -> None:
    with pytest.raises(StudyError, match=told):
        study(**protocol)


def test_prompts_that_do_not_use_the_persona_are_refused() -> None:
    with pytest.raises(StudyError, match=r"the prompts do not use {{ persona }}"):
        check_prompts(study(prompts="instruction"))


def test_prompts_that_want_a_persona_are_refused_where_there_is_none() -> None:
    with pytest.raises(StudyError, match="'persona' is undefined"):
        check_prompts(study(personas=None))


@pytest.mark.parametrize(
    ("personas", "told"),
    [
        ([{"age": 3}], "'name' is undefined"),
        ([{"name": "A"}, {"name": "A"}], "two participants would be the same persona: 'I am A'"),
        ([], "give at least one"),
        ([{"name": None}], "personas, entry 1, name: "),
    ],
)
def test_a_persona_table_that_makes_no_participants_is_refused(
    personas: list[dict[str, Any]], told: str
) -> None:
    content = {"title": "T", "template": "I am {{ name }}", "personas": personas}
    table, problems = validate(PersonaTable, content, "table")
    assert table is None
    assert told in problems[0]


def test_a_persona_that_is_drawn_at_random_is_refused_with_line_and_filter() -> None:
    template = "I am\n{{ [name, 1] | random }}"
    content = {"title": "T", "template": template, "personas": [{"name": 2}]}
    table, problems = validate(PersonaTable, content, "table")
    assert table is None
    assert problems[0].startswith(
        "table: template, line 2: the filter 'random' gives a different result each time"
    )
