"""How many tokens a prompt has, as far as that is known without asking."""

from __future__ import annotations

import math

from emoalign.prompts.rendering import Prompt

CHARACTERS_PER_TOKEN = 4.0
"""Rule of thumb for English; other languages and scripts need more tokens."""

TOKENS_PER_MESSAGE = 4
"""What the frame of a chat message usually takes."""

SQUARE_PIXELS_PER_TOKEN = 700
"""Providers count a token for 750 square pixels (Anthropic) or fewer per tile (OpenAI)."""


def estimated_tokens(prompt: Prompt) -> int:
    """The likely number of prompt tokens: an estimate, where the tokenizer is not at hand."""
    frame = TOKENS_PER_MESSAGE * len(prompt.messages or ())
    return math.ceil(len(_text(prompt)) / CHARACTERS_PER_TOKEN) + frame + image_tokens(prompt)


def most_tokens(prompt: Prompt) -> int:
    """A number of prompt tokens that is not exceeded: no token is shorter than a byte."""
    frame = 4 * TOKENS_PER_MESSAGE * (len(prompt.messages or ()) + 1)
    return len(_text(prompt).encode()) + frame + image_tokens(prompt)


def image_tokens(prompt: Prompt) -> int:
    """Tokens of the prompt's image, at most: as if it were a square of its longest side."""
    if prompt.image is None:
        return 0
    return math.ceil(prompt.image.longest_side**2 / SQUARE_PIXELS_PER_TOKEN) + 100


def _text(prompt: Prompt) -> str:
    if prompt.messages is None:
        return prompt.text or ""
    return "".join(message.content for message in prompt.messages)
