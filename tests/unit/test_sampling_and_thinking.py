"""Protocols that leave sampling to the provider, or say how much a model thinks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from emoalign.commands.new_study import usual_temperature
from emoalign.elicitation.doubts import Asked as AskedModels
from emoalign.elicitation.doubts import doubts
from emoalign.elicitation.engines.openai.openai_model import OpenAIModel
from emoalign.elicitation.engines.registry import ENGINES
from emoalign.elicitation.engines.vllm.vllm_model import VllmModel, template_variables
from emoalign.elicitation.questions import build_questions
from emoalign.elicitation.rating import RatingRequest
from emoalign.elicitation.readings import without_thoughts
from emoalign.errors import StudyError
from emoalign.installed import CATALOGUE
from emoalign.planning.jobs import Jobs
from emoalign.planning.loading import load_study
from emoalign.planning.plan import settings_in_words
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.protocols import Protocol
from emoalign.study.reading import read_card, read_yaml, validate
from emoalign.tables import RATINGS
from tests.kit.ratings import rating_rows


def study_of(config_dir: Path, model: str, *protocols: dict[str, Any]) -> dict[str, Any]:
    content, _ = read_yaml(config_dir / "config.yaml")
    named = [
        {"name": f"p{number}", "prompts": "instruction", **protocol}
        for number, protocol in enumerate(protocols)
    ]
    return {**content, "models": [model], "protocols": named}


def requests(config_dir: Path, model: str, **protocol: Any) -> list[RatingRequest]:
    """The requests about an item under a protocol."""
    loaded = load_study(study_of(config_dir, model, protocol), config_dir)
    (dataset, *_) = loaded.datasets
    job = Jobs(loaded).rate(model, "p0", dataset, loaded.asked("p0", dataset)[0])
    card = loaded.models[model]
    return [each.ask.request for each in build_questions(job, card, [("joy", "joy")])]  # type: ignore[arg-type]


def refusals(config_dir: Path, model: str, **protocol: Any) -> str:
    with pytest.raises(StudyError) as refused:
        load_study(study_of(config_dir, model, protocol), config_dir)
    return str(refused.value)


# Protocols


def test_a_level_that_a_card_lacks_is_one_problem(config_dir: Path) -> None:
    for model in ("mistral-large-3", "deepseek-v4-pro"):
        told = refusals(config_dir, model, thinking="low", temperature="provider")
        assert told.count("asks model") == 1


@pytest.mark.parametrize(
    ("model", "protocol", "told"),
    [
        (
            "smollm2-135m",
            {"temperature": "provider"},
            "it runs on this machine and has no provider",
        ),
        ("qwen3-8b", {"temperature": "provider"}, "give a number, such as temperature: 1"),
        (
            "smollm2-135m",
            {"thinking": "off"},
            "write, among its capabilities, thinking: {off: {…}}",
        ),
        ("smollm2-135m", {"thinking": "low"}, "chat_template_kwargs: {enable_thinking: true}"),
        ("gpt-4o-mini", {"thinking": "low"}, "such as reasoning_effort: low"),
        ("qwen3-8b", {"thinking": "low"}, "asks model 'qwen3-8b' for thinking: low"),
        ("qwen3-8b", {"thinking": "low"}, "its card has only off and high: ask for that, or write"),
        ("deepseek-v4-pro", {"thinking": "low"}, "its card has only off and high: ask for that"),
        ("mistral-large-3", {"thinking": "low"}, "its card has no levels: write"),
        ("mistral-large-3", {"thinking": "low"}, "if it needs none, and thinking_tokens: {low: 20"),
        (
            "ollama-llama3.1-8b",
            {"thinking": "low"},
            "thinking: low, which by its card it does not have (thinking: {low: null})",
        ),
        (
            "qwen3-8b",
            {"thinking": "deep"},
            'expected one of off, low, medium, high, provider, found "deep"',
        ),
        (
            "gpt-5.4-mini",
            {"thinking": "low"},
            "temperature 1 with thinking: low, but its card says thinking_sampling: false",
        ),
        ("gpt-4o-mini", {"temperature": "hot"}, 'expected a number, found "hot"'),
        ("gpt-4o-mini", {"temperature": -1}, "must be 0 or more, found -1"),
        (
            "qwen3-8b",
            {"thinking": "high", "readouts": ["sampled", "exact"]},
            "a thought with thinking: high; use sampled, or thinking: off",
        ),
        (
            "gpt-4o-mini",
            {"temperature": "provider", "readouts": ["exact"]},
            "provider is unknown, and exact probabilities are those at a known temperature",
        ),
    ],
)
def test_what_a_model_cannot_follow_is_refused_with_what_to_write(
    model: str, protocol: dict[str, Any], told: str, config_dir: Path
) -> None:
    assert told in refusals(config_dir, model, **protocol)


@pytest.mark.parametrize(
    ("model", "protocol"),
    [
        ("gpt-4o-mini", {"temperature": "provider"}),
        ("claude-haiku-4-5", {"temperature": "provider"}),
        ("gpt-5.4-mini", {"thinking": "off"}),
        ("gpt-5.4-mini", {"thinking": "high", "temperature": "provider"}),
        ("qwen3-8b", {"thinking": "off", "readouts": ["sampled", "exact"]}),
        ("qwen3-8b", {"thinking": "high"}),
        ("ollama-llama3.1-8b", {"thinking": "off"}),
    ],
)
def test_what_a_model_can_follow_is_taken(
    model: str, protocol: dict[str, Any], config_dir: Path
) -> None:
    assert requests(config_dir, model, **protocol)


@pytest.mark.parametrize(
    ("engine", "parameters", "key"),
    [
        (
            "gemini",
            {"generationConfig": {"thinkingConfig": {"thinkingBudget": 4096}}},
            "generationConfig.thinkingConfig.thinkingBudget",
        ),
        ("openai", {"reasoning": {"max_tokens": 4096}}, "reasoning.max_tokens"),
        ("openai", {"thinking_token_budget": 4096}, "thinking_token_budget"),
        (
            "anthropic",
            {"thinking": {"type": "enabled", "budget_tokens": 4096}},
            "thinking.budget_tokens",
        ),
    ],
)
@pytest.mark.parametrize(
    ("thinking", "room", "longest", "told"),
    [
        ("low", 2048, 10, "thoughts of at most 2048 tokens"),
        ("low", 4096, 10, None),
        ("provider", 2048, 9000, "thoughts of at most 2048 tokens"),
        ("provider", None, 4096, "answers of at most 4096 tokens"),
        ("provider", None, 4097, None),
        ("off", 2048, 10, "answers of at most 10 tokens"),
    ],
)
def test_a_budget_of_thoughts_that_leaves_too_little_for_the_answer_is_refused(
    thinking: str,
    room: int | None,
    longest: int,
    told: str | None,
    engine: str,
    parameters: dict[str, Any],
    key: str,
) -> None:
    able: dict[str, Any] = {"sampling": "none"} | ({"thinking_tokens": room} if room else {})
    levels: dict[str, Any] = {} if thinking == "provider" else {thinking: parameters}
    content = {"title": "t", "engine": engine, "model": "m", "capabilities": {**able}}
    content["capabilities"] = {**able, "thinking": levels}
    content["extra_body"] = {} if levels else parameters
    card = ENGINES[engine].model_validate(content)
    asked = {"name": "p", "prompts": "p", "participants": 1, "readouts": ("sampled",)}
    protocol = Protocol.model_validate({**asked, "temperature": "provider", "thinking": thinking})
    prompts = read_card(CATALOGUE / "prompts/instruction.yaml", PromptSet)
    answer = prompts.answer.model_copy(update={"max_tokens": longest})
    said = list(card.cannot_follow("g", protocol, [prompts.model_copy(update={"answer": answer})]))
    assert len(said) == (told is not None)
    assert told is None or (told in said[0] and f"{key}: 4096" in said[0])
    remedy = "send none at this level" if thinking == "off" else f"tokens: {{{thinking}: 4096}}"
    assert told is None or remedy in said[0]


def of_two_levels(config_dir: Path, first: dict[str, Any], second: dict[str, Any]) -> str:
    """The refusals of a study whose model is told the same by off and high, and more by low."""
    levels = {"off": {"effort": 0}, "high": {"effort": 0}, "low": {"effort": 1}}
    able = {"thinking": levels, "thinking_tokens": {"low": 9, "high": 0}}
    card = {"title": "C", "engine": "openai", "model": "c", "api_key_env": None}
    card |= {"extra_body": {"effort": 0}, "capabilities": able}
    (config_dir / "models").mkdir(exist_ok=True)
    (config_dir / "models" / "c.yaml").write_text(json.dumps(card), encoding="utf-8")
    try:
        load_study(study_of(config_dir, "c", first, second), config_dir)
    except StudyError as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize("second", ["provider", "high"])
def test_two_levels_that_tell_a_model_the_same_are_no_factor(second: str, config_dir: Path) -> None:
    told = of_two_levels(config_dir, {"thinking": "off"}, {"thinking": second, "participants": 3})
    assert f"protocols, entry 2, thinking: {second}, but for model 'c' this is the same" in told
    assert "as thinking: off of protocol 'p0'" in told


@pytest.mark.parametrize(
    "second",
    [
        {"thinking": "low"},
        {"thinking": "high", "wave": 2},
        {"thinking": "high", "temperature": 0.5},
        {"thinking": "high", "prompts": "instruction-with-examples"},
    ],
    ids=str,
)
def test_protocols_that_ask_something_else_are_taken(
    second: dict[str, Any], config_dir: Path
) -> None:
    assert of_two_levels(config_dir, {"thinking": "off"}, second) == ""


CAN = {"thinking": {"high": {"effort": "high"}}, "thinking_tokens": {"high": 100}}


@pytest.mark.parametrize(
    ("capabilities", "answer", "told"),
    [
        (CAN, {}, None),
        ({**CAN, "thinking_tokens": 100}, {}, None),
        ({**CAN, "thinking_tokens": {"low": 100}}, {}, "thinking_tokens: {high: 2048}"),
        (CAN, {"stop": ["\n"]}, "answer.stop of the prompt set may end its thoughts"),
        (CAN | {"tokenizer": True}, {"kind": "next_token", "max_tokens": 1}, "is then a thought"),
    ],
)
def test_thinking_needs_room_and_nothing_that_ends_it(
    capabilities: dict[str, Any],
    answer: dict[str, Any],
    told: str | None,
    config_dir: Path,
    edit: Callable[[str, Callable[[Any], object]], None],
) -> None:
    edit("models/gpt-4o-mini.yaml", lambda card: card["capabilities"].update(capabilities))
    edit("prompts/instruction.yaml", lambda prompts: prompts["answer"].update(answer))
    if told is None:
        (request,) = requests(config_dir, "gpt-4o-mini", thinking="high")
        assert (request.sampling.max_tokens, request.extra_body) == (103, (("effort", "high"),))
    else:
        assert told in refusals(config_dir, "gpt-4o-mini", thinking="high")


def test_thoughts_that_do_not_fit_into_the_context_are_refused_before_anything_is_computed(
    config_dir: Path, edit: Callable[[str, Callable[[Any], object]], None]
) -> None:
    edit("models/qwen3-8b.yaml", lambda card: card.update(context_tokens=2048))
    told = refusals(config_dir, "qwen3-8b", thinking="high")
    assert "of 4099 tokens do not fit into context_tokens: 2048 of its card" in told


@pytest.mark.parametrize(("temperature", "refused"), [(1, False), ("provider", False), (0.7, True)])
def test_of_a_model_that_takes_no_temperature_only_its_own_sampling_is_asked(
    temperature: object,
    refused: bool,
    config_dir: Path,
    edit: Callable[[str, Callable[[Any], object]], None],
) -> None:
    edit("models/gpt-4o-mini.yaml", lambda card: card["capabilities"].update(sampling="none"))
    if refused:
        told = refusals(config_dir, "gpt-4o-mini", temperature=temperature)
        assert "temperature 0.7, but its card says sampling: none" in told
        assert "write temperature: provider" in told
    else:
        assert requests(config_dir, "gpt-4o-mini", temperature=temperature)


def test_a_new_study_leaves_sampling_to_providers_where_a_model_takes_none() -> None:
    def api(**capabilities: Any) -> OpenAIModel:
        card = {"title": "A", "engine": "openai", "model": "a", "capabilities": capabilities}
        return OpenAIModel.model_validate(card)

    here = VllmModel(title="B", engine="vllm", model="org/b")
    cool, none = api(temperature={"min": 0, "max": 0.8}), api(sampling="none")
    assert usual_temperature({"a": cool, "b": here}) == "0.8"
    assert usual_temperature({"a": cool, "b": none}).startswith("provider  #")
    assert usual_temperature({"a": none, "b": here}) == "1.0"


def test_a_job_says_provider_and_reads_it_again() -> None:
    protocol, problems = validate(
        Protocol, {"name": "p", "prompts": "x", "temperature": "provider", "thinking": "off"}, "f"
    )
    assert protocol is not None
    assert not problems
    said = protocol.model_dump(mode="json", exclude_defaults=True)
    assert said == {"name": "p", "prompts": "x", "temperature": "provider", "thinking": "off"}
    assert Protocol.model_validate(said) == protocol
    # A job of before is the same job: keys at their default are left out.
    assert Protocol(name="p", prompts="x").model_dump(exclude_defaults=True).keys() == {
        "name",
        "prompts",
    }


def test_the_plan_names_what_is_left_to_the_provider_and_how_much_is_thought(
    config_dir: Path,
) -> None:
    protocols = ({"temperature": 0.5}, {"thinking": "high"}, {"thinking": "off"})
    loaded = load_study(study_of(config_dir, "qwen3-8b", *protocols), config_dir)
    assert list(settings_in_words(Jobs(loaded).plan())) == [
        "p1: thinking is high with up to 4,096 tokens per answer.",
        "p2: thinking is off.",
    ]
    own = load_study(study_of(config_dir, "gpt-4o", {"temperature": "provider"}), config_dir)
    assert list(settings_in_words(Jobs(own).plan())) == [
        "p0: no setting of sampling is sent (temperature: provider)."
    ]


# Requests


def test_thinking_off_on_the_qwen3_card_asks_the_questions_of_the_card_as_it_was(
    config_dir: Path, edit: Callable[[str, Callable[[Any], object]], None]
) -> None:
    both = {"readouts": ["sampled", "exact"]}

    def ids(**protocol: Any) -> list[str]:
        return [each.request_id for each in requests(config_dir, "qwen3-8b", **both | protocol)]

    off, provider = ids(thinking="off"), ids()
    (high,) = requests(config_dir, "qwen3-8b", thinking="high")

    def as_it_was(card: Any) -> None:
        del card["capabilities"]["thinking"], card["capabilities"]["thinking_tokens"]

    edit("models/qwen3-8b.yaml", as_it_was)
    assert off == provider == ids()
    assert template_variables(high) == {"enable_thinking": True}
    assert high.sampling.max_tokens == 4099
    assert high.request_id not in off


def test_the_words_of_two_levels_can_be_the_same_question(config_dir: Path) -> None:
    same = [
        {each.request_id for each in requests(config_dir, "gpt-5.4-mini", thinking=level)}
        for level in ("provider", "off")
    ]
    assert same[0] == same[1]


# Texts


ANALYSIS, COMMENTARY = ("<|channel|>analysis<|message|>", "<|channel|>commentary to=x<|message|>")
FINAL = "<|start|>assistant<|channel|>final<|message|>"
FINAL_JSON = "<|channel|>final <|constrain|>json<|message|>"


@pytest.mark.parametrize(
    ("text", "thoughts", "answer"),
    [
        ("7", "", "7"),
        ("I think <think>7</think>", "I think <think>7", ""),
        # Repeated, and inside each other
        ("<think>a</think>b<think>c</think>7", "a</think>b<think>c", "7"),
        ("<think>a</think>\n<think>b</think>\n7", "a</think>\n<think>b", "\n7"),
        ("<think>a<think>b</think>c</think>7", "a<think>b</think>c", "7"),
        ("<think><think>a</think></think>7", "<think>a</think>", "7"),
        ("a</think>b</think>7", "a</think>b", "7"),
        ("<thinking><think>a</think>b</thinking>7", "<think>a</think>b", "7"),
        ("<think>a</think><reasoning>b</reasoning>7", "ab", "7"),
        ("<think>a</think>7<think>b", "a", "7<think>b"),
        ("<think>a</think>7<think>b</think>", "a</think>7<think>b", ""),
        # In channels
        (f"{ANALYSIS}a<|end|>{FINAL}7<|return|>", f"{ANALYSIS}a<|end|>", "7"),
        (f"<|start|>assistant{ANALYSIS}a{FINAL} 7\n", f"<|start|>assistant{ANALYSIS}a", " 7\n"),
        (f"{ANALYSIS}a < b{COMMENTARY}c{FINAL}7", f"{ANALYSIS}a < b{COMMENTARY}c", "7"),
        (f"{ANALYSIS}a{FINAL_JSON}[7]<|return|>", f"{ANALYSIS}a", "[7]"),
        ("<|channel|>analysis a<|channel|>final7", "<|channel|>analysis a", "7"),
        (f"{ANALYSIS}a{FINAL}6<|end|>{FINAL}7", f"{ANALYSIS}a{FINAL}6<|end|>", "7"),
        (f"{FINAL}7", "", "7"),
        (f"{ANALYSIS}a", f"{ANALYSIS}a", ""),
        (f"{ANALYSIS}a{FINAL}", f"{ANALYSIS}a", ""),
        ("analysisJoy is good.assistantfinal7", "Joy is good.", "7"),
        ("analysisa\n7", "", "analysisa\n7"),
        ("An analysis, assistantfinal7", "", "An analysis, assistantfinal7"),
        ("<think>a", "a", ""),
        ("<think></think>7", "", "7"),
        ("<think>a</think>\n<think>b", "ab", ""),
        ("[think]a[/think]7", "a", "7"),
        ("<b>7</b>", "", "<b>7</b>"),
        ('{"valence": 7}', "", '{"valence": 7}'),
    ],
)
def test_thoughts_are_what_tags_at_the_beginning_enclose(
    text: str, thoughts: str, answer: str
) -> None:
    assert without_thoughts(text) == (thoughts, answer)


def test_equal_ratings_of_a_providers_own_sampling_are_a_doubt_of_its_own(tmp_path: Path) -> None:
    rows = rating_rows(np.tile(np.arange(1.0, 10), 4)[:30, None].repeat(10, axis=1))
    RATINGS.write(pd.DataFrame(rows), tmp_path / "r.parquet")
    for temperature, said in ((None, "by the provider's own settings"), (1.0, "above 0")):
        asked = AskedModels({"m": None}, {"p": temperature})
        assert any(said in doubt for doubt in doubts([tmp_path / "r.parquet"], asked))
    assert not doubts([tmp_path / "r.parquet"], AskedModels({"m": None}, {"p": 0.0}))
