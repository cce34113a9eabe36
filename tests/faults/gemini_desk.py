"""A desk whose words are rated by a model of Gemini's interface."""

from __future__ import annotations

from dataclasses import dataclass, replace

from emoalign.elicitation.engines.gemini.gemini_model import GeminiModel
from tests.faults.conftest import KEY_VARIABLE, Desk
from tests.faults.gemini_server import GeminiServer


@dataclass(frozen=True)
class GeminiDesk(Desk):
    """Words that are rated by the server's model."""

    choices: int = 8

    @property
    def gemini(self) -> GeminiServer:
        assert isinstance(self.server, GeminiServer)
        return self.server

    @property
    def card(self) -> GeminiModel:  # type: ignore[override]
        plain = replace(self, more={})
        openai = super(GeminiDesk, plain).card.model_dump(mode="json")
        return GeminiModel.model_validate(
            {
                **{name: openai[name] for name in ("title", "model", "limits")},
                "engine": "gemini",
                "base_url": self.gemini.root,
                "api_key_env": KEY_VARIABLE,
                "capabilities": {"choices": self.choices, "seed_bits": 31},
                **self.more,
            }
        )
