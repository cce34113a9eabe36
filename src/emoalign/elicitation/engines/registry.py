"""All engines: the class of cards of each, by the name that a card gives as `engine`.

A new engine is a module with its class and an entry here. docs/configuration.md and the JSON
schemas follow from the table.
"""

from __future__ import annotations

from collections.abc import Mapping

from emoalign.elicitation.engines.anthropic.anthropic_model import AnthropicModel
from emoalign.elicitation.engines.base import ModelCard
from emoalign.elicitation.engines.gemini.gemini_model import GeminiModel
from emoalign.elicitation.engines.llamacpp import LlamaCppModel
from emoalign.elicitation.engines.openai.openai_model import OpenAIModel
from emoalign.elicitation.engines.recorded.recorded_model import RecordedModel
from emoalign.elicitation.engines.vllm.vllm_model import VllmModel

ENGINES: Mapping[str, type[ModelCard]] = {
    "llamacpp": LlamaCppModel,
    "openai": OpenAIModel,
    "anthropic": AnthropicModel,
    "gemini": GeminiModel,
    "vllm": VllmModel,
    "recorded": RecordedModel,
}
