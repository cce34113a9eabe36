"""The embedded engine: llama.cpp serves a GGUF file inside this process, on 127.0.0.1."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import xllamacpp

from emoalign.elicitation.engines.cards import LlamaCppModel
from emoalign.errors import EngineError
from emoalign.study.files import locate

_ERRORS_ONLY = 1


@contextmanager
def served(card: LlamaCppModel) -> Iterator[str]:
    """The address of a server for the model, as long as the block lasts.

    Every slot can answer the same prompt: with one shared cache a prompt is computed once and its
    n answers are drawn from that. Raises EngineError when the file cannot be loaded.
    """
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(locate(card.weights))
    parameters.model_alias = {card.weights.file}
    parameters.n_parallel = card.capabilities.choices
    parameters.n_ctx = card.context_tokens * card.capabilities.choices
    parameters.kv_unified = True
    parameters.n_gpu_layers = card.gpu_layers
    server = loaded(parameters, card.threads)
    try:
        yield server.listening_address
    finally:
        del server


def loaded(parameters: xllamacpp.CommonParams, threads: int) -> xllamacpp.Server:
    """llama.cpp with the file in the parameters: quiet, on so many threads, keeping no old prompts.

    Raises EngineError when the file cannot be loaded.
    """
    parameters.cache_ram_mib = 0
    parameters.cache_idle_slots = False
    parameters.cpuparams.n_threads = threads
    parameters.cpuparams_batch.n_threads = threads
    parameters.ui = False
    parameters.verbosity = _ERRORS_ONLY
    try:
        return xllamacpp.Server(parameters)
    except RuntimeError as error:
        raise EngineError(
            f"llama.cpp cannot load {parameters.model.path}: {error}. Is it a GGUF file, whole, "
            "and of an architecture this version knows?"
        ) from error
