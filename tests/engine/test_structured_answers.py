"""Structured answers of the bundled model: all have the form, whatever it would have said."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import xllamacpp

from emoalign.elicitation.engines.llamacpp import LlamaCppModel, loaded
from emoalign.elicitation.engines.openai.chat_completions import CHAT_COMPLETIONS
from emoalign.elicitation.rating import Ask, RatingJob, RatingRequest, Sampling, rate
from emoalign.installed import CATALOGUE
from emoalign.planning.loading import MODELS
from emoalign.prompts import Message, Prompt, QuestionTemplate
from emoalign.study.protocols import Protocol
from emoalign.study.reading import read_card
from emoalign.study.source_files import locate
from emoalign.tables import RATINGS, STIMULI

WORDS = ("joy", "war")
PARTICIPANTS = 5
NINE = {"min": 1, "max": 9, "direction": "higher is more"}
HALVES = {"min": -1, "max": 1, "step": 0.5, "direction": "higher is more"}
HUNDREDS = {"min": 0, "max": 1000, "direction": "higher is more"}
MOOD = {"kind": "labels", "labels": ["joy", "anger", "fear", "sadness"], "at_most": 2}


@pytest.fixture(scope="module")
def card() -> LlamaCppModel:
    model = read_card(CATALOGUE / "models/smollm2-135m.yaml", MODELS)
    assert isinstance(model, LlamaCppModel)
    return model


def rated(
    folder: Path,
    card: LlamaCppModel,
    scales: dict[str, Any],
    answer: str,
    kind: str = "chat",
    max_tokens: int = 64,
) -> pd.DataFrame:
    """Ratings of some words by a few participants, with a question that asks for no form at all."""
    job = RatingJob.model_validate(
        {
            "model": "m",
            "card": card.answering(),
            "protocol": Protocol(name="p", prompts="x", participants=PARTICIPANTS),
            "prompts": QuestionTemplate.model_validate(
                {
                    "kind": kind,
                    "system": None,
                    "template": "How does the word {{ item.text }} make you feel?",
                    "answer": {"kind": answer, "max_tokens": max_tokens},
                    "wording": {name: {"instruction": ""} for name in scales},
                }
            ),
            "dataset": "mine",
            "scales": scales,
        }
    )
    stimuli = pd.DataFrame(
        {"item_id": WORDS, "text": WORDS, "modality": "word", "shard": "0000"},
        columns=STIMULI.schema.names,
    ).astype(object)
    STIMULI.write(stimuli, folder / "stimuli.parquet")
    output = folder / "ratings.parquet"
    rate([job], card, folder / "stimuli.parquet", "0000", folder / "journal", [output])
    return RATINGS.read(output)


@pytest.mark.parametrize(
    ("kind", "scale"),
    [("chat", NINE), ("completion", HALVES), ("chat", HUNDREDS)],
    ids=["whole points", "half points", "a range"],
)
def test_every_answer_is_a_point_of_the_scale(
    tmp_path: Path, card: LlamaCppModel, kind: str, scale: dict[str, Any]
) -> None:
    free = rated(tmp_path, card, {"valence": scale}, "text", kind, max_tokens=4)
    assert (free["status"] == "ok").mean() < 0.5, "of itself it answers otherwise"
    forced = rated(tmp_path, card, {"valence": scale}, "structured", kind)
    given = forced[forced["status"] != "truncated"]  # white space may go on for long
    assert len(forced) == len(WORDS) * PARTICIPANTS
    assert len(given) >= 0.5 * len(forced)
    assert (given["status"] == "ok").all()
    for text, rating in zip(given["text"], given["rating"], strict=True):
        assert json.loads(text) == {"valence": rating}
    assert given["rating"].nunique() > 1, "answers are drawn, not filled in"
    assert not set(free["request_id"]) & set(forced["request_id"])


def test_every_answer_chooses_among_the_labels_of_the_scale(
    tmp_path: Path, card: LlamaCppModel
) -> None:
    ratings = rated(tmp_path, card, {"mood": MOOD}, "structured")
    given = ratings[ratings["status"] != "truncated"]
    assert len(given) >= 0.5 * len(ratings)
    for status, text, labels in zip(given["status"], given["text"], given["labels"], strict=True):
        chosen = json.loads(text)["mood"]
        assert set(chosen) <= set(MOOD["labels"])
        assert 1 <= len(chosen) <= 2
        twice = len(set(chosen)) < len(chosen)
        assert status == ("unparsable" if twice else "ok"), "which no schema rules out"
        assert twice or set(labels) == set(chosen)


def test_an_answer_about_several_scales_rates_all_of_them(
    tmp_path: Path, card: LlamaCppModel
) -> None:
    scales = {"valence": NINE, "arousal": HALVES, "mood": MOOD}
    ratings = rated(tmp_path, card, scales, "structured_joint", max_tokens=64)
    for _, row in ratings[ratings["status"] == "ok"].iterrows():
        said = json.loads(row["text"])
        assert list(said) == list(scales), "in the order they were asked in"
        value = said[row["scale"]]
        assert (
            sorted(row["labels"]) == sorted(value)
            if row["scale"] == "mood"
            else value == row["rating"]
        )
    numbers = ratings[ratings["scale"] != "mood"]
    assert (numbers["status"] == "ok").mean() >= 0.5
    assert set(numbers["status"]) <= {"ok", "truncated"}


def test_an_answer_that_is_cut_is_no_rating(tmp_path: Path, card: LlamaCppModel) -> None:
    long = {f"a{'very' * 12}longname": NINE}
    ratings = rated(tmp_path, card, {**long, "mood": MOOD}, "structured_joint", max_tokens=16)
    assert (ratings["status"] == "truncated").mean() > 0.8
    assert ratings.loc[ratings["status"] != "ok", "rating"].isna().all()


THINKS = r"""
{%- for message in messages %}
    {%- if message.role == 'assistant' %}
        {{- '<|im_start|>assistant\n<think>\n' + (message.reasoning_content or '') }}
        {{- '\n</think>\n\n' + message.content + '<|im_end|>\n' }}
    {%- else %}
        {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n<think>\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '\n</think>\n\n' }}
    {%- endif %}
{%- endif %}"""
"""A chat template of a model that thinks, as those of Qwen3 are."""


@pytest.mark.parametrize("thinks", [True, False])
def test_llama_cpp_forces_nothing_on_thoughts(card: LlamaCppModel, thinks: bool) -> None:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(locate(card.weights))
    parameters.n_ctx, parameters.n_parallel = 512, 1
    parameters.use_jinja, parameters.chat_template = True, THINKS
    schema = {
        "type": "object",
        "properties": {"valence": {"type": "integer", "enum": list(range(1, 10))}},
        "required": ["valence"],
        "additionalProperties": False,
    }
    prompt = Prompt((Message("user", "How does the word joy make you feel?"),), None)
    request = RatingRequest(
        *("m", None, prompt, Sampling(1.0, 48), "sampled", 1),
        schema=schema,
        extra_body=(("chat_template_kwargs", {"enable_thinking": thinks}),),
    )
    sent = CHAT_COMPLETIONS.body("m", card.capabilities, Ask(request, (0,)))
    server = loaded(parameters, 1)
    try:
        asked = urllib.request.Request(
            f"{server.listening_address}/v1/chat/completions",
            json.dumps(sent).encode(),
            {
                "Content-Type": "application/json",
                **CHAT_COMPLETIONS.headers(parameters.api_keys[0]),
            },
        )
        with urllib.request.urlopen(asked) as reply:
            (choice,) = json.load(reply)["choices"]
    finally:
        del server
    message = choice["message"]
    if thinks:
        assert not message["content"]
        assert len(message["reasoning_content"]) > 20, "it went on thinking"
        assert "{" not in message["reasoning_content"][:5]
    else:
        assert json.loads(message["content"])["valence"] in range(1, 10)
