"""Tokens of prompts by OpenAI's vocabularies, which the optional package bpe-openai carries."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

from emoalign.elicitation.engines.asked import PromptTokens
from emoalign.prompts import Prompt, image_tokens, texts_of

COUNTED_PROMPTS = 200
"""Prompts that are counted; they differ by the item alone."""

CARRIED = ("o200k_base", "cl100k_base")
"""The vocabularies that the package carries."""

FRAME = (3, 7)
"""Tokens around a message, at least and at most: https://github.com/openai/openai-cookbook."""


def counted(vocabulary: str | None, prompts: Sequence[Prompt]) -> PromptTokens | None:
    """The tokens of a prompt on average; None if the vocabulary is not at hand."""
    if vocabulary not in CARRIED:
        return None
    some = prompts[:: math.ceil(len(prompts) / COUNTED_PROMPTS)]
    with warnings.catch_warnings(action="ignore"):  # it reads its data in a way that is outdated
        try:
            import bpe_openai
        except ImportError:
            return None
        encoding = bpe_openai.get_encoding(vocabulary)
        texts = sum(len(encoding.encode_ordinary(text)) for each in some for text in texts_of(each))
    messages = sum(len(prompt.messages or ()) for prompt in some)
    images = sum(map(image_tokens, some))
    least, most = (texts + frame * messages for frame in FRAME)
    return PromptTokens(least / len(some), (most + images) / len(some), "tokenizer")
