"""Gemini's interface as Google's own package knows it: the bodies it sends, the replies it makes.

Nothing leaves this machine: the package is told the address of a server here.
"""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext as no_error
from dataclasses import replace
from typing import Any, get_args

import orjson
import pytest
from google import genai
from google.genai import types
from PIL import Image as Picture

from emoalign.elicitation.budget import paid
from emoalign.elicitation.engines.api.batch_replies import reply_in
from emoalign.elicitation.engines.api.batch_states import ENDED
from emoalign.elicitation.engines.api.choices import read_answers
from emoalign.elicitation.engines.api.dialect import Outcome
from emoalign.elicitation.engines.asked import Prices
from emoalign.elicitation.engines.gemini.batch_mode import BatchMode
from emoalign.elicitation.engines.gemini.gemini_model import HARMS, GeminiModel, Threshold
from emoalign.elicitation.engines.gemini.generate_content import GENERATE_CONTENT
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import Ask, RatingRequest, Sampling
from emoalign.elicitation.readings import is_cut, withheld
from emoalign.installed import CATALOGUE
from emoalign.planning.loading import MODELS
from emoalign.prompts import Image, Message, Prompt
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.reading import read_card
from tests.faults.gemini_server import GeminiServer, in_one_way
from tests.kit.structured import schemas

KEY = "AIza-test"
BASE64 = str.maketrans("-_", "+/")
CARD: Mapping[str, Any] = {
    "title": "Gemini",
    "engine": "gemini",
    "model": "gemini-3.1-flash",
    "api_key_env": None,
    "capabilities": {
        **{"modalities": ["word", "image"], "choices": 8, "seed_bits": 31, "top_logprobs": 20},
        **{"sampling": "all"},
    },
}
CARDS = {
    "plain": {},
    "level": {"extra_body": {"generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW"}}}},
    "budget": {
        "model": "gemini-2.5-flash",
        "extra_body": {
            "generationConfig": {"thinkingConfig": {"thinkingBudget": 0, "includeThoughts": True}}
        },
    },
    "safety": {
        "model": "gemini-3.8-flash",
        "safety": "BLOCK_NONE",
        "capabilities": {"sampling": "none"},
    },
    "schema": {
        "extra_body": {
            "serviceTier": "flex",
            "generationConfig": {
                "responseMimeType": "application/json",
                "responseJsonSchema": {"type": "integer", "minimum": 1, "maximum": 9},
            },
        }
    },
}
PROMPT_SETS = [read_card(path, PromptSet) for path in CATALOGUE.glob("prompts/*.yaml")]


def cards() -> Iterator[tuple[str, GeminiModel]]:
    """Cards that say all that can be said, and those that ship."""
    for name, more in CARDS.items():
        yield name, GeminiModel.model_validate({**CARD, **more})
    for path in sorted(CATALOGUE.glob("models/*.yaml")):
        card = read_card(path, MODELS)
        if isinstance(card, GeminiModel):
            yield path.stem, card.model_copy(update={"api_key_env": None})


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Image:
    path = tmp_path_factory.mktemp("picture") / "grey.png"
    Picture.new("RGB", (8, 8), "grey").save(path)
    return Image(hashlib.sha256(path.read_bytes()).hexdigest(), 16, path)


@pytest.fixture
def server() -> Iterator[GeminiServer]:
    with GeminiServer().running() as running:
        yield running


def client(server: GeminiServer) -> genai.Client:
    """Google's client, which knows no other address than the server's."""
    root, _, version = server.root.rpartition("/")
    options = types.HttpOptions(base_url=root, api_version=version)
    return genai.Client(api_key=KEY, http_options=options, vertexai=False)


def asks(card: GeminiModel, picture: Image) -> Iterator[Ask]:
    """A request under every prompt set for chats, of a word or an image, for one and for many; one
    with every sort of schema; and one for log-probabilities."""
    spoken = (Message("system", "Rate what you see."), Message("user", "joy"))

    def request(prompts: PromptSet, image: Image | None, exact: bool) -> RatingRequest:
        return RatingRequest(
            *(card.model, card.revision, Prompt(spoken, None, image, prompts.image)),
            Sampling(1.0, prompts.answer.max_tokens, prompts.answer.stop),
            "exact" if exact else "sampled",
            1,
            top_logprobs=card.able.top_logprobs if exact else 0,
            extra_body=card.extras(),
        )

    chats = [prompts for prompts in PROMPT_SETS if prompts.kind == "chat"]
    assert chats
    for prompts in chats:
        for image in (None, picture):
            for participants in {1, card.able.choices}:
                yield Ask(request(prompts, image, False), tuple(range(participants)))
    for schema in schemas():
        yield Ask(replace(request(chats[0], None, False), schema=schema), (0,))
    if card.able.top_logprobs:
        yield Ask(request(chats[0], None, True), (None,))


