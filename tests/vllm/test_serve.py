"""`vllm serve` itself, on the CPU, asked with the preset of that name."""

from __future__ import annotations

import asyncio
import math
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from ruamel.yaml import YAML

from emoalign.commands.app import application
from emoalign.elicitation.engines.api.api_model import ApiModel
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import Ask, RatingRequest, Sampling
from emoalign.elicitation.readings import read_distribution
from emoalign.planning.loading import MODELS
from emoalign.prompts import Message, Prompt
from emoalign.study.reading import read_card
from emoalign.study.scales import OrdinalScale

from . import tiny_models

STARTS_S = 400
STUDY: dict[str, Any] = {
    "study": "mine",
    "title": "Mine",
    "seed": 1,
    "models": ["served"],
    "datasets": [{"dataset": "vader", "scales": ["valence"], "sample": 5}],
    "protocols": [
        {
            "name": "asked",
            "prompts": "instruction",
            "readouts": ["sampled", "exact"],
            "participants": 6,
        }
    ],
}


@pytest.fixture(scope="module")
def address(rater_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of the tiny Llama."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("served") / "log.txt"
    # What `vllm serve` runs; the program itself does not start in the build for the CPU.
    program = [sys.executable, "-m", "vllm.entrypoints.openai.api_server"]
    options = ["--served-model-name", "tiny", "--max-model-len", "512", "--dtype", "float32"]
    with log.open("wb") as said:
        server = subprocess.Popen(
            [*program, "--model", str(rater_folder), "--port", str(port), *options],
            env={**os.environ, "VLLM_CPU_KVCACHE_SPACE": "1", "CUDA_VISIBLE_DEVICES": ""},
            stdout=said,
            stderr=subprocess.STDOUT,
        )
    try:
        end = time.monotonic() + STARTS_S
        while time.monotonic() < end:
            assert server.poll() is None, log.read_text(errors="replace")[-4000:]
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                    break
            except OSError:
                time.sleep(1)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait(60)


@pytest.fixture
def check(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Check the study with --ask, with these capabilities on the card."""
    monkeypatch.chdir(tmp_path)

    def run(**capabilities: Any) -> Result:
        card = {"provider": "vllm-serve", "model": "tiny", "base_url": address}
        for file, content in {
            "models/served.yaml": {**card, "capabilities": capabilities},
            "config.yaml": STUDY,
        }.items():
            path = tmp_path / "config" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", encoding="utf-8") as stream:
                YAML(typ="safe", pure=True).dump(content, stream)
        return CliRunner().invoke(application, ["check", "--ask"])

    return run


def test_what_the_preset_says_of_vllm_serve_holds(check: Callable[..., Result]) -> None:
    done = check()
    assert done.exit_code == 0, done.output
    for told in (
        "served: reachable",
        "n: 2 of 2 answers in one request",
        "seeds: the same seed gave the same answers",
        "log-probabilities: of 20 tokens",
        "temperature, top_p, top_k, min_p, repetition_penalty sent and accepted",
        "two answers at temperature 0 were the same",
        "structured: ",
        "thinking: none detected",
    ):
        assert told in done.output, done.output
    # The tiny model may go on with white space for long, which every schema allows.
    assert "structured: not honoured" not in done.output


async def drawn(card: ApiModel) -> Counter[str]:
    """The answers of sixty participants."""
    prompt = Prompt((Message("user", "Rate the word joy from 1 to 9."),), None)
    request = RatingRequest("tiny", None, prompt, Sampling(1.0, 2), "sampled", 1)
    with card.running() as engine:
        try:
            asks = [Ask(request, tuple(range(start, start + 20))) for start in (0, 20, 40)]
            answers = [answer for ask in asks for answer in await engine.ask(ask)]
        finally:
            await engine.close()
    return Counter(answer.text.strip() for answer in answers)


def test_answers_come_from_the_whole_distribution_whatever_the_files_of_the_model_say(
    check: Callable[..., Result],
) -> None:
    check()
    whole = asyncio.run(drawn(served_card()))
    check(sampling="all")  # top_k is then that of the model's files
    cut = asyncio.run(drawn(served_card()))
    assert len(whole) > len(cut)


def served_card() -> ApiModel:
    """The card that was checked last."""
    read = read_card(Path("config/models/served.yaml"), MODELS)
    assert isinstance(read, ApiModel)
    return read


POINTS = tuple(map(float, range(1, 10)))


async def exactly(card: ApiModel, words: Sequence[str]) -> list[Answer]:
    """The exact answers about some words on nine points, asked for at once."""
    engine_asks = [
        Ask(
            RatingRequest(
                "tiny",
                None,
                Prompt((Message("user", f"{tiny_models.TEXT[:24]} {word}"),), None),
                Sampling(1.0, 1),
                "exact",
                1,
                top_logprobs=card.able.top_logprobs,
                points=POINTS,
            ),
            (None,),
        )
        for word in words
    ]
    with card.running() as engine:
        try:
            answers = await asyncio.gather(*map(engine.ask, engine_asks))
        finally:
            await engine.close()
    return [answer for (answer,) in answers]


def test_points_asked_for_by_their_ids_have_the_probabilities_of_the_model(
    check: Callable[..., Result], rater_folder: Path
) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    done = check(top_logprobs=0, logprob_token_ids=True)
    assert done.exit_code == 0, done.output
    assert "0% is not known" in done.output
    words = ["joy", "woe", "apple", "zebra", "murder"]
    answers = asyncio.run(exactly(served_card(), words))
    model = AutoModelForCausalLM.from_pretrained(rater_folder, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(rater_folder)
    scale = OrdinalScale(min=1, max=9, direction="higher is better")
    for word, answer in zip(words, answers, strict=True):
        messages = [{"role": "user", "content": f"{tiny_models.TEXT[:24]} {word}"}]
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        asked = tokenizer(text, return_tensors="pt", add_special_tokens=False)
        with torch.no_grad():
            shares = torch.softmax(model(**asked).logits[0, -1].double(), 0)
        expected = []
        for point in POINTS:
            written = [tokenizer.encode(form, add_special_tokens=False) for form in _forms(point)]
            expected.append(sum(float(shares[ids[0]]) for ids in written if len(ids) == 1))
        read = read_distribution(answer.logprobs or (), scale)
        assert read.probabilities == pytest.approx(expected, abs=1e-3)
        assert read.returned_mass == pytest.approx(1, abs=1e-4)
        assert math.fsum(read.probabilities) > 0.5


def _forms(point: float) -> tuple[str, str]:
    return f"{point:g}", f" {point:g}"
