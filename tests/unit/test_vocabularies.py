"""Tokens of prompts: counted by a vocabulary at hand, else within bounds that hold for many."""

from __future__ import annotations

from typing import cast

import pytest

from emoalign.elicitation.engines.api import vocabularies
from emoalign.elicitation.engines.openai.openai_model import OpenAIModel
from emoalign.planning.loading import MODELS
from emoalign.prompts import Message, Prompt, likely_tokens
from emoalign.study.library import Library

QUESTION = "Please rate on a scale from 1 to 9 how pleasant you find this word. Answer: "
TEXTS = {
    "English": "The cat sleeps on the sofa while rain drums on the windows. " + QUESTION,
    "German": "Bitte bewerten Sie auf einer Skala von 1 bis 9, wie angenehm dieses Wort ist.",
    "Finnish": "Arvioikaa asteikolla yhdestä yhdeksään, kuinka miellyttävä tämä sana on.",
    "Russian": "Пожалуйста, оцените по шкале от 1 до 9, насколько приятно это слово.",
    "Arabic": "يرجى تقييم مدى استحسانك لهذه الكلمة على مقياس من واحد إلى تسعة.",
    "Thai": "กรุณาให้คะแนนว่าคำนี้น่าพอใจเพียงใดในระดับ 1 ถึง 9",
    "Chinese": "请用一到九分评价这个词给您的愉快程度。",
    "Korean": "이 단어가 얼마나 즐겁게 느껴지는지 1에서 9까지 평가해 주세요.",
    "a table": "word\tvalence_mean\nhappy\t8.21\nsad\t2.10\nhouse\t6.01\n",
    "a word": "joy",
}


def chat(text: str) -> Prompt:
    return Prompt((Message("user", text),), None)


@pytest.mark.parametrize("vocabulary", ["o200k_base", "cl100k_base"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_the_bounds_hold_for_vocabularies_of_openai(text: str, vocabulary: str) -> None:
    least, most = likely_tokens(chat(text))
    exactly = vocabularies.counted(vocabulary, [chat(text)])
    assert exactly is not None
    assert exactly.source == "tokenizer"
    assert least < exactly.least < exactly.most < most


def test_a_card_with_a_vocabulary_has_its_prompts_counted() -> None:
    card = cast(OpenAIModel, Library().card("models", "gpt-4o", MODELS))
    able = card.capabilities.model_copy(update={"vocabulary": "o200k_base"})
    prompts = [chat(QUESTION + word) for word in ("joy", "woe", "tea")]
    counted = card.model_copy(update={"capabilities": able}).prompt_tokens(prompts)
    assert counted.source == "tokenizer"
    assert counted.least == pytest.approx((3 * (20 + 3) + 3 + 1) / 3, abs=0.01)
    without = card.model_copy(
        update={"capabilities": able.model_copy(update={"vocabulary": None})}
    ).prompt_tokens(prompts)
    assert without.source == "estimate"
    assert without.least < counted.least < counted.most < without.most
