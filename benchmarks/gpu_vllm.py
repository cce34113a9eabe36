"""How fast a GPU rates: a model at the published shape of Llama 3.1 8B, with random weights.

Nothing is downloaded: the shape decides the speed, not the values. Says so and ends with 2 where
there is no GPU. In an environment with vLLM (docs/vllm.md):

    PYTHONPATH=src python benchmarks/gpu_vllm.py [--words 4000] [--shape llama-3.1-8b]

`--shape tiny` is a trial of this program itself, on a CPU too.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from emoalign.elicitation.engines.vllm.engine import VllmEngine, processor_arguments
from emoalign.elicitation.engines.vllm.outputs import sampling_parameters
from emoalign.elicitation.engines.vllm.vllm_model import VllmModel
from emoalign.elicitation.journal import JournalWriter
from emoalign.elicitation.rating import Ask, RatingRequest, Sampling
from emoalign.prompts import (
    Message,
    Prompt,
    chat_messages,
)

PARTICIPANTS = 20
INSTRUCTION = (
    "How negative or positive is the feeling this word stands for? Rate it on a scale from 1 "
    "(extremely negative) through 5 (neutral) to 9 (extremely positive). Answer with a number only."
)
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

SHAPES = {
    "llama-3.1-8b": {
        "vocab_size": 128_256,
        "hidden_size": 4_096,
        "intermediate_size": 14_336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
    },
    "tiny": {
        "vocab_size": 1_024,
        "hidden_size": 128,
        "intermediate_size": 256,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
    },
}

PEAK_TFLOPS = {"H200": 989, "H100": 989, "A100": 312, "L40S": 362, "A10": 125, "L4": 121}
"""Dense bfloat16 throughput that the makers state, by what the name of the device holds."""


@dataclass(frozen=True)
class Work:
    """What one run took and computed."""

    seconds: float
    requests: int
    answers: int
    tokens: int


def parameters_of(shape: dict[str, int]) -> int:
    """Weights that every computed token passes, the last layer included, the first not."""
    hidden, heads = shape["hidden_size"], shape["num_attention_heads"]
    key_value = hidden * shape["num_key_value_heads"] // heads
    attention = 2 * hidden * hidden + 2 * hidden * key_value
    layer = attention + 3 * hidden * shape["intermediate_size"]
    return shape["num_hidden_layers"] * layer + shape["vocab_size"] * hidden


def build(folder: Path, shape: dict[str, int]) -> Path:
    """A folder with the configuration and a tokenizer of a Llama; its weights are drawn by vLLM."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    raw.train_from_iterator(
        [INSTRUCTION] * 20,
        trainers.BpeTrainer(
            vocab_size=512,
            special_tokens=["<s>", "</s>", "<|im_start|>", "<|im_end|>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    words = PreTrainedTokenizerFast(tokenizer_object=raw, bos_token="<s>", eos_token="</s>")
    words.chat_template = CHAT
    words.save_pretrained(folder)
    LlamaConfig(
        **shape,
        max_position_embeddings=8_192,
        bos_token_id=0,
        eos_token_id=1,
        tie_word_embeddings=False,
        architectures=["LlamaForCausalLM"],
    ).save_pretrained(folder)
    return folder


def questions(words: int, readout: str) -> list[Ask]:
    """Questions about words that nobody has asked about before."""
    sampled = Sampling(1.0, 3)
    points = tuple(map(float, range(1, 10)))
    asks = []
    for _ in range(words):
        word = "".join(random.choices("aeioubcdfglmnprst", k=7))
        prompt = Prompt((Message("user", f"{INSTRUCTION}\n\nWord: {word}"),), None)
        request = RatingRequest("model", None, prompt, sampled, "sampled", 1)
        if readout == "exact":
            request = replace(request, readout="exact", points=points, sampling=Sampling(1.0, 1))
        asks.append(Ask(request, (None,) if readout == "exact" else tuple(range(PARTICIPANTS))))
    return asks


def engine_alone(engine: VllmEngine, asks: Sequence[Ask]) -> Work:
    """vLLM by itself, once everything is prepared; tokens are those it computed."""
    from vllm import SamplingParams

    llm: Any = engine._llm
    conversations = [chat_messages(ask.request.prompt) for ask in asks]
    told = [SamplingParams(**sampling_parameters(ask, engine._tokens(ask))) for ask in asks]
    started = time.perf_counter()
    outputs = llm.chat(conversations, told, use_tqdm=False)
    seconds = time.perf_counter() - started
    tokens = sum(
        len(output.prompt_token_ids)
        - (output.num_cached_tokens or 0)
        + sum(len(one.token_ids) for one in output.outputs)
        for output in outputs
    )
    return Work(seconds, len(asks), sum(len(output.outputs) for output in outputs), tokens)


def whole(engine: VllmEngine, asks: Sequence[Ask]) -> float:
    """Seconds from questions to answers that are on disk."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        with JournalWriter(Path(folder) / "answers.jsonl") as journal:
            for _, answers in engine.answers(asks):
                journal.append(answers)
        return time.perf_counter() - started


def device() -> str | None:
    """The name of the GPU; None without one."""
    try:
        import torch
    except ImportError:
        return None
    return str(torch.cuda.get_device_name(0)) if torch.cuda.is_available() else None


def main() -> int:
    told = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    told.add_argument("--words", type=int, default=4_000)
    told.add_argument("--shape", choices=sorted(SHAPES), default="llama-3.1-8b")
    chosen = told.parse_args()
    name = device()
    if name is None and chosen.shape != "tiny":
        print(
            "There is no GPU here (or no PyTorch that sees it): nothing was measured. Run this on "
            "a machine with an NVIDIA GPU, in an environment with vLLM (docs/vllm.md). "
            "--shape tiny tries the program itself out on a CPU.",
            file=sys.stderr,
        )
        return 2
    shape = SHAPES[chosen.shape]
    os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("VLLM_CPU_OMP_THREADS_BIND", "nobind")
    import vllm

    figures: dict[str, float | str] = {
        "device": name or "CPU",
        "vllm": vllm.__version__,
        "shape": chosen.shape,
        "words": chosen.words,
        "billion_parameters": round(parameters_of(shape) / 1e9, 3),
    }
    with tempfile.TemporaryDirectory() as folder:
        model = str(build(Path(folder), shape))
        card = VllmModel(title="Random", engine="vllm", model=model, context_tokens=1_024)
        started = time.perf_counter()
        llm = vllm.LLM(
            **card.arguments(),
            **(processor_arguments(card) if name is None else {}),
            load_format="dummy",
        )
        figures["load_s"] = round(time.perf_counter() - started, 1)
        engine = VllmEngine(llm, card)
        for readout in ("sampled", "exact"):
            engine_alone(engine, questions(min(chosen.words, 200), readout))
            alone = engine_alone(engine, questions(chosen.words, readout))
            seconds = whole(engine, questions(chosen.words, readout))
            tflops = 2 * parameters_of(shape) * alone.tokens / alone.seconds / 1e12
            figures |= {
                f"{readout}_prompts_per_s": round(alone.requests / seconds, 1),
                f"{readout}_answers_per_s": round(alone.answers / seconds, 1),
                f"{readout}_engine_alone_s": round(alone.seconds, 2),
                f"{readout}_whole_s": round(seconds, 2),
                f"{readout}_whole_against_engine": round(alone.seconds / seconds, 3),
                f"{readout}_computed_tokens": alone.tokens,
                f"{readout}_tflops": round(tflops, 3),
            }
            peak = next((flops for known, flops in PEAK_TFLOPS.items() if known in str(name)), None)
            if peak:
                figures[f"{readout}_model_flop_utilisation"] = round(tflops / peak, 4)
        llm.llm_engine.engine_core.shutdown()
    print(json.dumps(figures, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
