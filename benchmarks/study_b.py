"""Study B at full size: 640,000 responses from ratings on disk to all that is said of them.

    PYTHONPATH=src .venv/bin/python benchmarks/study_b.py [texts per dataset]

The shipped study inoshita2026 (two datasets, four models, four temperatures, ten answers to each of
2,000 texts, two fine-tuned baselines) runs through Snakemake itself on two cores, with generated
people, answers and predictions in the place of what costs money. It has no embedding model: what
one computes depends on the model. Seconds and memory of each job are those Snakemake notes.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from ruamel.yaml import YAML

from emoalign.planning.loading import load_study
from emoalign.planning.rules import Files
from emoalign.planning.studies import LoadedStudy
from emoalign.study.scales import LabelScale
from emoalign.tables import NORMS, PREDICTIONS, RATINGS, STIMULI
from in_snakemake import ROOT, project, snakemake, write

STUDY = "config/studies/inoshita2026.yaml"
TARGETS = ("distributions", "calibration", "transparency")
RATERS = 5
POINTS = 5
SHARDS = 4

Shares = NDArray[np.float64]


def people(rng: np.random.Generator, texts: int, labels: int) -> tuple[Shares, Shares]:
    """What people would say of each text: probabilities of labels, and of the points of scales."""
    topic = rng.integers(0, labels, texts)
    chosen = np.full((texts, labels), 0.02)
    chosen[np.arange(texts), topic] = rng.beta(4, 2, texts)
    chosen[np.arange(texts), rng.integers(0, labels, texts)] += 0.2
    middle = rng.normal(3, 0.6, (3, texts, 1))
    points = np.exp(-((np.arange(1, POINTS + 1) - middle) ** 2))
    return chosen, points / points.sum(axis=-1, keepdims=True)


def distorted(shares: Shares, sharper: float) -> Shares:
    """What a model makes of them: too sure of the likeliest."""
    sharp = shares**sharper
    return sharp / sharp.sum(axis=-1, keepdims=True)


def drawn_points(rng: np.random.Generator, shares: Shares, times: int) -> NDArray[np.int64]:
    """Points from 1, of shape (texts, times)."""
    edges = shares.cumsum(axis=-1)[:, None, :-1]
    return 1 + (rng.random((len(shares), times, 1)) > edges).sum(axis=-1)


def drawn_labels(
    rng: np.random.Generator, shares: Shares, times: int, names: list[str]
) -> pa.Array:
    """Lists of labels, text by text; one in the place of none."""
    told = rng.random((len(shares), times, len(names))) < shares[:, None, :]
    told[..., 0] |= ~told.any(axis=-1)
    flat = told.reshape(-1, len(names))
    ends = np.concatenate([[0], flat.sum(axis=1).cumsum()])
    return pa.ListArray.from_arrays(ends, pa.array(names).take(np.nonzero(flat)[1]))


class World:
    """Stimuli, norms and ratings of the study, written as its jobs would."""

    def __init__(self, loaded: LoadedStudy, texts: int, results: Path) -> None:
        self.loaded, self.results = loaded, results
        self.ids = [f"text-{number:05d}" for number in range(texts)]
        self.shards = np.arange(texts) * SHARDS // texts
        self.names = list(self._labels(loaded).labels)
        self.chosen, self.points = people(np.random.default_rng(1), texts, len(self.names))

    @staticmethod
    def _labels(loaded: LoadedStudy) -> LabelScale:
        scale = loaded.datasets["goemotions"].scales["emotions"]
        assert isinstance(scale, LabelScale)
        return scale

    def write(self) -> int:
        """Write all; return the number of responses."""
        for dataset in self.loaded.datasets:
            self._stimuli(dataset)
            self._norms(dataset)
        responses = 0
        for number, model in enumerate(sorted(self.loaded.models)):
            for protocol in self.loaded.study.protocols:
                rng = np.random.default_rng([number, round(10 * protocol.temperature)])
                sharper = 3.0 - 2 * protocol.temperature
                key = {"model": model, "protocol": protocol.name}
                self._emotions(rng, key, sharper, protocol.participants)
                self._dimensions(rng, key, sharper, protocol.participants)
                responses += 2 * len(self.ids) * protocol.participants
        for path in Files(self.loaded, str(self.results)).predictions():
            self._predictions(Path(path))
        return responses

    def _predictions(self, path: Path) -> None:
        name = path.parent.name
        rows = pd.DataFrame({**dict.fromkeys(PREDICTIONS.schema.names), "item_id": self.ids})
        rows = rows.assign(model=name, baseline=name, dataset="goemotions", scale="emotions")
        shares = 0.7 * self.chosen + 0.3 * self.chosen.mean(axis=0)
        PREDICTIONS.write(rows.assign(distribution=list(shares), in_training=False), path)

    def _stimuli(self, dataset: str) -> None:
        rng = np.random.default_rng(2)
        fillers = np.array([f"filler{number}" for number in range(400)])
        topics = np.array(self.names)[self.chosen.argmax(axis=1)]
        texts = [
            " ".join([*rng.choice(fillers, 10), topic if rng.random() < 0.5 else "thing"])
            for topic in topics
        ]
        rows = pd.DataFrame({**dict.fromkeys(STIMULI.schema.names), "item_id": self.ids})
        rows = rows.assign(modality="sentence", text=texts)
        rows["shard"] = [f"{shard:04d}" for shard in self.shards]
        path = self.results / "stimuli" / f"{dataset}.parquet"
        STIMULI.write(rows, path)
        path.with_suffix(".shards.json").write_bytes(orjson.dumps(sorted(set(rows["shard"]))))

    def _norms(self, dataset: str) -> None:
        rng = np.random.default_rng(3)
        path = self.results / "norms" / f"{dataset}.parquet"
        if dataset == "goemotions":
            lists = drawn_labels(rng, self.chosen, RATERS, self.names).to_pylist()
            labels = [lists[at : at + RATERS] for at in range(0, len(lists), RATERS)]
            rows = pd.DataFrame({"item_id": self.ids, "scale": "emotions", "labels": labels})
            NORMS.write(rows.assign(mean=None, sd=None, n=RATERS, ratings=None, raters=None), path)
            return
        parts = []
        for scale, shares in zip(("valence", "arousal", "dominance"), self.points, strict=True):
            ratings = drawn_points(rng, shares, RATERS).astype(float)
            part = pd.DataFrame({"item_id": self.ids, "scale": scale, "n": RATERS})
            part["mean"], part["sd"] = ratings.mean(axis=1), ratings.std(axis=1, ddof=1)
            parts.append(part.assign(ratings=list(ratings), labels=None, raters=None))
        NORMS.write(pd.concat(parts, ignore_index=True), path)

    def _emotions(
        self, rng: np.random.Generator, key: Mapping[str, str], sharper: float, times: int
    ) -> None:
        chosen = self.chosen**sharper
        labels = drawn_labels(rng, chosen, times, self.names).to_pylist()
        self._ratings({**key, "dataset": "goemotions", "scale": "emotions"}, times, labels=labels)

    def _dimensions(
        self, rng: np.random.Generator, key: Mapping[str, str], sharper: float, times: int
    ) -> None:
        for scale, shares in zip(("valence", "arousal", "dominance"), self.points, strict=True):
            ratings = drawn_points(rng, distorted(shares, sharper), times).astype(float)
            rows = {**key, "dataset": "emobank", "scale": scale}
            self._ratings(rows, times, rating=ratings.ravel())

    def _ratings(self, key: Mapping[str, str], times: int, **answers: object) -> None:
        rows = pd.DataFrame(
            {
                **dict.fromkeys(RATINGS.schema.names),
                **key,
                "item_id": np.repeat(self.ids, times),
                "readout": "sampled",
                "participant": np.tile(np.arange(times), len(self.ids)),
                "status": "ok",
                **answers,
            }
        )
        asked = self.loaded.asked(key["protocol"], key["dataset"])
        folder = self.results / "ratings" / key["model"] / key["protocol"] / key["dataset"]
        for shard in range(SHARDS):
            part = rows[np.repeat(self.shards == shard, times)]
            # A joint question has one file for all its scales: the last scale completes it.
            path = folder / asked[0] / f"{shard:04d}.parquet"
            earlier = [RATINGS.read(path)] if path.exists() else []
            RATINGS.write(pd.concat([*earlier, part], ignore_index=True), path)


def main() -> None:
    texts = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    study = YAML(typ="safe").load(ROOT / STUDY)
    del study["transparency"]["embedding"]
    loaded = load_study(study, ROOT / "config")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project(folder)
        (folder / "resources").symlink_to(ROOT / "resources")
        write(folder / "study.yaml", study)
        results = folder / "results" / loaded.study.study
        responses = World(loaded, texts, results).write()
        print(f"{responses:,} responses", flush=True)
        # What was generated carries no record of how it was made; newer than its input, it stays.
        run = snakemake(folder, "study.yaml", *TARGETS, options=("--rerun-triggers", "mtime"))
        for table in sorted((results / "benchmarks").rglob("*.tsv")):
            job = pd.read_csv(table, sep="\t", na_values="-")
            what = table.relative_to(results / "benchmarks").with_suffix("")
            print(f"{what}: {job['s'][0]:.1f} s, {job['max_rss'][0]:.0f} MiB")
        print(f"all: {run.seconds:.1f} s")


if __name__ == "__main__":
    main()