def comparable(body: Any) -> Any:
    """A body with names in one way, and bytes as bytes: there are two ways of each."""
    if isinstance(body, list):
        return list(map(comparable, body))
    if not isinstance(body, dict):
        return body
    same = in_one_way(body)
    if "data" in same:
        return {**same, "data": base64.b64decode(same["data"].translate(BASE64))}
    return {name: comparable(value) for name, value in same.items()}


@pytest.mark.parametrize(("name", "card"), [pytest.param(*each, id=each[0]) for each in cards()])
def test_every_body_is_the_one_that_googles_package_sends(
    name: str, card: GeminiModel, server: GeminiServer, picture: Image
) -> None:
    bodies = [
        orjson.loads(orjson.dumps(card.dialect.body(card.model, card.capabilities, ask)))
        for ask in asks(card, picture)
    ]

    with client(server) as google:
        for body in bodies:
            config = body["generationConfig"]
            said = {name: body[name] for name in body.keys() - {"contents", "generationConfig"}}
            refused = "Logprobs is not enabled" if "logprobs" in config else None
            with pytest.raises(genai.errors.ClientError, match=refused) if refused else no_error():
                # Its types know every name, and refuse all others.
                google.models.generate_content(
                    model=card.model,
                    contents=[types.Content.model_validate(turn) for turn in body["contents"]],
                    config=types.GenerateContentConfig.model_validate({**said, **config}),
                )
    for theirs, ours in zip(server.bodies, bodies, strict=True):
        assert comparable(theirs) == comparable(ours)


@pytest.mark.parametrize("wrong", ["min_p", "thinking", "max_tokens"])
def test_its_types_refuse_what_google_does_not_know(wrong: str) -> None:
    with pytest.raises(ValueError, match="Extra inputs are not permitted"):
        types.GenerateContentConfig.model_validate({wrong: 1})


def test_thresholds_are_those_that_google_has() -> None:
    theirs = {each.value for each in types.HarmBlockThreshold} - {
        "HARM_BLOCK_THRESHOLD_UNSPECIFIED"
    }
    assert set(get_args(Threshold)) == theirs
    assert {f"HARM_CATEGORY_{harm}" for harm in HARMS} <= {
        each.value for each in types.HarmCategory
    }


# Replies


def answers(
    reply: types.GenerateContentResponse, number: int = 1, exact: bool = False
) -> list[Answer]:
    """The answers in a reply, as the program reads it."""
    card = GeminiModel.model_validate(CARD)
    prompt = Prompt((Message("user", "joy"),), None)
    readout = "exact" if exact else "sampled"
    request = RatingRequest("m", None, prompt, Sampling(1.0, 3), readout, 1)
    body = reply.model_dump(mode="json", by_alias=True, exclude_none=True)
    participants = (None,) if exact else tuple(range(number))
    return read_answers(Ask(request, participants), card.dialect.reply(body), 0.0)


def candidate(*parts: types.Part, reason: types.FinishReason, **more: Any) -> types.Candidate:
    content = types.Content(role="model", parts=list(parts))
    return types.Candidate(content=content, finish_reason=reason, **more)


def test_a_reply_of_its_types_is_read_whole() -> None:
    thought = types.Part(text="A word. ", thought=True, thought_signature=b"sign")
    counts = types.GenerateContentResponseUsageMetadata(
        prompt_token_count=20,
        cached_content_token_count=5,
        candidates_token_count=2,
        thoughts_token_count=40,
        total_token_count=62,
    )
    reply = types.GenerateContentResponse(
        candidates=[
            candidate(thought, types.Part(text="7"), reason=types.FinishReason.STOP, index=0),
            candidate(types.Part(text="8"), reason=types.FinishReason.STOP, index=1),
        ],
        usage_metadata=counts,
        model_version="gemini-3.8-flash",
        response_id="id-1",
    )
    first, second = answers(reply, 2)
    assert [first.text, second.text] == ["7", "8"]
    assert first.thinking == "A word. "
    assert second.thinking is None
    assert (first.prompt_tokens, first.completion_tokens, first.thinking_tokens) == (20, 42, 40)
    assert (second.prompt_tokens, second.completion_tokens) == (0, 0)
    assert (first.model_reported, first.reply_id) == ("gemini-3.8-flash", "id-1")


