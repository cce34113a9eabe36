"""Prompts in the form of the chat interface."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from emoalign.elicitation.images import data_url
from emoalign.prompts.rendering import Message, Prompt


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
