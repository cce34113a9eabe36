"""Decisions before anything is sent: what is asked, what is refused, what a reply may say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from emoalign.elicitation.engines.gemini.gemini_model import GeminiModel
from emoalign.elicitation.engines.openai.openai_model import OpenAIModel
from emoalign.elicitation.engines.registry import ENGINES
from emoalign.elicitation.rating import RatingRequest, Sampling
from emoalign.elicitation.readings import read_decision
from emoalign.installed import CATALOGUE
from emoalign.planning.loading import MODELS
from emoalign.prompts import (
    Level,
    Message,
    Prompt,
    QuestionTemplate,
    Renderer,
    ScoreQuestion,
    most_tokens,
)
from emoalign.report.sections.example_prompts import as_text
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.protocols import Protocol
from emoalign.study.reading import read_card
from emoalign.study.scales import HumanScale, LabelScale, OrdinalScale

THREE = ScoreQuestion("How?", tuple(Level(str(number)) for number in (1, 2, 3)))
WORDING = {"valence": {"instruction": "How?", "written_for": {"min": 1, "max": 3}}}
PROMPTS: dict[str, Any] = {
    "title": "P",
    "kind": "chat",
    "template": "{{ instruction }}\n\nWord: {{ item.text }}",
    "answer": {"kind": "text"},
    "scales": WORDING,
}
FROZEN = "7eb34caef01ef75b5fb408a4baef0516a9f14b88c3091345bc6900d4344d245d"
NINE = HumanScale(min=1, max=9, direction="up")


def decided(**more: Any) -> Protocol:
    return Protocol.model_validate({"name": "p", "prompts": "x", "readouts": ["decision"], **more})


def model(levels: int = 10, questions: int = 2, **more: Any) -> OpenAIModel:
    limits = {"levels": levels, "questions": questions}
    card = {"title": "M", "engine": "openai", "model": "m", "capabilities": {"decisions": limits}}
    return OpenAIModel.model_validate({**card, **more})


def test_a_decision_keeps_its_id() -> None:
    # Whoever changes it makes every user pay for all decisions again.
    prompt = Prompt((Message("user", "Word: joy"),), None, questions=(THREE,))
    request = RatingRequest("m", None, prompt, Sampling.at(None, 0), "decision", 1)
    assert request.request_id == FROZEN
    others = [
        ScoreQuestion("How?", (Level("1", "bad"), *THREE.levels[1:])),
        ScoreQuestion("How is it?", THREE.levels),
        ScoreQuestion("How?", THREE.levels[:2]),
    ]
    ids = {
        RatingRequest(
            "m",
            None,
            Prompt(prompt.messages, None, questions=(each,)),
            request.sampling,
            "decision",
            1,
        ).request_id
        for each in others
    }
    assert len(ids | {request.request_id}) == 4


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"temperature": 0.7}, "temperature: 0.7 has no effect on decisions"),
        ({"thinking": "low"}, "thinking: low has no effect on decisions"),
        ({"readouts": ["sampled", "decision"], "temperature": 0}, "in a protocol of their own"),
    ],
)
def test_settings_without_effect_on_decisions_are_refused(more: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        decided(**more)


def test_a_protocol_of_the_providers_own_sampling_may_ask_for_decisions() -> None:
    assert decided(temperature="provider").temperature is None
    assert decided(thinking="off").thinking == "off"


@pytest.mark.parametrize(
    ("card", "prompts", "told"),
    [
        (
            model(capabilities={}),
            {},
            "among its capabilities: take decision out of readouts or, if",
        ),
        (
            model(questions=1),
            {
                "answer": {"kind": "joint"},
                "scales": WORDING | {"arousal": WORDING["valence"]},
            },
            "a decision about 2 scales at once, but its card says decisions.questions: 1",
        ),
        (model(), {"kind": "completion"}, "is a text to be continued"),
        (
            model(),
            {"scales": {"valence": WORDING["valence"] | {"instruction": " "}}},
            "that of valence is empty",
        ),
    ],
)
def test_what_cannot_be_decided_is_refused_with_the_reason(
    card: OpenAIModel, prompts: dict[str, Any], told: str
) -> None:
    asked = PromptSet.model_validate({**PROMPTS, **prompts})
    (why,) = card.cannot_follow("m", decided(), [asked])
    assert told in why
    assert why.startswith("protocol 'p' asks model 'm' for")


def test_a_model_that_only_decides_gives_no_answers() -> None:
    card = read_card(CATALOGUE / "models/gemini-decision-1.yaml", MODELS)
    prompts = [PromptSet.model_validate(PROMPTS)]
    assert not list(card.cannot_follow("m", decided(), prompts))
    (why,) = card.cannot_follow("m", decided(readouts=["sampled", "decision"]), prompts)
    assert "its card says chat: false" in why


def test_scales_with_more_points_than_a_decision_has_levels_are_refused() -> None:
    scales = {"valence": NINE, "percent": HumanScale(min=0, max=100, direction="up")}
    scales["labels"] = LabelScale(kind="labels", labels=("a", "b"))  # type: ignore[assignment]
    (why,) = model().cannot_rate("m", "words", "word", scales, {"decision"})
    assert why.startswith("model 'm' cannot be asked for decisions about 'percent' of 'words': it")
    assert "101 points, and the card says decisions.levels: 10" in why
    assert not list(model().cannot_rate("m", "words", "word", scales, {"sampled"}))
    assert not list(model(levels=255).cannot_rate("m", "words", "word", scales, {"decision"}))


@pytest.mark.parametrize(
    "content",
    [
        {"engine": "anthropic", "model": "claude", "capabilities": {"sampling": "none"}},
        {
            "engine": "llamacpp",
            "weights": {"file": "w.gguf"},
            "capabilities": {"sampling_extras": True},
        },
    ],
    ids=lambda content: content["engine"],
)
def test_engines_without_decisions_refuse_a_card_that_claims_them(content: dict[str, Any]) -> None:
    claims = content["capabilities"] | {"decisions": {"levels": 9, "questions": 1}}
    with pytest.raises(ValidationError, match=r"capabilities\.decisions: engine \w+ has none"):
        ENGINES[content["engine"]].model_validate({"title": "M", **content, "capabilities": claims})


def test_shipped_cards_that_decide_have_a_price_a_date_and_a_source() -> None:
    cards = {path.stem: read_card(path, MODELS) for path in CATALOGUE.glob("models/*.yaml")}
    those = {
        name: card
        for name, card in cards.items()
        if isinstance(card, OpenAIModel | GeminiModel) and card.able.decisions
    }
    assert set(those) == {"gpt-6-luna", "gemini-decision-1"}
    for card in those.values():
        assert card.prices is not None
        own = card.prices.of("decision")
        assert (own.input_usd, own.output_usd, own.batch_factor) == (0.1, 0, None)
        assert own.most(1e6, 1e6) == pytest.approx(0.1)


def rendered(prompts: dict[str, Any], **scales: OrdinalScale) -> Prompt:
    told = {"system": None, **prompts, "wording": prompts["scales"]}
    del told["scales"], told["title"]
    return Renderer(QuestionTemplate.model_validate(told), scales).decision("joy")


def test_the_input_is_what_the_template_shows_without_the_instruction() -> None:
    scale = OrdinalScale(min=0, max=1, step=0.5, direction="up", anchors={0.5: "so-so"})
    prompt = rendered({**PROMPTS, "system": "Be {{ scale.name }}."}, valence=scale)
    assert prompt.messages == (Message("system", "Be valence."), Message("user", "Word: joy"))
    assert prompt.questions == (
        ScoreQuestion("How?", (Level("0"), Level("0.5", "so-so"), Level("1"))),
    )
    assert as_text(prompt).endswith("[question]\nHow?\n[levels]\n0, 0.5 (so-so), 1")
    assert most_tokens(prompt) > len("Be valence.Word: joyHow?00.5so-so1")


def test_a_system_message_that_is_the_instruction_is_left_out() -> None:
    prompt = rendered(
        {**PROMPTS, "system": "{{ instruction }}", "template": "{{ item.text }}"},
        valence=OrdinalScale(min=1, max=2, direction="up"),
    )
    assert prompt.messages == (Message("user", "joy"),)


def list_of(*numbers: object) -> str:
    levels = [
        {"label": str(place + 1), "value": place, "probability": number}
        for place, number in enumerate(numbers)
    ]
    return json.dumps([{"type": "score", "name": "q1", "probabilities": levels}])


@pytest.mark.parametrize(
    "numbers",
    [
        (0.33, 0.33, 0.33),
        (0.334, 0.333, 0.333),
        (1, 0, 0),
        (0.1, 0.2, 0.7),
        (1 / 3, 1 / 3, 1 / 3),
        (0.9312, 0.06877, 3.2e-05),
    ],
)
def test_numbers_are_read_as_they_came_if_rounding_explains_their_sum(
    numbers: tuple[float, ...],
) -> None:
    assert read_decision(list_of(*numbers), [THREE]) == [numbers]


@pytest.mark.parametrize(
    "numbers",
    [(0.3331, 0.3331, 0.3331), (0.32, 0.32, 0.32), (0.5, 0.25, 0), (0.9312, 0.0672, 3.2e-05)],
)
def test_sums_that_no_rounding_explains_are_refused(numbers: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="add up to"):
        read_decision(list_of(*numbers), [THREE])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("7", "are no answers of decisions"),
        ("", "are no answers of decisions"),
        ("[]", "are 0, and 1 were asked for"),
        ("{}", "are to nothing, and 'q1' were asked"),
        ('{"q1": {}}', "have no score for 'q1'"),
        ('{"q2": {"type": "refusal"}}', "are to 'q2', and 'q1' were asked"),
        (list_of(True, 0, 0), "give 1 the probability True"),
        (list_of("1", 0, 0), "give 1 the probability '1'"),
        (
            '{"q1": {"type": "score", "probabilities": {"0": 1, "1": 0, "02": 0}}}',
            "asked about: 02",
        ),
    ],
)
def test_other_things_than_distributions_are_refused(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_decision(text, [THREE])


def test_refused_questions_have_no_distribution() -> None:
    answered = json.loads(list_of(0, 1, 0))[0] | {"name": "q2"}
    text = json.dumps([{"type": "refusal", "name": "q1"}, answered])
    assert read_decision(text, [THREE, THREE]) == [None, (0, 1, 0)]
