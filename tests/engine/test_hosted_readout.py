"""The bundled model asked as hosted ones are, against its whole vocabulary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emoalign.elicitation.engines.llamacpp import LlamaCppModel, Served, served
from emoalign.elicitation.engines.openai.openai_model import OpenAIModel
from emoalign.elicitation.journal import Answer, read_answers
from emoalign.elicitation.rating import rate
from emoalign.elicitation.readings import ExactReading, read_distribution, read_positions
from emoalign.planning.jobs import Jobs
from emoalign.planning.studies import LoadedStudy
from emoalign.stimuli.preparation import prepare
from emoalign.study.scales import OrdinalScale
from emoalign.tables import RATINGS

N_WORDS = 300
NEARLY_ALL = 1000
"""Tokens of the 49,152, likeliest first, that stand for all: what they leave is in the bounds."""

KEY_VARIABLE = "A_KEY_FOR_THIS_TEST"
ROUNDING = 5e-5


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


@pytest.fixture(scope="module")
def answers(
    default_study: LoadedStudy,
    server: Served,
    stimuli: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> list[Answer]:
    """What the model answers when it is asked for a rating as a hosted one is, about 300 words.

    Each is from one pass over the prompt: two differ by a little, whatever is read from them.
    """
    card = OpenAIModel.model_validate(
        {
            "title": "Served",
            "engine": "openai",
            "model": "SmolLM2-135M-Instruct.Q4_1.gguf",
            "base_url": f"{server.address}/v1",
            "api_key_env": KEY_VARIABLE,
            "capabilities": {
                "completion": True,
                "sampling_extras": True,
                "top_logprobs": NEARLY_ALL,
            },
        }
    )
    plain = Jobs(default_study).rate("smollm2-135m", "rating-sheet", "vader", "valence")
    answer = plain.prompts.answer.model_copy(update={"kind": "text", "max_tokens": 2})
    job = plain.model_copy(
        update={
            "card": dict(card.answering()),
            "prompts": plain.prompts.model_copy(update={"answer": answer}),
            "protocol": plain.protocol.model_copy(update={"readouts": ("exact",)}),
            "digits": card.reply_digits(("exact",)),
        }
    )
    folder = tmp_path_factory.mktemp("asked")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(KEY_VARIABLE, server.key)
        rate([job], card, stimuli, "0000", folder, [folder / "ratings.parquet"])
    ids = set(RATINGS.read(folder / "ratings.parquet")["request_id"])
    return list(read_answers(folder / job.model / "vader" / "valence", ids).values())


def told(answer: Answer, returned: int, scale: OrdinalScale) -> ExactReading:
    """What is read of an answer where a server returns so many tokens at each position."""
    later = [replace(each, logprobs=each.logprobs[:returned]) for each in answer.later]
    return read_positions((answer.logprobs or ())[:returned], later, answer.text, scale)


def mean_bounds(reading: ExactReading, points: np.ndarray) -> tuple[float, float]:
    unknown = 1 - reading.returned_mass
    known, first = sum(reading.probabilities), np.dot(reading.probabilities, points)
    least, most = ((first + unknown * end) / (known + unknown) for end in (points[0], points[-1]))
    return float(least), float(most)


@pytest.mark.slow
@pytest.mark.parametrize(("returned", "median_width"), [(5, 1.0), (20, 0.01)])
def test_the_whole_vocabulary_lies_within_the_bounds_of_the_likeliest_tokens(
    returned: int, median_width: float, answers: list[Answer]
) -> None:
    scale = OrdinalScale(min=1, max=9, direction="higher is better")
    points = np.array(scale.points)
    assert len(answers) == N_WORDS
    unknown, widths = [], []
    for answer in answers:
        truth = read_distribution(answer.logprobs or (), scale)
        rest = max(0.0, 1 - truth.returned_mass) + ROUNDING
        assert rest < 0.001
        reading = told(answer, returned, scale)
        u = 1 - reading.returned_mass
        for share, true in zip(reading.probabilities, truth.probabilities, strict=True):
            assert share - rest <= true <= share + u + rest
        least, most = mean_bounds(reading, points)
        mean = np.dot(truth.probabilities, points) / sum(truth.probabilities)
        assert least - 8 * rest <= mean <= most + 8 * rest
        unknown.append(u)
        widths.append(most - least)
    for name, values in (("u", unknown), ("width of the bounds of the mean", widths)):
        middle, high, largest = np.quantile(values, [0.5, 0.95, 1])
        print(f"{returned}: {name}: median {middle:.5f}, 95% {high:.5f}, most {largest:.5f}")
    assert np.median(widths) < median_width
