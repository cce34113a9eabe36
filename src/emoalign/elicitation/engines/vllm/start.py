"""Starting vLLM inside this process, and ending all that it has started."""

from __future__ import annotations

import logging
import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from emoalign.elicitation.engines.vllm.engine import VllmEngine, vllm_faults
from emoalign.elicitation.engines.vllm.vllm_model import VllmModel
from emoalign.errors import CapabilityError, EngineError

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
def loaded(card: VllmModel) -> Iterator[VllmEngine]:
    """The model, ready to be asked; its memory and its processes are given back at the end.

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
        llm = vllm.LLM(**card.arguments(), **extra)
    except vllm_faults() as error:
        _end_children()
        raise EngineError(
            f"vLLM cannot load model {card.model!r}: {error} Is the name or folder right, are "
            "the weights on this machine (docs/vllm.md), and is the GPU's memory free?"
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
