"""Stated distributions: who is asked for them, how, and how strictly they are read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import orjson
import pytest
from pydantic import ValidationError

from emoalign.commands.new_study import _fits
from emoalign.elicitation.answer_schema import answer_schema
from emoalign.elicitation.engines.registry import ENGINES
from emoalign.elicitation.engines.vllm.outputs import sampling_parameters as vllm_parameters
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.pace import _readout
from emoalign.elicitation.questions import Question, build_questions
from emoalign.elicitation.rating import RatingJob
from emoalign.elicitation.rating_rows import columns_by_scale, rating_rows
from emoalign.elicitation.readings import UNPARSABLE, Reading, read_answer, without_thoughts
from emoalign.elicitation.tally import Tally
from emoalign.errors import EngineError, StudyError
from emoalign.installed import CATALOGUE
from emoalign.planning.loading import load_study
from emoalign.prompts import QuestionTemplate, Renderer, question_template
from emoalign.statistics.distances import jsd
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.study.prompt_sets import AnswerFormat, AnswerKind, PromptSet
from emoalign.study.protocols import Protocol
from emoalign.study.reading import read_card, read_yaml
from emoalign.study.scales import HumanScale, LabelScale, OrdinalScale, Scale

Edit = Callable[[str, Callable[[Any], object]], None]

NINE = OrdinalScale(min=1, max=9, direction="more")
HALVES = OrdinalScale(min=-1, max=1, step=0.5, direction="more")
MOOD = LabelScale(kind="labels", labels=("joy", "Anger", "fear"))
HUNDRED = AnswerFormat(kind="distribution", max_tokens=120)
FORCED = AnswerFormat(kind="structured_distribution", max_tokens=120)
ONE = AnswerFormat(kind="distribution", max_tokens=120, total=1)
KINDS: list[AnswerKind] = ["distribution", "structured_distribution"]

TEN = {str(point): 10 for point in range(1, 10)}
"""Ten people at each of the nine points: 90 of 100."""


def answer(text: str, reason: str | None = "stop", participant: int | None = 0) -> Answer:
    return Answer(
        *("a", participant, text, reason),
        model_reported="m",
        prompt_tokens=None,
        completion_tokens=None,
        latency_s=0.1,
        received="2026-11-29T12:00:00+00:00",
    )


def read(
    value: object,
    scale: Scale = NINE,
    form: AnswerFormat = HUNDRED,
    reason: str | None = "stop",
) -> Reading:
    """The reading of a text, or of an object written as JSON."""
    text = value if isinstance(value, str) else json.dumps(value)
    return read_answer(answer(text, reason), {"v": scale}, form)["v"]


def stated(**people: float) -> dict[str, float]:
    """Ten people at each point, and others where told, as p5=19."""
    return TEN | {point.removeprefix("p"): number for point, number in people.items()}


# Reading


@pytest.mark.parametrize(
    ("middle", "total", "status"),
    [
        (20, 100, "ok"),
        (19, 99, "ok"),
        (21, 101, "ok"),
        (19.5, 99.5, "ok"),
        (18, 98, "unparsable"),
        (22, 102, "unparsable"),
        (18.9, 98.9, "unparsable"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_numbers_of_points_add_up_to_the_total_within_one_percent(
    kind: AnswerKind, middle: float, total: float, status: str
) -> None:
    found = read(stated(p5=middle), form=AnswerFormat(kind=kind, max_tokens=120))
    assert found.status == status
    if status == "ok":
        assert found.total == total
        assert found.shares is not None
        assert found.shares[4] == middle / total
        assert sum(found.shares) == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize("total", [1.0, 20.0, 100.0, 1000.0])
def test_the_tolerance_is_a_share_of_whatever_total_the_prompt_set_names(total: float) -> None:
    form = AnswerFormat(kind="distribution", max_tokens=120, total=total)
    for share, status in ((1.0, "ok"), (0.99, "ok"), (1.01, "ok"), (0.98, "unparsable")):
        numbers = {str(point): share * total / 9 for point in range(1, 10)}
        assert read(numbers, form=form).status == status


def test_a_distribution_that_is_stated_exactly_is_read_exactly() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        planted = rng.dirichlet(np.full(9, 0.4))
        numbers = {str(point): float(share) for point, share in enumerate(planted, 1)}
        shuffled = dict(sorted(numbers.items(), key=lambda pair: hash(pair[1])))
        found = np.array(read(shuffled, form=ONE).shares)
        assert jsd(planted[np.newaxis], found[np.newaxis])[0] < 1e-12
        assert found @ NINE.points == pytest.approx(planted @ NINE.points, abs=1e-12)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({point: number for point, number in stated(p5=20).items() if point != "9"}),
        json.dumps(stated(p5=20) | {"10": 0}),
        json.dumps(stated(p5=20) | {"0": 0}),
        json.dumps(stated(p5=20) | {"total": 100}),
        json.dumps(stated(p5=20) | {"1.0": 0}),  # the point 1, twice
        json.dumps(stated(p5=20)).replace('"9": 10', '"9": 5, "9": 5'),
        json.dumps(stated(p5=20)).replace('"9"', '"nine"'),
        json.dumps(stated(p5=20)).replace('"9"', '" 9"'),
        json.dumps(stated(p5=20)).replace('"9"', '"9 (happy)"'),
        json.dumps(stated(p5=20)).replace('"9": 10', '"9": "10"'),
        json.dumps(stated(p5=20)).replace('"9": 10', '"9": null'),
        json.dumps(stated(p5=20)).replace('"9": 10', '"9": [10]'),
        json.dumps(stated(p5=20)).replace('"9": 10', '"9": NaN'),
        json.dumps(stated(p5=20)).replace('"9": 10', '"9": Infinity'),
        json.dumps(stated(p5=20)).replace('"9": 10', '"9": 1e999'),
        json.dumps(stated(p5=20)).replace('"9": 10', '"9": true'),
        json.dumps(dict.fromkeys(TEN, 1e308)),  # whose sum is beyond any float
        json.dumps(stated(p5=20)).replace('"9"', f'"{"9" * 400}"'),
        json.dumps(stated(p5=20)).replace('"9": 10', f'"9": {"9" * 400}'),
        json.dumps(stated(p5=20)).replace('"9": 10', '"9": 10%'),
        json.dumps(stated(p5=40, p9=-10)),
        json.dumps(dict.fromkeys(TEN, 0)),
        json.dumps([10] * 10),
        json.dumps({"distribution": stated(p5=20)}),
        f"Here it is: {json.dumps(stated(p5=20))}",
        "5",
        "{}",
        "",
    ],
)
def test_anything_but_one_number_for_each_point_is_unparsable(text: str) -> None:
    assert read(text) == UNPARSABLE


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(stated(p5=20), indent=2),
        f"```json\n{json.dumps(stated(p5=20))}\n```",
        without_thoughts(f"<think>{json.dumps(TEN)} is 90.</think>{json.dumps(stated(p5=20))}")[1],
        json.dumps({f"{point}.0": number for point, number in stated(p5=20).items()}),
        json.dumps(stated(p5=20)).replace(": 10", ": 10.0"),
    ],
)
def test_white_space_a_code_fence_and_decimals_of_zero_make_no_difference(text: str) -> None:
    assert read(text) == read(stated(p5=20))
    assert read(text).status == "ok"


def test_points_between_whole_numbers_and_below_zero_are_keys_like_others() -> None:
    found = read({"-1": 10, "-0.5": 20, "0": 40, "0.5": 20, "1": 10}, HALVES)
    assert found == Reading("ok", shares=(0.1, 0.2, 0.4, 0.2, 0.1), total=100.0)
    assert read({"-1.0": 10, "-0.50": 20, "0.0": 40, "0.5": 20, "1": 10}, HALVES) == found
    assert read({"-1": 10, "-.5": 20, "0": 40, ".5": 20, "1": 10}, HALVES) == UNPARSABLE


@pytest.mark.parametrize(
    ("text", "reason", "status"),
    [
        ("I'm sorry, but I cannot say what people feel.", "stop", "refusal"),
        ('{"1": 10, "2":', "length", "truncated"),
        ('{"1": 10, "2":', None, "truncated"),
        ("", "content_filter", "content_filter"),
    ],
)
def test_a_distribution_that_was_not_given_has_the_status_of_any_answer(
    text: str, reason: str | None, status: str
) -> None:
    assert read(text, reason=reason) == Reading(status)  # type: ignore[arg-type]


def test_numbers_of_labels_are_shares_of_the_total_by_themselves() -> None:
    found = read({"fear": 0, "joy": 90, "anger": 45}, MOOD)
    assert found == Reading("ok", shares=(0.9, 0.45, 0.0), total=135.0)
    assert read({"joy": 0, "Anger": 0, "fear": 0}, MOOD).shares == (0.0, 0.0, 0.0)
    for wrong in (
        {"joy": 90, "Anger": 45},
        {"joy": 90, "Anger": 45, "fear": 0, "hope": 0},
        {"joy": 101, "Anger": 45, "fear": 0},
        {"joy": 1e308, "Anger": 1e308, "fear": 1e308},
        {"joy": -1, "Anger": 45, "fear": 0},
        {"joy": 90, "JOY": 1, "Anger": 45, "fear": 0},
        {"joy": True, "Anger": 45, "fear": 0},
        ["joy"],
    ):
        assert read(wrong, MOOD) == UNPARSABLE


# Asking


def template(form: AnswerFormat, scale: str = "v") -> QuestionTemplate:
    return QuestionTemplate.model_validate(
        {
            "kind": "chat",
            "system": None,
            "template": "{{ scale.points | join(', ') }}: {{ item.text }}",
            "answer": form,
            "wording": {scale: {"instruction": "Say."}},
        }
    )


def allows(form: Mapping[str, Any], value: object) -> bool:
    jsonschema.Draft202012Validator.check_schema(dict(form))
    return bool(jsonschema.Draft202012Validator(dict(form)).is_valid(value))


def test_the_schema_forces_a_number_of_people_for_each_point_and_nothing_else() -> None:
    form = answer_schema(template(FORCED), {"v": NINE})
    assert form["required"] == list(TEN)
    assert allows(form, stated(p5=20))
    assert allows(form, stated(p5=90))  # no schema forces a sum
    for wrong in (stated(p5=-1), stated(p5=101), stated(p5=1.5), {"1": 100}, TEN | {"x": 1}):
        assert not allows(form, wrong)
    parts = answer_schema(template(FORCED.model_copy(update={"total": 1.0})), {"v": HALVES})
    assert allows(parts, {"-1": 0.1, "-0.5": 0.2, "0": 0.4, "0.5": 0.2, "1": 0.1})
    moods = answer_schema(template(FORCED), {"v": MOOD})
    assert allows(moods, {"joy": 90, "Anger": 45, "fear": 0})
    assert answer_schema(template(HUNDRED), {"v": NINE}) == {}


@pytest.mark.parametrize(
    ("scale", "shown"),
    [(HALVES, "-1, -0.5, 0, 0.5, 1: tea"), (MOOD, "joy, Anger, fear: tea")],
)
def test_a_template_can_name_the_keys(scale: Scale, shown: str) -> None:
    (message,) = Renderer(template(HUNDRED), {"v": scale}).render("tea").messages or ()
    assert message.content == shown


@pytest.mark.parametrize(
    "name", ["words-stated", "words-stated-structured", "labels-that-apply-stated"]
)
def test_included_prompt_sets_show_every_key_and_leave_room_for_the_answer(name: str) -> None:
    prompts = read_card(CATALOGUE / f"prompts/{name}.yaml", PromptSet)
    labels = read_card(CATALOGUE / "datasets/goemotions.yaml", DatasetCard).scales["emotions"]
    for scale, wording in prompts.scales.items():
        ends = wording.written_for
        asked = (
            labels if ends is None else OrdinalScale(min=ends.min, max=ends.max, direction="more")
        )
        renderer = Renderer(question_template(prompts, scale), {scale: asked})
        (message,) = renderer.render("tea").messages or ()
        keys = asked.labels if isinstance(asked, LabelScale) else [f"{p:g}" for p in asked.points]
        assert all(key in message.content for key in keys)
        # No token is shorter than a byte, and most have several.
        longest = json.dumps(dict.fromkeys(keys, 100), indent=2)
        assert prompts.answer.max_tokens > len(longest.encode()) / 2


def job(form: AnswerFormat = HUNDRED, scale: Scale = NINE, **protocol: Any) -> RatingJob:
    told = {"name": "p", "prompts": "x", "readouts": ("stated",), "participants": 3, **protocol}
    scales = scale if isinstance(scale, LabelScale) else HumanScale(**scale.model_dump())
    return RatingJob(
        model="m",
        card={},
        protocol=Protocol.model_validate(told),
        prompts=template(form),
        dataset="words",
        scales={"v": scales},
    )


def card(engine: str = "openai", **keys: Any) -> Any:
    told = {"title": "M", "engine": engine, "model": "m", "base_url": "http://127.0.0.1:1/v1"}
    told["capabilities"] = {"structured": True}
    if engine == "anthropic":
        told["capabilities"] = {"structured": True, "sampling": "none"}
    return ENGINES[engine].model_validate(told | keys)


def test_each_participant_is_asked_at_the_temperature_of_the_protocol() -> None:
    (question,) = build_questions(job(temperature=0.7), card(), [("tea", "tea")])
    request = question.ask.request
    assert question.ask.participants == (0, 1, 2)
    assert (request.readout, request.sampling.temperature) == ("stated", 0.7)
    assert request.sampling.max_tokens == 120
    assert not request.schema
    assert not request.top_logprobs
    personas = job().model_copy(update={"personas": ("young", "old")})
    asked = build_questions(personas, card(), [("tea", "tea")])
    assert [(each.persona, each.ask.participants) for each in asked] == [
        ("young", (0,)),
        ("old", (1,)),
    ]


@pytest.mark.parametrize("engine", ["openai", "anthropic", "gemini"])
def test_every_dialect_sends_a_seeded_question_with_the_schema(engine: str) -> None:
    model = card(engine)
    (question,) = build_questions(job(FORCED), model, [("tea", "tea")])
    body = model.dialect.body("m", model.capabilities, question.ask)
    text = orjson.dumps(body).decode()
    assert '"required":["1","2","3","4","5","6","7","8","9"]' in text
    assert "logprobs" not in text
    assert "1, 2, 3, 4, 5, 6, 7, 8, 9: tea" in text
    (free,) = build_questions(job(), model, [("tea", "tea")])
    assert (
        "required"
        not in orjson.dumps(model.dialect.body("m", model.capabilities, free.ask)).decode()
    )
    assert free.ask.request.request_id != question.ask.request.request_id


def test_vllm_is_told_the_schema_and_nothing_of_single_tokens() -> None:
    (question,) = build_questions(job(FORCED), card(), [("tea", "tea")])
    told = vllm_parameters(question.ask, ())
    assert told["structured_outputs"] == {"json": answer_schema(template(FORCED), {"v": NINE})}
    assert (told["n"], told["max_tokens"]) == (3, 120)
    assert "logprob_token_ids" not in told


def test_an_answer_becomes_a_row_with_shares_and_the_sum_that_was_stated() -> None:
    asked = job()
    (question,) = build_questions(asked, card(), [("tea", "tea")])
    rows = {
        text: columns_by_scale(asked, question.ask.request, answer(text))["v"]
        for text in (json.dumps(stated(p5=19)), "no")
    }
    good, bad = rows.values()
    assert good["status"] == "ok"
    assert list(good["probabilities"]) == [number / 99 for number in stated(p5=19).values()]  # type: ignore[call-overload]
    assert (good["stated_total"], good["rating"], good["returned_mass"]) == (99, None, None)
    assert (bad["status"], bad["probabilities"], bad["stated_total"]) == ("unparsable", None, None)


def test_the_time_of_statements_is_not_that_of_single_numbers() -> None:
    told = {
        json.dumps(stated(p5=20)): "stated",
        f"```json\n{json.dumps(stated(p5=20), indent=1)}\n```": "stated",
        '{"valence": 7}': "sampled",
        "7": "sampled",
    }
    assert {text: _readout(answer(text)) for text in told} == told


# Forms


def answered(asked: RatingJob, say: Callable[[Question], object]) -> list[dict[str, Any]]:
    """The rows of an item where a model says something to each question."""
    questions = build_questions(asked, card(), [("tea", "tea")])
    said = {
        (question.ask.request.request_id, who): replace(
            answer(json.dumps(say(question))),
            request_id=question.ask.request.request_id,
            participant=who,
        )
        for question in questions
        for who in question.ask.participants
    }
    return rating_rows(asked, questions, said).to_dict("records")  # type: ignore[return-value]


def wording(**keys: Any) -> QuestionTemplate:
    told = template(HUNDRED).model_dump() | {"wording": {"v": {"instruction": "Say.", **keys}}}
    return QuestionTemplate.model_validate(told)


def test_a_reversed_form_maps_back_and_another_range_keeps_its_points() -> None:
    planted = [0, 0, 5, 5, 10, 10, 20, 20, 30]
    ends = {"written_for": {"min": 1, "max": 9}}
    further = {
        "down": wording(reversed=True, **ends),
        "fives": wording(mapped="linear", written_for={"min": 0, "max": 4}),
    }
    asked = job(prompts=["up", *further]).model_copy(
        update={"prompts": wording(**ends), "further": further}
    )

    def say(question: Question) -> object:
        if question.form.name == "fives":
            return {"0": 10, "1": 20, "2": 40, "3": 20, "4": 10}
        shown = planted[::-1] if question.form.name == "down" else planted
        return dict(zip(TEN, shown, strict=True))

    rows = {row["form"]: row for row in answered(asked, say)}
    assert rows.keys() == {"up", "down", "fives"}
    assert {row["status"] for row in rows.values()} == {"ok"}
    assert rows["up"]["probabilities"] == rows["down"]["probabilities"]
    assert rows["up"]["probabilities"] == [number / 100 for number in planted]
    assert rows["fives"]["probabilities"] == [0.1, 0.2, 0.4, 0.2, 0.1]
    assert {row["stated_total"] for row in rows.values()} == {100}


def test_shares_of_rotated_labels_are_in_the_order_of_the_card() -> None:
    asked = job(scale=MOOD).model_copy(update={"prompts": wording(order="rotated")})

    def say(question: Question) -> object:
        (message,) = question.ask.request.prompt.messages or ()
        labels = message.content.removesuffix(": tea").split(", ")
        return {label: {"joy": 90, "Anger": 10, "fear": 0}[label] for label in labels}

    rows = answered(asked, say)
    assert sorted(row["label_order"][0] for row in rows) == ["Anger", "fear", "joy"]
    assert all(row["probabilities"] == [0.9, 0.1, 0] for row in rows)


# Refusals


@pytest.mark.parametrize("other", ["sampled", "exact", "decision"])
def test_stated_is_a_question_of_its_own(other: str) -> None:
    with pytest.raises(ValidationError, match=f"stated asks how people answer, and {other} for"):
        Protocol.model_validate({"name": "p", "prompts": "x", "readouts": ["stated", other]})


@pytest.mark.parametrize("kind", KINDS)
def test_an_object_that_would_be_cut_is_refused(kind: AnswerKind) -> None:
    with pytest.raises(ValidationError, match="would be cut; write max_tokens: 120"):
        AnswerFormat(kind=kind)


def test_sessions_show_ratings_and_no_statements() -> None:
    told = {"name": "p", "prompts": "x", "readouts": ["stated"], "session": {"items": 10}}
    with pytest.raises(ValidationError, match="without session for other readouts"):
        Protocol.model_validate(told)


def test_only_distributions_have_a_total_and_one_that_can_be_reached() -> None:
    with pytest.raises(ValidationError, match="total: only answers of the kind distribution"):
        AnswerFormat(kind="labels", max_tokens=64, total=1)
    for total in (0, -1, float("inf"), float("nan")):
        with pytest.raises(ValidationError, match="total"):
            AnswerFormat(kind="distribution", max_tokens=64, total=total)


def study(config_dir: Path, model: str, **protocol: Any) -> dict[str, Any]:
    content, _ = read_yaml(config_dir / "config.yaml")
    told = {"name": "p", "prompts": "words-stated", "readouts": ["stated"], **protocol}
    datasets = [{"dataset": "anew", "scales": ["valence"]}]
    return {**content, "models": [model], "datasets": datasets, "protocols": [told]}


def refusal(config_dir: Path, model: str = "gpt-4o", **protocol: Any) -> str:
    with pytest.raises(StudyError) as refused:
        load_study(study(config_dir, model, **protocol), config_dir)
    return str(refused.value)


@pytest.mark.parametrize("name", ["smollm2-135m", "gpt-4o", "claude-haiku-5-5", "gemini-3.8-flash"])
@pytest.mark.parametrize("prompts", ["words-stated", "words-stated-structured"])
def test_models_are_asked_whatever_they_report_of_tokens(
    config_dir: Path, name: str, prompts: str
) -> None:
    temperature = "provider" if name in ("claude-haiku-5-5", "gemini-3.8-flash") else 1
    load_study(study(config_dir, name, prompts=prompts, temperature=temperature), config_dir)


def test_a_readout_and_a_prompt_set_that_ask_two_questions_are_refused(config_dir: Path) -> None:
    told = refusal(config_dir, prompts="words")
    assert "answer.kind: text, but the protocol 'p' has readouts: [stated]" in told
    assert "use the prompt set words-stated or words-stated-structured" in told
    told = refusal(config_dir, readouts=["sampled"])
    assert "'p' asks for ratings, but the answers of its prompt set are distributions" in told
    assert "or write readouts: [stated]" in told


def test_too_little_room_for_all_points_is_refused(config_dir: Path, edit: Edit) -> None:
    load_study(study(config_dir, "gpt-4o"), config_dir)
    edit("prompts/words-stated.yaml", lambda prompts: prompts["answer"].update(max_tokens=30))
    told = refusal(config_dir)
    assert (
        "answer.max_tokens: 30, but an object of 9 numbers takes 36 tokens at least; write "
        "max_tokens: 144"
    ) in told


def test_a_model_that_cannot_force_a_form_is_told_of_the_other_kind(
    config_dir: Path, edit: Edit
) -> None:
    load_study(study(config_dir, "gpt-4o"), config_dir)
    edit("models/gpt-4o.yaml", lambda model: model["capabilities"].update(structured=False))
    told = refusal(config_dir, prompts="words-stated-structured")
    assert "otherwise use a prompt set with answer.kind: distribution" in told
    load_study(study(config_dir, "gpt-4o"), config_dir)


def test_forms_of_one_question_are_all_statements_and_dealt_equally(
    config_dir: Path, edit: Edit
) -> None:
    content, _ = read_yaml(CATALOGUE / "prompts/words-stated.yaml")
    for scale, told in content["scales"].items():
        told["reversed"] = scale == "valence"
        told["instruction"] = f"Reversed. {told['instruction']}"
    edit("prompts/words-down.yaml", lambda prompts: prompts.update(content))
    both = ["words-stated", "words-down"]
    load_study(study(config_dir, "gpt-4o", prompts=both, participants=4), config_dir)
    told = refusal(config_dir, prompts=both, participants=3)
    assert "dealt equally to its 2 forms (words-stated and words-down)" in told
    told = refusal(config_dir, prompts=["words-stated", "words"], participants=4)
    assert "answer.kind: text, but the protocol 'p' has readouts: [stated]" in told


def test_recorded_ratings_are_no_statements_about_people() -> None:
    people = ENGINES["recorded"].model_validate(
        {
            "title": "People",
            "engine": "recorded",
            "source": {"file": "people.csv"},
            "columns": {"item": "id", "rating": "r"},
            "scale": "valence",
        }
    )
    prompts = read_card(CATALOGUE / "prompts/words-stated.yaml", PromptSet)
    (told,) = people.cannot_follow("people", job().protocol, [prompts])
    assert "only a model that is asked can state distributions" in told


def test_a_new_study_does_not_take_a_question_about_people_for_one_about_ratings() -> None:
    dataset = read_card(CATALOGUE / "datasets/anew.yaml", DatasetCard)
    for name, fits in (("words", True), ("words-stated", False)):
        prompts = read_card(CATALOGUE / f"prompts/{name}.yaml", PromptSet)
        assert _fits(name, prompts, dataset, {"m": card()}) == fits


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (json.dumps(stated(p5=60)), "do not add up to 100, within 1% (docs/parsing.md)"),
        ("Most people would say 7.", "The model adds words to its answer"),
    ],
)
def test_a_job_without_any_distribution_stops_and_says_why(text: str, cause: str) -> None:
    tally = Tally()
    for number in range(40):
        tally.add(f"item {number % 10}", answer(text), rated=False)
    with pytest.raises(EngineError) as stopped:
        tally.check(job(), 40)
    assert "is a distribution, and nothing more was spent" in str(stopped.value)
    assert cause in str(stopped.value)
