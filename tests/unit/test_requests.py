"""Requests: which questions are the same, what seeds they get, what is still to be asked."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoalign.elicitation.rating import Ask, RatingRequest, Sampling, missing
from emoalign.prompts import (
    Message,
    Prompt,
)

CHAT = RatingRequest(
    model="model.gguf",
    revision="abc",
    prompt=Prompt(messages=(Message("user", "Rate “joy”, 1–9."),), text=None),
    sampling=Sampling(temperature=0.5, max_tokens=3, stop=("\n",)),
    readout="sampled",
    wave=1,
)
COMPLETION = RatingRequest(
    model="model.gguf",
    revision=None,
    prompt=Prompt(messages=None, text="joy: "),
    sampling=Sampling(temperature=1.0, max_tokens=1),
    readout="exact",
    wave=1,
    top_logprobs=200,
)


def item(text: str, readout: str = "sampled") -> RatingRequest:
    request = replace(COMPLETION, prompt=Prompt(messages=None, text=f"{text}: "))
    return replace(request, readout=readout)  # type: ignore[arg-type]


# Identity


@pytest.mark.parametrize(
    ("request_", "canonical", "request_id"),
    [
        (
            CHAT,
            '{"model":"model.gguf","prompt":{"messages":[{"content":"Rate “joy”, 1–9.",'
            '"role":"user"}],"text":null},"readout":"sampled","revision":"abc","sampling":'
            '{"max_tokens":3,"min_p":0.0,"repeat_penalty":1.0,"stop":["\\n"],"temperature":0.5,'
            '"top_k":0,"top_p":1.0},"top_logprobs":0,"wave":1}',
            "e7ccf62f652afde0a1363d1c2f1808980e0d8c83b5994109ec80575819ff3625",
        ),
        (
            COMPLETION,
            '{"model":"model.gguf","prompt":{"messages":null,"text":"joy: "},"readout":"exact",'
            '"revision":null,"sampling":{"max_tokens":1,"min_p":0.0,"repeat_penalty":1.0,"stop":[],'
            '"temperature":1.0,"top_k":0,"top_p":1.0},"top_logprobs":200,"wave":1}',
            "d46461824aa1484904bf2abf43a20fef29029cd6f74b12a76b00d42845f94d9f",
        ),
        (  # what is left to the provider is null
            replace(CHAT, sampling=Sampling.at(None, 3)),
            '{"model":"model.gguf","prompt":{"messages":[{"content":"Rate “joy”, 1–9.",'
            '"role":"user"}],"text":null},"readout":"sampled","revision":"abc","sampling":'
            '{"max_tokens":3,"min_p":null,"repeat_penalty":null,"stop":[],"temperature":null,'
            '"top_k":null,"top_p":null},"top_logprobs":0,"wave":1}',
            "a339d7dbe5786da9405d38ccc871208c896155a64519a653f0e243f5936d077e",
        ),
    ],
)
def test_an_id_is_the_sha256_of_the_canonical_json_of_the_question(
    request_: RatingRequest, canonical: str, request_id: str
) -> None:
    # Whoever changes an id makes every user pay for all answers again.
    assert hashlib.sha256(canonical.encode()).hexdigest() == request_id
    assert request_.request_id == request_id


OTHERWISE: list[dict[str, object]] = [
    {"model": "other.gguf"},
    {"revision": "abd"},
    {"revision": None},
    {"prompt": Prompt(messages=(Message("user", "Rate “joy”, 1–9. "),), text=None)},
    {"prompt": Prompt(messages=(Message("system", "Rate “joy”, 1–9."),), text=None)},
    {"prompt": Prompt(messages=None, text="Rate “joy”, 1–9.")},
    {
        "prompt": Prompt(
            messages=(Message("system", "Hi."), Message("user", "Rate “joy”, 1–9.")), text=None
        )
    },
    {"sampling": replace(CHAT.sampling, temperature=0.6)},
    {"sampling": replace(CHAT.sampling, max_tokens=4)},
    {"sampling": replace(CHAT.sampling, stop=())},
    {"sampling": replace(CHAT.sampling, top_p=0.9)},
    {"sampling": replace(CHAT.sampling, top_k=40)},
    {"sampling": replace(CHAT.sampling, min_p=0.05)},
    {"sampling": replace(CHAT.sampling, repeat_penalty=1.1)},
    {"readout": "exact"},
    {"wave": 2},
    {"top_logprobs": 20},
    {"extra_body": (("reasoning_effort", "none"),)},
    {"setup": (("dtype", "bfloat16"),)},
    {"setup": (("dtype", "float16"),)},
    {"points": (1.0, 2.0)},
]


def test_everything_that_can_change_the_answer_changes_the_id() -> None:
    others = [replace(CHAT, **change).request_id for change in OTHERWISE]  # type: ignore[arg-type]
    assert len({CHAT.request_id, *others}) == 1 + len(OTHERWISE)


def test_equal_questions_have_equal_ids() -> None:
    assert replace(CHAT).request_id == CHAT.request_id


# Seeds


def test_seeds_fit_in_the_bits_a_server_takes_and_use_them_all() -> None:
    requests = [item(str(number)) for number in range(200)]
    for bits in (31, 32, 53, 63):
        seeds = [
            request.seed(participant, bits) for request in requests for participant in range(5)
        ]
        assert all(0 <= seed < 2**bits for seed in seeds)
        assert max(seeds) > 0.99 * 2**bits
        assert np.mean(seeds) / 2**bits == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("bits", [63, 64, 128])
def test_no_seed_reaches_2_to_the_63(bits: int) -> None:
    assert max(item(str(number)).seed(0, bits) for number in range(2000)) < 2**63


def test_seeds_differ_for_items_and_participants_and_are_never_consecutive() -> None:
    # A server gives its n answers seed, seed + 1, ...: seeds that are close would share answers.
    for bits in (31, 63):
        seeds = sorted(
            item(str(number)).seed(participant, bits)
            for number in range(100)
            for participant in range(0, 100, 20)
        )
        assert min(after - before for before, after in pairwise(seeds)) > 20
    by_participant = [CHAT.seed(participant) for participant in range(50)]
    steps = {after - before for before, after in pairwise(by_participant)}
    assert len(steps) == 49


def test_the_same_question_gets_the_same_seed_again_and_another_wave_does_not() -> None:
    assert replace(CHAT).seed(20) == CHAT.seed(20)
    assert replace(CHAT, wave=2).seed(20) != CHAT.seed(20)


# What is missing


def keys(asks: list[Ask]) -> list[tuple[str, int | None]]:
    return [(ask.request.request_id, one) for ask in asks for one in ask.participants]


def everyone(requests: list[RatingRequest], participants: int) -> list[Ask]:
    return [
        Ask(request, (None,) if request.readout == "exact" else tuple(range(participants)))
        for request in requests
    ]


def test_raising_20_participants_to_40_asks_for_exactly_20_more() -> None:
    request = item("joy")
    first = list(missing(everyone([request], 20), (), 20))
    assert first == [Ask(request, tuple(range(20)))]
    assert list(missing(everyone([request], 40), keys(first), 20)) == [
        Ask(request, tuple(range(20, 40)))
    ]


def test_lowering_the_participants_asks_for_nothing() -> None:
    request = item("joy")
    known = keys(list(missing(everyone([request], 20), (), 20)))
    assert list(missing(everyone([request], 5), known, 20)) == []


def test_only_the_answers_that_are_not_there_are_asked_for() -> None:
    joy, woe = item("joy"), item("woe")
    known = [(joy.request_id, one) for one in (0, 1, 3)] + [
        (woe.request_id, one) for one in range(5)
    ]
    assert list(missing(everyone([joy, woe], 5), known, 20)) == [Ask(joy, (2, 4))]


def test_two_items_with_the_same_text_are_asked_once() -> None:
    joy, woe = item("joy"), item("woe")
    asks = list(missing(everyone([joy, woe, item("joy")], 3), (), 20))
    assert asks == [Ask(joy, (0, 1, 2)), Ask(woe, (0, 1, 2))]


@pytest.mark.parametrize(
    ("choices", "sizes"), [(1, [1] * 7), (2, [2, 2, 2, 1]), (7, [7]), (8, [7]), (100, [7])]
)
def test_no_request_asks_for_more_answers_than_the_server_gives(
    choices: int, sizes: list[int]
) -> None:
    asks = list(missing(everyone([item("joy")], 7), (), choices))
    assert [len(ask.participants) for ask in asks] == sizes
    assert [one for ask in asks for one in ask.participants] == list(range(7))


def test_the_exact_readout_asks_once_whatever_the_number_of_participants() -> None:
    request = item("joy", "exact")
    assert list(missing(everyone([request], 20), (), 20)) == [Ask(request, (None,))]
    assert list(missing(everyone([request], 40), [(request.request_id, None)], 20)) == []


def test_an_exact_answer_is_none_of_the_sampled_ones() -> None:
    sampled, exact = item("joy"), item("joy", "exact")
    asks = list(missing(everyone([sampled, exact], 2), [(exact.request_id, None)], 20))
    assert asks == [Ask(sampled, (0, 1))]


@given(
    st.integers(1, 30),
    st.integers(1, 30),
    st.integers(1, 8),
    st.sets(st.tuples(st.integers(0, 2), st.integers(0, 29))),
)
def test_what_is_asked_and_what_is_known_are_everything_and_never_overlap(
    before: int, participants: int, choices: int, there: set[tuple[int, int]]
) -> None:
    requests = [item(text) for text in ("joy", "woe", "awe")]
    known = {(requests[place].request_id, one) for place, one in there if one < before}
    asked = keys(list(missing(everyone(requests, participants), known, choices)))
    wanted = {(request.request_id, one) for request in requests for one in range(participants)}
    assert len(asked) == len(set(asked))
    assert set(asked) == wanted - known


def test_participants_who_are_somebody_are_asked_one_by_one_and_only_once() -> None:
    asks = [Ask(item(f"You are {name}. joy"), (place,)) for place, name in enumerate("abc")]
    first = list(missing(asks, (), 20))
    assert first == asks
    assert list(missing(asks, keys(first[:2]), 20)) == [asks[2]]
