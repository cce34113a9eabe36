"""The embedded engine: llama.cpp serves a GGUF file inside this process, on 127.0.0.1."""

from __future__ import annotations

import asyncio
import math
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from pydantic import Field, model_validator

from emoalign.elicitation.engines.abilities import Abilities
from emoalign.elicitation.engines.api.additions import wrong_levels
from emoalign.elicitation.engines.asked import PromptTokens
from emoalign.elicitation.engines.base import JOB_MB, Resources
from emoalign.elicitation.engines.openai.chat_completions import CHAT_COMPLETIONS
from emoalign.elicitation.engines.served import Engine, ServedModel
from emoalign.elicitation.rating import Ask
from emoalign.errors import DataError, EngineError
from emoalign.prompts import TOKENS_PER_MESSAGE, Prompt
from emoalign.stage import uninterrupted
from emoalign.study.fields import FileSource
from emoalign.study.source_files import locate, locate_verified
from emoalign.wording import sentence

if TYPE_CHECKING:  # what serves is imported when a job runs, not when a study is read
    import xllamacpp

COUNTED_PROMPTS = 20
"""Prompts of a task that are counted with the tokenizer; they differ by the item alone."""

TRIED = 4
"""Requests of a readout that are tried to learn how long they take."""

TRIED_S = 3.0
"""Seconds after which no more are tried."""

_ERRORS_ONLY = 1


class LlamaCppModel(ServedModel):
    """A GGUF file, served inside the job by llama.cpp on 127.0.0.1."""

    heading: ClassVar[str] = "Model from a GGUF file"
    introduction: ClassVar[str] = (
        "Nothing leaves the machine, and no account is needed. For a file of your own, leave out "
        "`package`."
    )
    example: ClassVar[Path | str] = Path("src/emoalign/catalogue/models/smollm2-135m.yaml")
    decisive: ClassVar[frozenset[str]] = frozenset({"engine", "weights"})
    packages: ClassVar[tuple[str, ...]] = ("openai", "xllamacpp")
    thinking_example: ClassVar[str] = "such as chat_template_kwargs: {enable_thinking: true}"

    engine: Literal["llamacpp"] = Field(description="Engine of the model.")
    weights: FileSource = Field(description="The GGUF file.")
    context_tokens: int = Field(
        1024, ge=64, description="Longest prompt and answer together, in tokens."
    )
    threads: int = Field(1, ge=1, description="CPU threads per rating job.")
    gpu_layers: int = Field(0, ge=0, description="Layers computed on a GPU, if present.")

    @model_validator(mode="after")
    def _neutral(self) -> LlamaCppModel:
        if not self.capabilities.sampling_extras:
            raise ValueError(
                "capabilities.sampling_extras: must be true: llama.cpp leaves tokens out by "
                "defaults of its own, which have to be switched off"
            )
        problems = list(wrong_levels(self.capabilities.thinking))
        if self.capabilities.decisions is not None:
            problems.append("capabilities.decisions: engine llamacpp has none: leave it out")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def able(self) -> Abilities:
        """The abilities of the model and its server."""
        return replace(super().able, context_tokens=self.context_tokens, structured=True)

    def identity(self) -> tuple[str, str | None]:
        """Name and checksum of the file of weights. Raises DataError when it is another."""
        path, checksum = locate_verified(self.weights)
        return path.name, checksum

    def resources(self, attempt: int = 1) -> Resources:
        """Resources of a job: twice the size of the weights leaves room for computing with them."""
        weights = 0
        with suppress(DataError):
            weights = locate(self.weights).stat().st_size // 10**6
        memory = (JOB_MB + 2 * weights) * attempt
        return Resources(memory, self.threads, gpus=int(self.gpu_layers > 0))

    def prompt_tokens(self, prompts: Sequence[Prompt]) -> PromptTokens:
        """Tokens of a prompt on average, by the model's own tokenizer for some of them.

        The frame of a chat is estimated.
        """
        some = prompts[:: math.ceil(len(prompts) / COUNTED_PROMPTS)]

        async def length(prompt: Prompt) -> int:
            if prompt.messages is None:
                return len(await engine.tokenize(prompt.text or ""))
            texts = [message.content for message in prompt.messages]
            return sum([len(await engine.tokenize(text)) + TOKENS_PER_MESSAGE for text in texts])

        async def count() -> int:
            try:
                return sum([await length(prompt) for prompt in some])
            finally:
                await engine.close()

        with self.running() as engine:
            counted = asyncio.run(count()) / len(some)
        return PromptTokens(counted, counted, "tokenizer")

    def tried_minutes(self, asks: Sequence[Ask]) -> float:
        """Minutes that requests take one after the other, by a few of each readout.

        Their answers are not kept: those of the study come from the same seeds.
        """

        async def seconds(some: Sequence[Ask]) -> float:
            """Seconds of a request; the first of several also reads what all prompts begin with."""
            lasted: list[float] = []
            for ask in some:
                began = time.monotonic()
                await engine.ask(ask)
                lasted.append(time.monotonic() - began)
                if sum(lasted) > TRIED_S:
                    break
            counted = lasted[1:] or lasted
            return sum(counted) / len(counted)

        async def try_all() -> float:
            try:
                return sum(
                    [
                        len(same) * await seconds(same[:TRIED]) / self.at_once(readout)
                        for readout in ("sampled", "stated", "exact")
                        if (same := [ask for ask in asks if ask.request.readout == readout])
                    ]
                )
            finally:
                await engine.close()

        with self.running() as engine:
            return asyncio.run(try_all()) / 60

    @contextmanager
    def running(self) -> Iterator[Engine]:
        """A server of the model, ready to be asked as long as the block lasts.

        Raises EngineError when the file cannot be loaded.
        """
        from emoalign.elicitation.engines.api.client import ApiEngine

        with served(self) as (address, key):
            yield ApiEngine(CHAT_COMPLETIONS, f"{address}/v1", self.weights.file, None, self, key)


