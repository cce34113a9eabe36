"""Structured answers: their schema, who is asked for them and how, and how they are read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import jsonschema
import orjson
import pytest

from emoalign.elicitation.answer_schema import (
    MOST_VALUES,
    answer_schema,
    likely_schema_tokens,
    most_schema_tokens,
)
from emoalign.elicitation.engines.anthropic.anthropic_model import AnthropicModel
from emoalign.elicitation.engines.api.api_model import ApiModel
from emoalign.elicitation.engines.api.choices import read_choices
from emoalign.elicitation.engines.gemini.gemini_model import GeminiModel
from emoalign.elicitation.engines.openai.batch_client import BatchClient
from emoalign.elicitation.engines.providers import Provider
from emoalign.elicitation.engines.registry import ENGINES
from emoalign.elicitation.engines.vllm.outputs import sampling_parameters
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.questions import build_questions
from emoalign.elicitation.rating import Ask, RatingJob, RatingRequest
from emoalign.elicitation.readings import Reading, read_answer, readings
from emoalign.errors import StudyError
from emoalign.installed import CATALOGUE
from emoalign.planning.jobs import Jobs
from emoalign.planning.loading import load_study
from emoalign.planning.plan import settings_in_words
from emoalign.prompts import QuestionTemplate, Renderer
from emoalign.report.asked_differently import apart
from emoalign.report.sampling_in_words import confounded, drawn
from emoalign.study.prompt_sets import AnswerFormat, AnswerKind, PromptSet
from emoalign.study.reading import read_card, read_yaml, value_at
from emoalign.study.scales import LabelScale, OrdinalScale, Scale
from tests.kit.words import report_job

Edit = Callable[[str, Callable[[Any], object]], None]

NINE = OrdinalScale(min=1, max=9, direction="more")
HALVES = OrdinalScale(min=-1, max=1, step=0.5, direction="more")
PERCENT = OrdinalScale(min=0, max=100, direction="more")
FINE = OrdinalScale(min=0, max=1000, direction="more")
FINEST = OrdinalScale(min=0, max=100, step=0.1, direction="more")
MOOD = LabelScale(kind="labels", labels=("joy", "anger", "fear"), at_most=2)
ONE = AnswerFormat(kind="structured", max_tokens=32)
ALL = AnswerFormat(kind="structured_joint", max_tokens=64)


def template(answer: AnswerFormat, **keys: str | None) -> QuestionTemplate:
    """A question about scales, each with the key that it has in answers, if any."""
    return QuestionTemplate.model_validate(
        {
            "kind": "chat",
            "system": None,
            "template": "{{ item.text }}",
            "answer": answer,
            "wording": {name: {"instruction": "Rate.", "key": key} for name, key in keys.items()},
        }
    )


def schema(**scales: Scale) -> dict[str, Any]:
    return answer_schema(template(ALL, **dict.fromkeys(scales)), scales)


def allows(form: Mapping[str, Any], answer: object) -> bool:
    jsonschema.Draft202012Validator.check_schema(dict(form))
    return bool(jsonschema.Draft202012Validator(dict(form)).is_valid(answer))


# The schema


@pytest.mark.parametrize("scale", [NINE, HALVES, PERCENT, FINE, FINEST], ids=repr)
def test_the_schema_allows_every_point_of_a_scale_and_nothing_beyond_its_ends(
    scale: OrdinalScale,
) -> None:
    form = schema(valence=scale)
    for point in scale.points:
        assert allows(form, {"valence": point})
    for wrong in (scale.min - 1, scale.max + 1, "5", None, [5], True):
        assert not allows(form, {"valence": wrong})
    for more in ({}, {"Valence": scale.min}, {"valence": scale.min, "why": "x"}, scale.min):
        assert not allows(form, more)


def test_points_are_listed_as_people_write_them_as_long_as_they_are_few() -> None:
    (nine, halves, fine, finest) = (
        schema(v=scale)["properties"]["v"] for scale in (NINE, HALVES, FINE, FINEST)
    )
    assert json.dumps(nine) == '{"type": "integer", "enum": [1, 2, 3, 4, 5, 6, 7, 8, 9]}'
    assert json.dumps(halves) == '{"type": "number", "enum": [-1, -0.5, 0, 0.5, 1]}'
    assert fine == {"type": "integer", "minimum": 0, "maximum": 1000}
    assert finest == {"type": "number", "minimum": 0, "maximum": 100}
    # Providers count the values of a whole schema.
    several = schema(**{f"s{number}": PERCENT for number in range(5)})["properties"]
    assert 5 * len(PERCENT.points) > MOST_VALUES
    assert all("enum" not in each for each in several.values())


def test_labels_are_a_list_of_as_many_as_the_scale_allows() -> None:
    form = schema(mood=MOOD)
    for chosen in (["joy"], ["fear", "joy"]):
        assert allows(form, {"mood": chosen})
    for wrong in ([], ["joy", "anger", "fear"], ["boredom"], "joy"):
        assert not allows(form, {"mood": wrong})


def test_keys_are_those_of_the_prompt_set_in_the_order_they_are_asked_in() -> None:
    asked = template(ALL, valence="V", mood=None)
    form = answer_schema(asked, {"mood": MOOD, "valence": NINE})
    assert list(form["properties"]) == form["required"] == ["V", "mood"]  # type: ignore[call-overload]


@pytest.mark.parametrize("kind", [*get_args(AnswerKind)])
def test_only_structured_answers_have_a_schema(kind: AnswerKind) -> None:
    answer = AnswerFormat(kind=kind, max_tokens=1 if kind == "next_token" else 32)
    assert bool(answer_schema(template(answer, v=None), {"v": NINE})) == answer.structured
    assert answer.structured == ("structured" in kind)


def test_a_template_can_name_the_key_of_its_scale() -> None:
    asked = template(ONE, valence="V").model_copy(update={"template": "{{ scale.key }}"})
    (message,) = Renderer(asked, {"valence": NINE}).render("joy").messages or ()
    assert message.content == "V"


def test_an_object_that_would_always_be_cut_is_refused() -> None:
    with pytest.raises(ValueError, match="structured: an object of 8 tokens would be cut; write"):
        AnswerFormat(kind="structured")


# Requests


def job(card: Any, answer: AnswerFormat, scales: Mapping[str, Scale] | None = None) -> RatingJob:
    scales = scales or {"valence": NINE}
    return RatingJob.model_validate(
        {
            "model": "m",
            "card": card.answering(),
            "protocol": {"name": "p", "prompts": "x", "participants": 2},
            "prompts": template(answer, **dict.fromkeys(scales)),
            "dataset": "words",
            "scales": {name: scale.model_dump() for name, scale in scales.items()},
        }
    )


def request(
    card: Any, answer: AnswerFormat = ONE, scales: Mapping[str, Scale] | None = None
) -> RatingRequest:
    (question,) = build_questions(job(card, answer, scales), card, [("joy", "joy")])
    return question.ask.request


def model(engine: str, **keys: Any) -> Any:
    sampling = "all" if engine == "openai" else "none"
    card = {"title": "M", "engine": engine, "model": "m"}
    if engine != "vllm":
        card["capabilities"] = {"structured": True, "sampling": sampling}
    return ENGINES[engine].model_validate(card | keys)


def body(card: ApiModel, asked: RatingRequest) -> dict[str, Any]:
    sent = card.dialect.body(card.model, card.capabilities, Ask(asked, (0,)))
    return orjson.loads(orjson.dumps(sent))  # type: ignore[no-any-return]


def test_the_schema_is_part_of_what_is_asked() -> None:
    card = model("openai")
    free = request(card, AnswerFormat(kind="text", max_tokens=32))
    assert not free.schema
    asked = [
        request(card),
        request(card, scales={"valence": HALVES}),
        request(card, ALL, {"valence": NINE, "arousal": NINE}),
        request(card, ALL, {"arousal": NINE, "valence": NINE}),
    ]
    assert len({each.request_id for each in (free, *asked)}) == 5
    assert hash(asked[0]) == hash(request(card))


def test_openai_is_sent_a_strict_response_format() -> None:
    card = model("openai", api_key_env=None)
    sent = body(card, request(card))
    form = {"name": "answer", "strict": True, "schema": schema(valence=NINE)}
    assert sent["response_format"] == {"type": "json_schema", "json_schema": form}
    line = orjson.loads(BatchClient(card).line(Ask(request(card), (0,))))
    assert line["body"]["response_format"] == sent["response_format"]


def test_llama_cpp_is_sent_the_schema_of_a_text_to_be_continued_as_it_knows_it() -> None:
    capable = {"structured": True, "completion": True, "sampling_extras": True}
    card = model("openai", capabilities=capable)
    asked = job(card, ONE)
    told = asked.prompts.model_copy(update={"kind": "completion"})
    (question,) = build_questions(
        asked.model_copy(update={"prompts": told}), card, [("joy", "joy")]
    )
    sent = body(card, question.ask.request)
    assert sent["json_schema"] == schema(valence=NINE)
    assert "response_format" not in sent


def test_claude_is_sent_the_schema_beside_its_effort() -> None:
    card = model("anthropic", extra_body={"output_config": {"effort": "low"}})
    assert isinstance(card, AnthropicModel)
    sent = body(card, request(card))["output_config"]
    assert sent["effort"] == "low"
    assert sent["format"]["type"] == "json_schema"
    assert sent["format"]["schema"]["properties"] == {"valence": {"enum": list(range(1, 10))}}
    free = request(card, AnswerFormat(kind="text"))
    assert body(card, free)["output_config"] == {"effort": "low"}


def test_gemini_is_sent_the_schema_beside_its_thinking() -> None:
    thinking = {"thinkingConfig": {"thinkingLevel": "LOW"}}
    card = model("gemini", extra_body={"generationConfig": thinking})
    assert isinstance(card, GeminiModel)
    sent = body(card, request(card))["generationConfig"]
    assert sent["responseMimeType"] == "application/json"
    assert sent["responseJsonSchema"] == schema(valence=NINE)
    assert sent["thinkingConfig"] == {"thinkingLevel": "LOW"}


def test_vllm_is_told_the_schema() -> None:
    card = model("vllm")
    told = sampling_parameters(Ask(request(card), (0,)), ())
    assert told["structured_outputs"] == {"json": schema(valence=NINE)}
    free = Ask(request(card, AnswerFormat(kind="text")), (0,))
    assert "structured_outputs" not in sampling_parameters(free, ())


@pytest.mark.parametrize(
    ("preset", "place", "thinks"),
    [
        ("openai", ("response_format",), {"reasoning_effort": "low"}),
        ("anthropic", ("output_config", "format"), {"thinking": {"type": "adaptive"}}),
        (
            "gemini",
            ("generationConfig", "responseJsonSchema"),
            {},
        ),
    ],
)
def test_thoughts_before_a_structured_answer_have_room_and_keep_their_parameters(
    preset: str, place: tuple[str, ...], thinks: dict[str, object]
) -> None:
    card = read_card(CATALOGUE / f"providers/{preset}.yaml", Provider).of("a-model")
    plain = job(card, ONE)
    protocol = plain.protocol.model_copy(update={"thinking": "low", "temperature": None})
    prompts = read_card(CATALOGUE / "prompts/words-structured.yaml", PromptSet)
    assert not list(card.cannot_follow("m", protocol, [prompts]))
    asked = plain.model_copy(update={"protocol": protocol, "thoughts": card.thoughts("low")})
    (question,) = build_questions(asked, card, [("joy", "joy")])
    request = question.ask.request
    assert request.sampling.max_tokens == 32 + card.able.thinking_tokens["low"]
    sent = body(card, request)
    assert value_at(sent, place)
    assert sent.items() >= thinks.items()
    if preset == "anthropic":
        assert sent["output_config"]["effort"] == "low"
    if preset == "gemini":
        assert sent["generationConfig"]["thinkingConfig"] == {"thinkingLevel": "LOW"}
    said = '<think>Joy is good: {"valence": 9}?</think>{"valence": 7}'
    reply = {"choices": [{"message": {"content": said}, "finish_reason": "stop"}]}
    (answer,) = read_choices(request.request_id, [0], False, reply, 0.1)
    assert readings(asked, answer) == {"valence": Reading("ok", 7.0)}


def test_a_provider_may_count_the_schema_among_the_tokens_of_the_prompt() -> None:
    card = model("openai")
    free, forced = (
        Ask(request(card, AnswerFormat(kind=kind, max_tokens=32)), (0,))
        for kind in ("text", "structured")
    )
    form = forced.request.schema
    more = card.most_tokens(forced)[0] - card.most_tokens(free)[0]
    assert more == most_schema_tokens(form) > likely_schema_tokens(form) > 0
    assert most_schema_tokens({}) == likely_schema_tokens({}) == 0


# Studies


def study(config_dir: Path, name: str, *protocols: dict[str, Any]) -> dict[str, Any]:
    content, _ = read_yaml(config_dir / "config.yaml")
    named = [
        {"name": f"p{number}", "prompts": "words-structured", **protocol}
        for number, protocol in enumerate(protocols or ({},))
    ]
    datasets = [{"dataset": "anew"}]
    return {**content, "models": [name], "datasets": datasets, "protocols": named}


def refusal(config_dir: Path, name: str, **protocol: Any) -> str:
    with pytest.raises(StudyError) as refused:
        load_study(study(config_dir, name, protocol), config_dir)
    return str(refused.value)


SAYS_NOT = (
    "structured answers (answer.kind: structured), but its card says structured: false: if its "
    "server forces answers into the form of a JSON schema, write structured: true among its "
    "capabilities; otherwise use a prompt set with answer.kind: text, or labels"
)


@pytest.mark.parametrize("name", ["smollm2-135m", "gpt-4o", "claude-haiku-5-5", "gemini-3.8-flash"])
def test_models_that_force_the_form_of_answers_are_asked(config_dir: Path, name: str) -> None:
    loaded = load_study(study(config_dir, name), config_dir)
    asked = Jobs(loaded).rate(name, "p0", "anew", "valence")
    (question, *_) = build_questions(asked, loaded.models[name], [("joy", "joy")])  # type: ignore[arg-type]
    assert question.ask.request.schema == schema(valence=NINE)
    (message,) = question.ask.request.prompt.messages or ()
    assert 'only key is "valence"' in message.content


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda card: card["capabilities"].update(structured=False), SAYS_NOT),
        (
            lambda card: card.update(extra_body={"response_format": {"type": "json_object"}}),
            "but its card adds response_format to every request, which gives answers a form too: "
            "leave it out of the card (preset, extra_body, thinking)",
        ),
        (
            lambda card: card["capabilities"].update(
                thinking={"low": {"structured_outputs": {"regex": "[0-9]"}}},
                thinking_tokens={"low": 100},
            ),
            "but its card adds structured_outputs to every request",
        ),
    ],
    ids=["cannot", "form of its own", "form of a level"],
)
def test_a_card_that_does_not_go_with_structured_answers_is_refused_with_what_to_write(
    config_dir: Path, edit: Edit, change: Callable[[Any], object], told: str
) -> None:
    load_study(study(config_dir, "gpt-4o"), config_dir)
    edit("models/gpt-4o.yaml", change)
    assert told in refusal(
        config_dir, "gpt-4o", thinking="low" if "structured_o" in told else "provider"
    )
    # Other questions are asked as before.
    load_study(study(config_dir, "gpt-4o", {"prompts": "words"}), config_dir)


@pytest.mark.parametrize(
    ("engine", "keys", "form"),
    [
        (
            "anthropic",
            {"output_config": {"format": {"type": "json_schema"}}},
            "output_config.format",
        ),
        (
            "gemini",
            {"generationConfig": {"responseMimeType": "application/json"}},
            "generationConfig.responseMimeType",
        ),
    ],
)
def test_the_form_of_every_dialect_is_found_in_a_card(
    engine: str, keys: dict[str, Any], form: str
) -> None:
    protocol = job(model(engine), ONE).protocol.model_copy(update={"temperature": None})
    prompts = read_card(CATALOGUE / "prompts/words-structured.yaml", PromptSet)
    assert not list(model(engine).cannot_follow("m", protocol, [prompts]))
    (told,) = model(engine, extra_body=keys).cannot_follow("m", protocol, [prompts])
    assert f"its card adds {form} to every request" in told


def test_what_cannot_be_structured_is_refused(config_dir: Path, edit: Edit) -> None:
    exact = refusal(config_dir, "smollm2-135m", readouts=["exact"])
    assert "the exact readout of structured answers (answer.kind: structured)" in exact
    thinks = refusal(config_dir, "qwen3-8b", thinking="high")
    assert "structured answers with thinking: high, but vLLM inside a job forces" in thinks
    load_study(study(config_dir, "qwen3-8b", {"thinking": "off"}), config_dir)
    edit("prompts/words-structured.yaml", lambda prompts: prompts.update(kind="completion"))
    edit("models/gpt-4o.yaml", lambda card: card["capabilities"].update(completion=True))
    continued = refusal(config_dir, "gpt-4o")
    assert "a structured answer to a text to be continued, which only llama.cpp" in continued
    load_study(study(config_dir, "smollm2-135m"), config_dir)


def test_scales_that_are_asked_together_are_one_job_with_one_schema(
    config_dir: Path, edit: Edit
) -> None:
    edit(
        "prompts/words-structured.yaml",
        lambda prompts: prompts.update(
            template="{% for one in scales %}{{ one.key }} {% endfor %}{{ item.text }}",
            answer={"kind": "structured_joint", "max_tokens": 64},
        ),
    )
    loaded = load_study(study(config_dir, "gpt-4o"), config_dir)
    (together,) = loaded.asked("p0", "anew")
    assert together == "arousal+dominance+valence"
    asked = Jobs(loaded).rate("gpt-4o", "p0", "anew", together)
    (question,) = build_questions(asked, loaded.models["gpt-4o"], [("joy", "joy")])  # type: ignore[arg-type]
    assert question.ask.request.schema["required"] == list(asked.prompts.wording)
    assert "several scales at once" in refusal(config_dir, "smollm2-135m", readouts=["exact"])


def test_the_plan_names_what_is_forced(config_dir: Path) -> None:
    loaded = load_study(study(config_dir, "gpt-4o", {}, {"prompts": "words"}), config_dir)
    assert list(settings_in_words(Jobs(loaded).plan())) == [
        "p0: a JSON schema forces the form of answers (answer.kind: structured)."
    ]


# Answers

ANSWER = Answer(
    *("a", 0, "", "stop"),
    model_reported="m",
    prompt_tokens=None,
    completion_tokens=None,
    latency_s=0.1,
    received="2026-11-29T12:00:00+00:00",
)


@pytest.mark.parametrize(
    ("text", "reason", "reading"),
    [
        ('{"V": 7}', "stop", Reading("ok", 7.0)),
        ('{\n  "V": 7.0\n}', "stop", Reading("ok", 7.0)),
        ('{"V": 10}', "stop", Reading("off_scale")),
        ('{"V": "7"}', "stop", Reading("unparsable")),
        ('{"valence": 7}', "stop", Reading("unparsable")),
        ("7", "stop", Reading("unparsable")),
        ("I'm sorry, but I can't rate this.", "stop", Reading("refusal")),
        ('{"V":', "length", Reading("truncated")),
        ('{"V":', None, Reading("truncated")),
        ("", "content_filter", Reading("content_filter")),
        ("", "refusal: bio", Reading("refusal")),
    ],
)
@pytest.mark.parametrize("kind", ["structured", "structured_joint"])
def test_a_structured_answer_is_read_as_strictly_as_any(
    kind: AnswerKind, text: str, reason: str | None, reading: Reading
) -> None:
    given = replace(ANSWER, text=text, finish_reason=reason)
    form = AnswerFormat(kind=kind, max_tokens=32)
    assert read_answer(given, {"V": NINE}, form) == {"V": reading}


def test_structured_labels_are_read_from_their_key() -> None:
    given = replace(ANSWER, text='{"mood": ["fear", "joy"]}')
    assert read_answer(given, {"mood": MOOD}, ONE) == {
        "mood": Reading("ok", labels=("joy", "fear"))
    }
    twice = replace(ANSWER, text='{"mood": ["joy", "joy"]}')
    assert read_answer(twice, {"mood": MOOD}, ONE)["mood"].status == "unparsable"


@pytest.mark.parametrize("kind", ["text", "joint", "structured"])
def test_recorded_objects_in_a_range_of_their_own_need_a_rule_for_reading_them(
    kind: AnswerKind,
) -> None:
    card = ENGINES["recorded"].model_validate(
        {
            "title": "People",
            "engine": "recorded",
            "source": {"file": "people.csv"},
            "columns": {"item": "id", "answer": "said"},
            "scale": "valence",
            "native": {"min": -4, "max": 4},
        }
    )
    prompts = read_card(CATALOGUE / "prompts/words-structured.yaml", PromptSet)
    form = AnswerFormat(kind=kind, max_tokens=32)
    protocol = job(model("openai"), ONE).protocol
    told = list(card.cannot_follow("m", protocol, [prompts.model_copy(update={"answer": form})]))
    assert bool(told) == (kind != "text")
    assert all(
        "protocol 'p' asks for JSON objects; declare in the card how" in each for each in told
    )


# The report


def test_the_report_says_what_is_hidden_and_what_may_be_due_to_it() -> None:
    made = report_job(protocols={"free": {}, "forced": {"prompts": "other"}})
    prompts = {
        name: each.model_copy(update={"answer": ONE}) if name == "other" else each
        for name, each in made.prompts.items()
    }
    job = made.model_copy(update={"prompts": prompts})
    (told,) = [each for each in drawn(job) if "JSON schema" in each]
    assert told.startswith("Under forced, answers were structured: tokens by which an answer would")
    assert [each for each in confounded(job) if "into a form" in each] == [
        "Answers under forced were forced into a form and those under free were not: a difference "
        "between these protocols may be due to this."
    ]
    assert not [each for each in drawn(made) if "JSON schema" in each]
    assert not [each for each in confounded(made) if "into a form" in each]
    (differs,) = apart(job, "free", "forced", "words", "valence")
    assert differs == (
        "answer format (text of up to 4 tokens vs. a JSON object of up to 32 tokens that a schema "
        "forces)"
    )
