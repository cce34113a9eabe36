"""What an engine is: the one thing that differs between kinds of models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from emoalign.elicitation.answers import Answer
from emoalign.elicitation.engines.cards import LlamaCppModel, OpenAIModel, VllmModel
from emoalign.elicitation.engines.llamacpp import served
from emoalign.elicitation.engines.openai.client import OpenAIEngine
from emoalign.elicitation.engines.vllm.engine import PACKAGES, arguments
from emoalign.elicitation.requests import Ask, Settings
from emoalign.installed import installed_versions
from emoalign.planning.loading import Model, ServedModel
from emoalign.study.files import folder_sha256, locate_verified


class Engine(Protocol):
    """Turns a question into answers."""

    async def ask(self, ask: Ask) -> list[Answer]:
        """The answers to a request, at most one per participant asked for.

        Faults of the infrastructure are retried inside. Raises EngineError for anything that asking
        again does not mend.
        """

    async def tokenize(self, text: str) -> Sequence[int]:
        """The token ids of `text` inside an answer, without tokens that open a text."""

    async def close(self) -> None:
        """Let go of connections."""


def identity(card: Model) -> tuple[str, str | None]:
    """Name and revision of what is asked: for weights on disk, the checksum of the files.

    Raises DataError when the weights are missing or are another file than the card says.
    """
    if isinstance(card, VllmModel) and (folder := Path(card.model)).is_dir():
        return folder.name, folder_sha256(folder)
    if isinstance(card, LlamaCppModel):
        path, checksum = locate_verified(card.weights)
        return path.name, checksum
    return card.model, card.revision


def extra_body(card: Model) -> Settings:
    """Parameters of every request to the model, in ascending order of their names."""
    return tuple(sorted(card.extra_body.items())) if isinstance(card, OpenAIModel) else ()


def setup(card: Model) -> Settings:
    """What of the engine's settings decides the answers, in ascending order of the names."""
    if not isinstance(card, VllmModel):
        return ()
    told = {f"chat_template_kwargs.{name}": on for name, on in card.chat_template_kwargs.items()}
    return tuple(sorted({"dtype": card.dtype, "head_dtype": card.head_dtype, **told}.items()))


def settings(card: Model) -> Mapping[str, object]:
    """How the engine is set up, for the manifest."""
    kept = card.model_dump(
        mode="json",
        exclude={"title", "capabilities", "limits", "api_key_env", "prices"},
        exclude_none=True,
    )
    if isinstance(card, VllmModel):
        return {**kept, "arguments": arguments(card), "versions": installed_versions(PACKAGES)}
    packages = ("openai", "xllamacpp") if isinstance(card, LlamaCppModel) else ("openai",)
    return {
        **kept,
        "limits": card.limits.model_dump(mode="json"),
        "versions": {package: version(package) for package in packages},
    }


@contextmanager
def running(card: ServedModel) -> Iterator[Engine]:
    """The engine of a model, ready to be asked; whatever it started is stopped at the end."""
    if isinstance(card, LlamaCppModel):
        with served(card) as address:
            yield OpenAIEngine(f"{address}/v1", card.weights.file, None, card)
    else:
        yield OpenAIEngine(card.base_url, card.model, card.api_key_env, card)