class Served(NamedTuple):
    """The address of the server of a job, and its key, which exists only in memory.

    Whoever else works on the machine can reach the address, but not ask it or see what is asked.
    """

    address: str
    key: str


@contextmanager
def served(card: LlamaCppModel) -> Iterator[Served]:
    """A server for the model, as long as the block lasts.

    Every slot can answer the same prompt: with one shared cache a prompt is computed once and its
    n answers are drawn from that. Raises EngineError when the file cannot be loaded.
    """
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(locate(card.weights))
    parameters.model_alias = {card.weights.file}
    parameters.n_parallel = card.capabilities.choices
    parameters.n_ctx = card.context_tokens * card.capabilities.choices
    parameters.kv_unified = True
    parameters.n_gpu_layers = card.gpu_layers
    server = loaded(parameters, card.threads)
    try:
        yield Served(server.listening_address, parameters.api_keys[0])
    finally:
        del server


def loaded(parameters: xllamacpp.CommonParams, threads: int) -> xllamacpp.Server:
    """llama.cpp with the file in the parameters: quiet, on so many threads, keeping no old prompts.

    It answers only those who know the key, which is drawn for it and added to the parameters.
    Raises EngineError when the file cannot be loaded.
    """
    import xllamacpp

    parameters.cache_ram_mib = 0
    parameters.cache_idle_slots = False
    parameters.cpuparams.n_threads = threads
    parameters.cpuparams_batch.n_threads = threads
    parameters.ui = False
    parameters.endpoint_metrics = True
    parameters.api_keys = [secrets.token_urlsafe(32)]
    parameters.verbosity = _ERRORS_ONLY
    try:
        with uninterrupted():
            server = xllamacpp.Server(parameters)
            # Let go of before it works through what it is asked, it would never end.
            server.handle_metrics()
    except RuntimeError as error:
        raise EngineError(
            f"llama.cpp cannot load {parameters.model.path}: {sentence(str(error))} Is it a whole "
            "GGUF file, of an architecture that this version knows?"
        ) from error
    return server
