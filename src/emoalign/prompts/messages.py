"""Prompts as the chat interface takes them, and how many tokens they have."""

from __future__ import annotations

import base64
import io
import math
from dataclasses import replace
from functools import lru_cache
from typing import Any

from emoalign.errors import DataError
from emoalign.prompts.rendering import Image, Message, Prompt
from emoalign.study.source_files import sha256

JPEG_QUALITY = 90


def without_system(prompt: Prompt) -> Prompt:
    """The prompt for a model that takes no system message: its text opens the user's message."""
    if not prompt.messages or prompt.messages[0].role != "system":
        return prompt
    system, question, *rest = prompt.messages
    opened = Message(question.role, f"{system.content}\n\n{question.content}")
    return replace(prompt, messages=(opened, *rest))


def chat_messages(prompt: Prompt) -> list[dict[str, Any]]:
    """The messages of a prompt; an image stands beside the text of the last one."""
    messages: list[dict[str, Any]] = [
        {"role": message.role, "content": message.content} for message in prompt.messages or ()
    ]
    if prompt.image is not None:
        text = {"type": "text", "text": messages[-1]["content"]}
        picture = {"type": "image_url", "image_url": {"url": data_url(prompt.image)}}
        first = prompt.image_place == "first"
        messages[-1]["content"] = [picture, text] if first else [text, picture]
    return messages


@lru_cache(maxsize=64)
def data_url(image: Image) -> str:
    """The image as a data URL (JPEG).

    It is turned as its EXIF orientation says, made smaller where a side is too long, and all
    metadata are left behind. The same file always gives the same bytes. Raises DataError when the
    file is no image, or not the one that the stimuli were prepared from.
    """
    from PIL import Image as Picture
    from PIL import ImageOps, UnidentifiedImageError

    if sha256(image.path) != image.sha256:
        raise DataError(
            f"{image.path}: the image has changed since the stimuli were prepared. Put it back, or "
            "prepare them anew: snakemake --forcerun prepare_stimuli"
        )
    try:
        with Picture.open(image.path) as file:
            upright = ImageOps.exif_transpose(file).convert("RGB")
    except (UnidentifiedImageError, OSError) as error:
        raise DataError(f"{image.path}: not an image that can be read: {error}") from error
    upright.thumbnail((image.longest_side, image.longest_side), Picture.Resampling.LANCZOS)
    clean = Picture.new("RGB", upright.size)
    clean.paste(upright)
    buffer = io.BytesIO()
    clean.save(buffer, format="JPEG", quality=JPEG_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


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
