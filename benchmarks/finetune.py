"""How fast a baseline is trained: an encoder at the shape of RoBERTa-base, with random weights.

Nothing is downloaded: the shape decides the speed, not the values. Its tokenizer knows few words,
so that texts have more tokens than RoBERTa's own would make of them (mean_tokens). In the
environment of `make test-finetune`, or on a GPU with the packages of docs/baselines.md:

    PYTHONPATH=src:. python benchmarks/finetune.py [--shape roberta-base] [--texts 2000]
        [--train train.tsv] [--precision bfloat16]

With the whole train split (--texts 43410) it is a training at its real size, of one epoch.
`--shape tiny` is a trial of this program itself, on a CPU too.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import RobertaConfig, RobertaForSequenceClassification

from emoalign.baselines.baseline_cards import TrainingSettings
from emoalign.baselines.classifiers import Classifier, best_device, load
from emoalign.baselines.fitting import Checkpoints, Fitting
from tests.finetune.tiny_roberta import tokenizer

LABELS = 28
SHAPES: dict[str, dict[str, int]] = {
    "roberta-base": {
        "vocab_size": 50_265,
        "hidden_size": 768,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "intermediate_size": 3_072,
        "max_position_embeddings": 514,
    },
    "tiny": {
        "vocab_size": 512,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 130,
    },
}


def texts(file: Path | None, number: int) -> list[str]:
    """The first texts of a split, or made-up ones with about as many words."""
    if file is not None:
        lines = file.read_text(encoding="utf-8").splitlines()[:number]
        return [line.split("\t")[0] for line in lines]
    draw = np.random.default_rng(1)
    words = [f"word{place}" for place in range(200)]
    return [" ".join(draw.choice(words, size)) for size in 1 + draw.poisson(11.8, number)]


def classifier(shape: str, folder: Path, known: list[str]) -> Classifier:
    """A classifier with random weights, from a folder as a study would name it."""
    made = tokenizer(known)
    config = RobertaConfig(
        **SHAPES[shape],
        type_vocab_size=1,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        num_labels=LABELS,
    )
    torch.manual_seed(1)
    RobertaForSequenceClassification(config).save_pretrained(folder)
    made.save_pretrained(folder)
    return load(str(folder), None, 128)


def measured(
    shape: str, known: list[str], settings: TrainingSettings, folder: Path
) -> dict[str, Any]:
    """Texts per second of training (with its checkpoints, and without) and of prediction."""
    device = best_device()
    made = classifier(shape, folder / "weights", known)
    tokens, _ = made.tokens(known)
    draw = np.random.default_rng(2)
    shares = torch.tensor(draw.binomial(3, 0.05, (len(known), LABELS)) / 3, dtype=torch.float32)
    dev = (tokens[:256], shares[:256])
    seconds = {}
    for name, steps in (("checkpoints", 500), ("no_checkpoints", 10**9)):
        state = folder / name
        state.mkdir()
        fitting = Fitting(made, "sigmoid", settings, 1, Checkpoints(state), steps)
        started = time.perf_counter()
        fitting.fit((tokens, shares), dev, name)
        seconds[name] = time.perf_counter() - started
    started = time.perf_counter()
    made.shares(known, "sigmoid")
    predicting = time.perf_counter() - started
    gpu = device.type == "cuda"
    return {
        "shape": shape,
        "device": torch.cuda.get_device_name(0) if gpu else f"CPU, {torch.get_num_threads()}",
        "precision": settings.precision,
        "texts": len(known),
        "mean_tokens": round(float(np.mean([len(one) for one in tokens])), 1),
        "batch_size": settings.batch_size,
        "trained_per_s": round(len(known) / seconds["no_checkpoints"], 1),
        "trained_per_s_with_checkpoints": round(len(known) / seconds["checkpoints"], 1),
        "predicted_per_s": round(len(known) / predicting, 1),
        "gpu_memory_gb": round(torch.cuda.max_memory_allocated() / 1e9, 2) if gpu else None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--shape", choices=SHAPES, default="roberta-base")
    parser.add_argument("--texts", type=int, default=2_000)
    parser.add_argument("--train", type=Path)
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--batch-size", type=int, default=32)
    told = parser.parse_args()
    settings = TrainingSettings(
        max_epochs=1, precision=told.precision, batch_size=told.batch_size, warmup=0
    )
    with tempfile.TemporaryDirectory() as folder:
        known = texts(told.train, told.texts)
        print(json.dumps(measured(told.shape, known, settings, Path(folder)), indent=2))


if __name__ == "__main__":
    main()
