"""vLLM for real, with a tiny Llama: what is drawn, what is read, what is refused."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from transformers import AutoModelForCausalLM, AutoTokenizer

from emoalign.elicitation.engines.vllm.engine import VllmEngine, loaded
from emoalign.elicitation.engines.vllm.vllm_model import VllmModel
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.questions import check_single_tokens
from emoalign.elicitation.rating import Ask, RatingRequest
from emoalign.elicitation.readings import read_distribution
from emoalign.errors import CapabilityError, EngineError
from emoalign.prompts import Message, Prompt, chat_messages
from emoalign.study.scales import HumanScale, OrdinalScale

Question = Callable[..., Ask]
ITEMS = [first + rest for first in "abcdefghij" for rest in ("oy", "ear", "ate", "ope")]


def all_answers(engine: VllmEngine, asks: Sequence[Ask]) -> dict[tuple[str, int | None], Answer]:
    found = [answer for _, answers in engine.answers(asks) for answer in answers]
    assert len(found) == sum(len(ask.participants) for ask in asks)
    return {answer.key: answer for answer in found}


def ratings(answers: dict[tuple[str, int | None], Answer], ask: Ask) -> list[str]:
    return [answers[ask.request.request_id, one].text for one in ask.participants]


# The exact readout


@pytest.fixture(scope="module")
def by_transformers(rater_card: VllmModel) -> Callable[[Ask, float], torch.Tensor]:
    """P(next token) at a temperature, from another implementation in 64 bits."""
    model = AutoModelForCausalLM.from_pretrained(rater_card.model, dtype=torch.float64)
    words = AutoTokenizer.from_pretrained(rater_card.model)

    def probabilities(ask: Ask, temperature: float) -> torch.Tensor:
        messages = chat_messages(ask.request.prompt)
        text = words.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        ids = words(text, return_tensors="pt", add_special_tokens=False).input_ids
        with torch.no_grad():
            return (model(ids).logits[0, -1] / temperature).softmax(-1)

    return probabilities


@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.5])
def test_the_exact_readout_is_the_distribution_at_the_temperature_asked_for(
    temperature: float,
    rater: VllmEngine,
    question: Question,
    nine_points: HumanScale,
    by_transformers: Callable[[Ask, float], torch.Tensor],
) -> None:
    asks = [question(item, "exact", temperature=temperature) for item in ITEMS[:8]]
    answers = all_answers(rater, asks)
    for ask in asks:
        expected = by_transformers(ask, temperature)
        logprobs = answers[ask.request.request_id, None].logprobs
        assert logprobs is not None
        reading = read_distribution(logprobs, nine_points)
        variants = [rater.tokenize(f"{point:g}") for point in nine_points.points]
        spaced = [rater.tokenize(f" {point:g}") for point in nine_points.points]
        assert all(len(ids) == 1 for ids in [*variants, *spaced])
        summed = [
            float(expected[plain[0]] + expected[space[0]])
            for plain, space in zip(variants, spaced, strict=True)
        ]
        assert reading.probabilities == pytest.approx(summed, abs=0.02)
        assert reading.off_scale_mass == pytest.approx(1 - sum(summed), abs=0.02)
        assert reading.returned_mass == pytest.approx(1, abs=1e-5)


def test_without_temperature_the_exact_readout_is_the_likeliest_answer(
    rater: VllmEngine, question: Question, nine_points: HumanScale
) -> None:
    cold, warm = question("joy", "exact", temperature=0), question("joy", "exact")
    answers = all_answers(rater, [cold, warm])
    likeliest = answers[cold.request.request_id, None].logprobs
    logprobs = answers[warm.request.request_id, None].logprobs
    assert likeliest is not None
    assert logprobs is not None
    assert likeliest == ((max(logprobs, key=lambda pair: pair[1])[0], 0.0),)
    reading = read_distribution(likeliest, nine_points)
    assert sorted(reading.probabilities) == [0.0] * 8 + [1.0]


def test_sampled_answers_are_drawn_from_the_exact_distribution(
    rater: VllmEngine, question: Question, nine_points: HumanScale
) -> None:
    many = tuple(range(100))
    sampled = [question(item, participants=many, max_tokens=1) for item in ITEMS]
    exact = [question(item, "exact") for item in ITEMS]
    answers = all_answers(rater, [*sampled, *exact])
    counts: Counter[str] = Counter()
    expected = np.zeros(10)
    for ask, readout in zip(sampled, exact, strict=True):
        counts.update(text.strip() for text in ratings(answers, ask))
        logprobs = answers[readout.request.request_id, None].logprobs
        assert logprobs is not None
        reading = read_distribution(logprobs, nine_points)
        expected += [*reading.probabilities, reading.off_scale_mass]
    observed = [counts.pop(f"{point:g}", 0) for point in nine_points.points]
    observed.append(sum(counts.values()))
    assert chisquare(observed, expected / expected.sum() * sum(observed)).pvalue > 1e-3


def test_a_scale_with_a_point_of_two_tokens_is_refused(rater: VllmEngine) -> None:
    ten = OrdinalScale(min=1, max=10, direction="up")
    tokens = {point: rater.tokenize(f"{point:g}") for point in ten.points}
    with pytest.raises(CapabilityError, match=r"10 \(2 tokens\)"):
        check_single_tokens(tokens, "valence")


def test_a_point_without_a_token_is_refused(rater: VllmEngine, question: Question) -> None:
    ask = question("joy", "exact")
    ask = replace(ask, request=replace(ask.request, points=(1.0, 10.0)))
    with pytest.raises(CapabilityError, match="none for 10"):
        list(rater.answers([ask]))


# Sampling


def test_answers_end_where_the_model_ends_and_its_own_sampling_is_left_aside(
    rater: VllmEngine, question: Question
) -> None:
    ask = question("joy", participants=tuple(range(60)))
    answers = all_answers(rater, [ask])
    ended = [answer for answer in answers.values() if answer.finish_reason == "stop"]
    assert len(ended) > 40
    # generation_config.json says top_k 1 at temperature .01: all answers would be the same.
    assert len(set(ratings(answers, ask))) > 4


def test_participants_asked_together_answer_as_if_each_had_been_asked_alone(
    rater: VllmEngine, question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = question("joy", participants=tuple(range(20)))
    whole = ratings(all_answers(rater, [together]), together)
    seed = together.request.seed(0)
    monkeypatch.setattr(RatingRequest, "seed", lambda self, participant: seed + participant)
    alone = [Ask(together.request, (one,)) for one in together.participants]
    single = [ratings(all_answers(rater, [ask]), ask)[0] for ask in alone]
    assert single == whole


def test_the_same_question_gets_the_same_answers_whatever_stands_beside_it(
    rater: VllmEngine, question: Question
) -> None:
    ask = question("joy")
    alone = ratings(all_answers(rater, [ask]), ask)
    beside = ratings(all_answers(rater, [*map(question, ITEMS), ask]), ask)
    # Sums of 16-bit numbers in another order may turn one answer or another.
    assert sum(one == other for one, other in zip(alone, beside, strict=True)) >= 18


def test_participants_of_different_items_are_independent(
    rater: VllmEngine, question: Question
) -> None:
    asks = [question(item, max_tokens=1) for item in ITEMS]
    answers = all_answers(rater, asks)
    texts = [[one.strip() for one in ratings(answers, ask)] for ask in asks]
    table = np.array([[float(one) if one.isdigit() else 5.0 for one in row] for row in texts])
    correlations = np.corrcoef(table)[np.triu_indices(len(ITEMS), 1)]
    assert abs(correlations.mean()) < 0.05


# What stands together is computed once


def test_a_queue_that_is_longer_than_the_engine_holds_is_answered_whole(
    rater: VllmEngine, question: Question, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rater, "_queue", 30)
    asks = [question(f"word{number}") for number in range(25)]
    seen = []

    def waiting() -> object:
        for ask in asks:
            seen.append(ask)
            yield ask

    finished = 0
    for _ in rater.answers(waiting()):  # type: ignore[arg-type]
        finished += 1
        assert len(seen) - finished <= 3
    assert finished == 25


def test_who_stops_listening_leaves_nothing_in_the_queue(
    rater: VllmEngine, question: Question
) -> None:
    waiting = rater.answers([question(f"word{number}") for number in range(50)])
    next(waiting)
    waiting.close()
    ask = question("joy")
    assert len(all_answers(rater, [ask])) == 20


def test_a_shared_beginning_is_computed_once(rater: VllmEngine, question: Question) -> None:
    cached = []
    read = rater._read

    def spy(ask: Ask, output: object, seconds: float) -> list[Answer]:
        cached.append(output.num_cached_tokens)  # type: ignore[attr-defined]
        return read(ask, output, seconds)

    long = "the same instruction for everybody, word by word, " * 8
    asks = [question(f"{long} {item}", "exact") for item in ITEMS[:10]]
    rater._read = spy  # type: ignore[method-assign]
    try:
        for ask in asks:
            list(rater.answers([ask]))
    finally:
        del rater._read
    assert all(count >= 64 for count in cached[1:])


# What vLLM does not take


def test_a_prompt_that_is_too_long_says_what_to_change(
    rater: VllmEngine, question: Question
) -> None:
    with pytest.raises(EngineError, match="context_tokens"):
        list(rater.answers([question("joy " * 600)]))


def test_a_model_that_is_not_there_says_where_it_was_looked_for(rater_card: VllmModel) -> None:
    card = rater_card.model_copy(update={"model": "/nowhere/a-model"})
    with pytest.raises(EngineError, match="/nowhere/a-model"), loaded(card):
        raise AssertionError


def test_a_completion_is_continued_as_it_is(rater: VllmEngine, question: Question) -> None:
    ask = question("joy", "exact")
    text = Prompt(None, "1 2 3 4 5 6 7 ")
    ask = replace(ask, request=replace(ask.request, prompt=text))
    (answer,) = all_answers(rater, [ask]).values()
    assert answer.prompt_tokens >= 7
    assert answer.logprobs is not None
    assert math.fsum(math.exp(one) for _, one in answer.logprobs) == pytest.approx(1, abs=1e-4)


def test_a_conversation_keeps_its_roles(rater: VllmEngine, question: Question) -> None:
    ask = question("joy", "exact")
    messages = (Message("system", "You are somebody."), *(ask.request.prompt.messages or ()))
    longer = replace(ask, request=replace(ask.request, prompt=Prompt(messages, None)))
    answers = all_answers(rater, [ask, longer])
    tokens = [answers[one.request.request_id, None].prompt_tokens for one in (ask, longer)]
    assert tokens[1] > tokens[0] + 10
