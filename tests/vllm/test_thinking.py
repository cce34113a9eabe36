"""A level of thinking, in the chat template of a model that vLLM has loaded."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from emoalign.elicitation.engines.vllm.engine import loaded
from emoalign.elicitation.engines.vllm.vllm_model import VllmModel
from emoalign.elicitation.rating import Ask
from tests.vllm import tiny_models
from tests.vllm.test_engine import Question, all_answers

NO_THOUGHTS = "<think>\n\n</think>\n\n"
TEMPLATE = tiny_models.CHAT.replace(
    "assistant\n", "assistant\n{% if not enable_thinking %}" + NO_THOUGHTS + "{% endif %}"
)


def test_every_request_is_rendered_with_the_level_it_asks_for(
    rater_card: VllmModel, question: Question, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(rater_card.model, tmp_path / "thinker"))
    tiny_models.tokenizer(TEMPLATE).save_pretrained(folder)
    able = {"off": {"enable_thinking": False}, "high": {"enable_thinking": True}}
    card = VllmModel.model_validate(
        {
            **rater_card.model_dump(),
            "model": str(folder),
            "chat_template_kwargs": {"enable_thinking": False},
            "capabilities": {"thinking": able, "thinking_tokens": {"high": 64}},
        }
    )
    asked = question("joy", participants=(0,))

    def at(level: str) -> Ask:
        setup = card.setup(card.thoughts(level))  # type: ignore[arg-type]
        return replace(asked, request=replace(asked.request, setup=setup))

    off, high, provider = map(at, ("off", "high", "provider"))
    assert off == provider
    with loaded(card) as engine:
        answers = all_answers(engine, [off, high])
        more = len(engine.tokenize(NO_THOUGHTS))
    tokens = {each: answers[each.request.request_id, 0].prompt_tokens for each in (off, high)}
    assert tokens[off] == (tokens[high] or 0) + more > more
