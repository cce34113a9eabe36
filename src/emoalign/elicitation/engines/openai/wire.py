"""The OpenAI interface: the body of a request, and what a reply says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from emoalign.elicitation.engines.served import Capabilities
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.requests import Ask, RatingRequest
from emoalign.prompts import chat_messages


def interface(ask: Ask) -> str:
    """The path that a request is sent to, below the address of the server."""
    return "/chat/completions" if ask.request.prompt.messages is not None else "/completions"


def request_body(model: str, capabilities: Capabilities, ask: Ask) -> dict[str, object]:
    """The body of a request; `model` is the name the server knows it by."""
    request = ask.request
    sampling = request.sampling
    body: dict[str, object] = {
        "model": model,
        capabilities.token_limit: sampling.max_tokens,
        **dict(request.extra_body),
    }
    if capabilities.temperature is not None:
        body |= {"temperature": sampling.temperature, "top_p": sampling.top_p}
    if request.prompt.messages is not None:
        body["messages"] = chat_messages(request.prompt)
    else:
        body["prompt"] = request.prompt.text
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    if capabilities.sampling_extras:
        body |= {
            "top_k": sampling.top_k,
            "min_p": sampling.min_p,
            "repeat_penalty": sampling.repeat_penalty,
        }
    first = ask.participants[0]
    if request.readout == "exact":
        body |= _logprob_parameters(request, capabilities)
    elif first is not None:
        if len(ask.participants) > 1:
            body["n"] = len(ask.participants)
        if capabilities.seed_bits:
            body["seed"] = request.seed(first, capabilities.seed_bits)
    return body


def _logprob_parameters(request: RatingRequest, capabilities: Capabilities) -> dict[str, object]:
    parameters: dict[str, object] = (
        {"logprobs": request.top_logprobs}
        if request.prompt.messages is None
        else {"logprobs": True, "top_logprobs": request.top_logprobs}
    )
    if capabilities.sampling_extras:
        # llama.cpp reports nothing when the token it draws ends the text or is half a
        # character. Neither setting touches the probabilities: they are those before sampling.
        parameters |= {"temperature": 0, "ignore_eos": True}
    return parameters


def has_choices(reply: Mapping[str, Any]) -> bool:
    """Tell whether a reply is a list of answers, in the format of chats or of completions."""
    choices, usage = reply.get("choices"), reply.get("usage") or {}
    return isinstance(choices, list) and isinstance(usage, dict) and all(map(_is_choice, choices))


def _is_choice(choice: object) -> bool:
    if not isinstance(choice, dict):
        return False
    message = choice.get("message")
    text = (message.get("content") or "") if isinstance(message, dict) else choice.get("text")
    return isinstance(text, str)


def used_tokens(reply: Mapping[str, Any]) -> int:
    """Tokens of the prompt and all answers, as the server counted them; 0 if it did not."""
    usage = reply.get("usage") or {}
    return int(usage.get("prompt_tokens") or 0) + int(usage.get("completion_tokens") or 0)


def lacks_logprobs(answer: Answer) -> bool:
    """Tell whether probabilities are missing although the answer was not withheld."""
    withheld = answer.refused or answer.finish_reason == "content_filter"
    return answer.logprobs is None and not withheld


def read_answers(ask: Ask, reply: Mapping[str, Any], seconds: float) -> list[Answer]:
    """One answer per choice, in order of the participants; a missing choice is left out."""
    request = ask.request
    return read_choices(
        request.request_id, ask.participants, request.readout == "exact", reply, seconds
    )


def read_choices(
    request_id: str,
    participants: Sequence[int | None],
    exact: bool,
    reply: Mapping[str, Any],
    seconds: float,
) -> list[Answer]:
    """The answers in a reply to a request of which only this is known; see read_answers."""
    usage = reply.get("usage") or {}
    model = "/".join(filter(None, (reply.get("model"), reply.get("system_fingerprint"))))
    received = datetime.now(UTC).isoformat(timespec="seconds")
    answers = []
    for place, (participant, choice) in enumerate(
        zip(participants, reply.get("choices", ()), strict=False)
    ):
        message = choice.get("message") or {}
        text = choice.get("text") if not message else message.get("content")
        answers.append(
            Answer(
                request_id=request_id,
                participant=participant,
                text=text or message.get("refusal") or "",
                finish_reason=choice.get("finish_reason"),
                model_reported=model,
                prompt_tokens=usage.get("prompt_tokens", 0) if place == 0 else 0,
                completion_tokens=usage.get("completion_tokens", 0) if place == 0 else 0,
                latency_s=round(seconds, 4),
                received=received,
                refused=bool(message.get("refusal")),
                logprobs=_logprobs(choice) if exact else None,
            )
        )
    return answers


def _logprobs(choice: Mapping[str, Any]) -> tuple[tuple[str, float], ...] | None:
    """Tokens and log-probabilities of the first position, likeliest first."""
    logprobs = choice.get("logprobs") or {}
    if logprobs.get("content"):
        top = logprobs["content"][0]["top_logprobs"]
        return tuple((token["token"], round(token["logprob"], 6)) for token in top)
    if logprobs.get("top_logprobs"):
        return tuple(
            (token, round(value, 6)) for token, value in logprobs["top_logprobs"][0].items()
        )
    return None


def withheld_reply(choices: int) -> dict[str, Any]:
    """The reply to a question that a content policy does not let through."""
    return {"choices": [{"text": "", "finish_reason": "content_filter"}] * choices}
