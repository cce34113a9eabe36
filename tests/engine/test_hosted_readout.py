"""The bundled model asked as hosted ones are, against its whole vocabulary."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from emoalign.elicitation.engines.llamacpp import LlamaCppModel, Served, served
from emoalign.elicitation.engines.openai.openai_model import OpenAIModel
from emoalign.elicitation.journal import Answer, read_answers
from emoalign.elicitation.rating import RatingJob, rate
from emoalign.elicitation.readings import ExactReading, read_distribution
from emoalign.elicitation.readings.exact import unmarked
from emoalign.planning.jobs import Jobs
from emoalign.planning.studies import LoadedStudy
from emoalign.stimuli.preparation import prepare
from emoalign.study.scales import OrdinalScale
from emoalign.tables import RATINGS

N_WORDS = 300
NEARLY_ALL = 4000
"""Tokens of the 49,152, likeliest first, that stand for all: what they leave is in the bounds."""

KEY_VARIABLE = "A_KEY_FOR_THIS_TEST"
NUMERICS = 0.002
"""Probabilities that are computed twice differ: what is in the cache of prompts is another."""


@pytest.fixture(scope="module")
def bundled(default_study: LoadedStudy) -> LlamaCppModel:
    card = default_study.models["smollm2-135m"]
    assert isinstance(card, LlamaCppModel)
    return card


@pytest.fixture(scope="module")
def server(bundled: LlamaCppModel) -> Iterator[Served]:
    with served(bundled) as running:
        yield running


@pytest.fixture(scope="module")
def stimuli(default_study: LoadedStudy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("words")
    job = Jobs(default_study).prepare("vader")
    prepare(
        job.model_copy(update={"sample": N_WORDS, "shard_items": None}),
        *(folder / name for name in ("items", "norms", "shards")),
    )
    return folder / "items"


def card_of(server: Served, **capabilities: Any) -> OpenAIModel:
    said = {"completion": True, "sampling_extras": True, **capabilities}
    return OpenAIModel.model_validate(
        {
            "title": "Served",
            "engine": "openai",
            "model": "smollm2",
            "base_url": f"{server.address}/v1",
            "api_key_env": KEY_VARIABLE,
            "capabilities": said,
        }
    )


def job_of(study: LoadedStudy, protocol: str, card: OpenAIModel) -> RatingJob:
    """The exact readout of a protocol, whose answers are numbers in a text."""
    plain = Jobs(study).rate("smollm2-135m", protocol, "vader", "valence")
    answer = plain.prompts.answer.model_copy(update={"kind": "text", "max_tokens": 8})
    return plain.model_copy(
        update={
            "model": "served",
            "card": dict(card.answering()),
            "prompts": plain.prompts.model_copy(update={"answer": answer}),
            "protocol": plain.protocol.model_copy(update={"readouts": ("exact",)}),
            "digits": card.reply_digits(("exact",)),
        }
    )


def answered(
    job: RatingJob, card: OpenAIModel, stimuli: Path, folder: Path
) -> tuple[pd.DataFrame, dict[str, Answer]]:
    """The rows of the ratings, and the answers by item."""
    folder.mkdir()
    rate([job], card, stimuli, "0000", folder / "journal", [folder / "ratings.parquet"])
    table = RATINGS.read(folder / "ratings.parquet").set_index("item_id")
    cell = folder / "journal" / "served" / "vader" / "valence"
    by_request = {key[0]: one for key, one in read_answers(cell, set(table["request_id"])).items()}
    return table, {item: by_request[request] for item, request in table["request_id"].items()}


def blank(answer: Answer) -> float:
    """The probability that an answer begins with white space."""
    return sum(np.exp(lp) for token, lp in answer.logprobs or () if not unmarked(token).strip())


def mean_bounds(reading: ExactReading, points: np.ndarray) -> tuple[float, float]:
    unknown = 1 - reading.returned_mass
    known, first = sum(reading.probabilities), np.dot(reading.probabilities, points)
    ends = [(first + unknown * end) / (known + unknown) for end in (points[0], points[-1])]
    return ends[0], ends[1]


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["rating-sheet", "instruction"])
def test_the_whole_vocabulary_lies_within_the_bounds_of_the_likeliest_twenty(
    protocol: str,
    default_study: LoadedStudy,
    server: Served,
    stimuli: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, server.key)
    hosted = card_of(server, top_logprobs=20)
    local = card_of(server, top_logprobs=NEARLY_ALL, tokenizer=True)
    job = job_of(default_study, protocol, hosted)
    scale = job.scales["valence"]
    assert isinstance(scale, OrdinalScale)
    points = np.array(scale.points)
    along, _ = answered(job, hosted, stimuli, tmp_path / "along")
    _, whole = answered(job_of(default_study, protocol, local), local, stimuli, tmp_path / "whole")
    assert len(along) == N_WORDS
    unknown, widths = [], []
    for item, row in along.iterrows():
        assert row["status"] in ("ok", "unparsable")
        truth = read_distribution(whole[str(item)].logprobs or (), scale)
        rest = max(0.0, 1 - truth.returned_mass)
        assert rest < 0.01
        # What follows white space, one token does not tell.
        later = rest + blank(whole[str(item)])
        told = ExactReading(
            tuple(row["probabilities"]), row["off_scale_mass"], row["returned_mass"]
        )
        u = 1 - told.returned_mass
        for share, true in zip(told.probabilities, truth.probabilities, strict=True):
            assert share <= true + later + NUMERICS
            assert true <= share + u + NUMERICS
        least, most = mean_bounds(told, points)
        on_scale = sum(truth.probabilities)
        mean = np.dot(truth.probabilities, points) / on_scale
        slack = 8 * (NUMERICS + later) / on_scale
        assert least - slack <= mean <= most + slack
        unknown.append(u)
        widths.append(most - least)
    for name, values in (("u", unknown), ("width of the bounds of the mean", widths)):
        middle, high, largest = np.quantile(values, [0.5, 0.95, 1])
        print(f"{protocol}: {name}: median {middle:.5f}, 95% {high:.5f}, most {largest:.5f}")
    print(f"{protocol}: statuses {along['status'].value_counts().to_dict()}")
    print(along["text"].value_counts().head(8).to_dict())
