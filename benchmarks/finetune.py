"""How fast a baseline is trained, and what it learns from real texts.

Speed, of an encoder at the shape of RoBERTa-base with random weights. Nothing is downloaded: the
shape decides the speed, not the values. Its tokenizer knows few words, so that texts have more
tokens than RoBERTa's own would make of them (mean_tokens). In the environment of
`make test-finetune`, or on a GPU with the packages of docs/baselines.md:

    PYTHONPATH=src:. python benchmarks/finetune.py [--shape roberta-base] [--texts 2000]
        [--train train.tsv] [--precision bfloat16]

With the whole train split (--texts 43410) it is a training at its real size, of one epoch.
`--shape tiny` is a trial of this program itself, on a CPU too.

Learning, of MiniLM from its Python package, as the included baselines have it. Predictions of test
items are compared with people by JSD, beside a ridge regression on embeddings of the same encoder,
frozen, and the mean shares of the training texts. The folder has the files of the dataset's card:

    PYTHONPATH=src:. python benchmarks/finetune.py --goemotions FOLDER [--texts 7000]
        [--rates 1e-4 2e-5] [--threads 1]
    PYTHONPATH=src:. python benchmarks/finetune.py --emobank FOLDER [...]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import RidgeCV
from transformers import RobertaConfig, RobertaForSequenceClassification

from emoalign.baselines.baseline_cards import (
    BASELINES,
    BaselineData,
    DrawnTexts,
    TrainingJob,
    TrainingSettings,
)
from emoalign.baselines.classifiers import Classifier, best_device, load, output_of
from emoalign.baselines.examples import Shares, examples, learned_from, source_items
from emoalign.baselines.fitting import Checkpoints, Fitting
from emoalign.baselines.train import TrainingRecord, train
from emoalign.embeddings.embedding import embedded
from emoalign.embeddings.embedding_cards import EMBEDDINGS
from emoalign.statistics.distances import jsd, normalised
from emoalign.study.reading import read_card
from emoalign.study.scales import LabelScale
from tests.finetune.tiny_roberta import tokenizer
from tests.kit.datasets import shipped

CATALOGUE = Path(__file__).parents[1] / "src/emoalign/catalogue"
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


LEARNING = {
    "goemotions": ("goemotions-splits", "minilm-goemotions"),
    "emobank": ("emobank", "minilm-emobank-valence"),
}
"""For each dataset, the dataset card and the baseline whose settings are taken."""


def moved(value: Any, folder: Path) -> Any:
    """The source of a dataset card, with all files in one folder."""
    if isinstance(value, dict) and "file" in value:
        return {"file": str(folder / Path(value["file"]).name)}
    if isinstance(value, dict):
        return {key: moved(part, folder) for key, part in value.items()}
    return [moved(part, folder) for part in value] if isinstance(value, list) else value


def learning(
    dataset: str,
    folder: Path,
    texts: int,
    rates: list[float],
    changed: dict[str, Any],
    threads: int,
) -> Iterator[dict[str, Any]]:
    """The distance from people on test items, of each learning rate, a ridge and a constant."""
    card, baseline = LEARNING[dataset]
    people = shipped(card)
    settings = read_card(CATALOGUE / f"baselines/{baseline}.yaml", BASELINES)
    source = moved(people.source.model_dump(mode="json", exclude_none=True), folder)
    known = BaselineData(
        dataset=card,
        source=type(people.source).model_validate(source),
        keep=people.keep,
        scale_name=settings.scale,
        scale=people.scales[settings.scale],
        splits=settings.splits,
        evaluate="test_split",
        drawn=DrawnTexts(most=texts, seed=1),
    )
    items = source_items(known)
    train_set = examples(learned_from(known, items, None).train, known)
    test = examples(tuple(item for item in items if item.split == settings.splits.test), known)

    def distance(predicted: Shares) -> float:
        """Mean Jensen-Shannon divergence in bits, as a study computes it."""
        human = test.shares
        if isinstance(known.scale, LabelScale):
            human, predicted = normalised(human), normalised(predicted)
        return round(float(np.mean(jsd(human, predicted))), 4)

    shared = {"dataset": card, "texts": len(train_set), "test_items": len(test)}
    yield shared | {"predictor": "mean shares", "jsd": distance(train_set.shares.mean(axis=0))}
    with tempfile.TemporaryDirectory() as place:
        for rate in rates:
            job = TrainingJob(
                data=known,
                weights=settings.weights,
                revision=None,
                pooling=settings.pooling,
                max_tokens=settings.max_tokens,
                training=settings.training.model_copy(update={"learning_rate": rate, **changed}),
                seed=1,
            )
            started, used = time.perf_counter(), time.process_time()
            train(job, Path(place) / "record.json", Path(place), threads=threads)
            seconds = time.perf_counter() - started
            of_processor = time.process_time() - used
            record = TrainingRecord.read(Path(place) / "record.json")
            trained = load(record.folder, None, job.max_tokens)
            yield shared | {
                "predictor": "fine-tuned",
                "learning_rate": rate,
                "jsd": distance(trained.shares(test.texts, output_of(known.scale))),
                "dev_losses": [round(epoch.dev_loss, 4) for epoch in record.history],
                "constant_dev_loss": round(record.constant_dev_loss, 4),
                "gain": round(record.gain, 3),
                "dev_sd": round(record.dev_sd or 0, 4),
                "warning": record.warning,
                "trained_per_s": round(len(train_set) * len(record.history) / seconds, 1),
                "trained_per_processor_s": round(
                    len(train_set) * len(record.history) / of_processor, 1
                ),
            }
        encoder = read_card(CATALOGUE / "embeddings/all-minilm-l6-v2.yaml", EMBEDDINGS)
        encoder = encoder.model_copy(update={"threads": threads})
        started = time.perf_counter()
        both = embedded(encoder, [*train_set.texts, *test.texts], Path(place))
        seconds = time.perf_counter() - started
        ridge = RidgeCV(np.logspace(-2, 3, 11)).fit(both[: len(train_set)], train_set.shares)
        predicted = np.clip(ridge.predict(both[len(train_set) :]), 1e-4, 1)
        if not isinstance(known.scale, LabelScale):
            predicted /= predicted.sum(axis=1, keepdims=True)
        yield shared | {
            "predictor": "ridge on frozen embeddings",
            "jsd": distance(predicted),
            "embedded_per_s": round(len(both) / seconds, 1),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--shape", choices=SHAPES, default="roberta-base")
    parser.add_argument("--texts", type=int, default=2_000)
    parser.add_argument("--train", type=Path)
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--goemotions", type=Path)
    parser.add_argument("--emobank", type=Path)
    parser.add_argument("--rates", type=float, nargs="*", default=[1e-4, 2e-5])
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--threads", type=int, default=1)
    told = parser.parse_args()
    for dataset in LEARNING:
        if folder := getattr(told, dataset):
            changed = {"precision": told.precision}
            changed |= {"max_epochs": told.epochs} if told.epochs else {}
            for row in learning(dataset, folder, told.texts, told.rates, changed, told.threads):
                print(json.dumps(row), flush=True)
            return
    settings = TrainingSettings(
        max_epochs=1, precision=told.precision, batch_size=told.batch_size, warmup=0
    )
    with tempfile.TemporaryDirectory() as folder:
        known = texts(told.train, told.texts)
        print(json.dumps(measured(told.shape, known, settings, Path(folder)), indent=2))


if __name__ == "__main__":
    main()