def test_log_probabilities_of_its_types_are_read() -> None:
    def token(text: str, value: float) -> types.LogprobsResultCandidate:
        return types.LogprobsResultCandidate(token=text, log_probability=value, token_id=1)

    top = types.LogprobsResultTopCandidates(candidates=[token("7", -0.25), token("8", -1.75)])
    result = types.LogprobsResult(top_candidates=[top], chosen_candidates=[token("7", -0.25)])
    part, reason = types.Part(text="7"), types.FinishReason.MAX_TOKENS
    reply = types.GenerateContentResponse(
        candidates=[candidate(part, reason=reason, logprobs_result=result)]
    )
    (answer,) = answers(reply, exact=True)
    assert answer.logprobs == (("7", -0.25), ("8", -1.75))


FILTERED = {
    *("SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"),
    *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "MODEL_ARMOR"),
    "ESCALATION",
}
CUT = {"MAX_TOKENS", "CONTINUATION"}
NOT_AN_ANSWER = {"PUP_LIMITED_DISABLED"}


@pytest.mark.parametrize("reason", types.FinishReason)
def test_every_reason_that_google_has_is_understood(reason: types.FinishReason) -> None:
    reply = types.GenerateContentResponse(candidates=[types.Candidate(finish_reason=reason)])
    read = answers(reply)
    if reason.value in NOT_AN_ANSWER:
        assert read == []
        return
    (answer,) = read
    assert answer.finish_reason == reason.value
    assert (withheld(answer) == "content_filter") == (reason.value in FILTERED)
    assert is_cut(answer) == (reason.value in CUT)
    counts = types.GenerateContentResponseUsageMetadata(
        prompt_token_count=20, candidates_token_count=2, thoughts_token_count=40
    )
    reply.usage_metadata = counts
    prices = Prices(input_usd=1, output_usd=10, as_of="2026-11-28", source="a page")
    assert paid(prices, answers(reply), 1.0, longest=4096) == prices.cost(20, 42)


@pytest.mark.parametrize("reason", types.BlockedReason)
def test_every_block_of_a_prompt_is_withheld(reason: types.BlockedReason) -> None:
    feedback = types.GenerateContentResponsePromptFeedback(block_reason=reason)
    reply = types.GenerateContentResponse(prompt_feedback=feedback)
    body = reply.model_dump(mode="json", by_alias=True, exclude_none=True)
    read = reply_in(Outcome("key", 200, body), 3, GENERATE_CONTENT)
    assert [choice["finish_reason"] for choice in read["choices"]] == [
        f"content_filter: {reason.value}"
    ] * 3


@pytest.mark.parametrize("job", types.JobState)
def test_every_state_of_a_batch_is_one_that_ends_or_goes_on(job: types.JobState) -> None:
    mode = BatchMode(GeminiModel.model_validate(CARD))
    for word in (job.value, job.value.replace("JOB_", "BATCH_")):
        read = mode._state("batches", {"name": "batches/b", "metadata": {"state": word}})
        ended = word.rpartition("STATE_")[2] in {
            *("SUCCEEDED", "PARTIALLY_SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"),
        }
        assert (read.status in ENDED) == ended


def test_the_server_of_these_tests_is_one_that_googles_package_can_use(
    server: GeminiServer,
) -> None:
    server.uploads_at = server.root.removesuffix("/v1beta")
    lines: Sequence[Any] = [
        {
            "key": key,
            "request": {
                "contents": [{"role": "user", "parts": [{"text": key}]}],
                "generationConfig": {"maxOutputTokens": 3},
            },
        }
        for key in ("joy", "woe")
    ]

    with client(server) as google:
        content = io.BytesIO(b"\n".join(map(orjson.dumps, lines)))
        file = google.files.upload(
            file=content, config={"mime_type": "application/jsonl", "display_name": "lines"}
        )
        made = google.batches.create(
            model=CARD["model"], src=str(file.name), config={"display_name": "ours"}
        )
        listed = [each.display_name for each in google.batches.list(config={"page_size": 10})]
        assert listed == ["ours"]
        job = next(
            job
            for job in (google.batches.get(name=str(made.name)) for _ in range(9))
            if job.state == types.JobState.JOB_STATE_SUCCEEDED
        )
        assert job.dest is not None
        answered = google.files.download(file=str(job.dest.file_name))
    replies = [orjson.loads(line)["response"] for line in answered.splitlines()]
    read = map(types.GenerateContentResponse.model_validate, replies)
    assert [reply.text for reply in read] == ["7", "7"]
    assert list(map(len, server.submitted)) == [2]
