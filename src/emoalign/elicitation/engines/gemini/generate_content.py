"""The dialect of Gemini's generateContent."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any, ClassVar
from urllib.parse import quote

from emoalign.elicitation import untrusted
from emoalign.elicitation.engines.api.dialect import Dialect, Outcome, Reply, sampling_parameters
from emoalign.elicitation.engines.api.replies import beginning
from emoalign.elicitation.engines.gemini import decisions
from emoalign.elicitation.engines.served import Capabilities
from emoalign.elicitation.rating import Ask
from emoalign.prompts import Message, Prompt, data_url, with_images
from emoalign.study.reading import over

_NAMES = {"top_p": "topP", "top_k": "topK"}
_ITS_OWN = {"candidates", "promptFeedback", "usageMetadata"}
"""The parts of a reply, of which there is at least one."""

_ACCOUNT_DISABLED = "PUP_LIMITED_DISABLED"
"""The finishReason where the account is limited or disabled: no answer of the model."""


_CANCELLED, EXHAUSTED = 1, 8
_STATUSES: Mapping[int, int] = {
    **{_CANCELLED: 499, 2: 500, 3: 400, 4: 504, 5: 404, 6: 409, 7: 403, EXHAUSTED: 429},
    **{9: 400, 10: 409, 11: 400, 12: 501, 13: 500, 14: 503, 15: 500, 16: 401},
}
"""HTTP statuses of Google's codes of errors.

https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
"""


class GenerateContent(Dialect):
    """Google's generateContent, of the Gemini API, and its Decisions."""

    decides: ClassVar[bool] = True

    answer_forms = tuple(
        f"generationConfig.{name}"
        for name in ("responseMimeType", "responseSchema", "responseJsonSchema", "responseFormat")
    )

    def headers(self, key: str | None) -> dict[str, str]:
        """The headers of every request: the key, where there is one."""
        return {"x-goog-api-key": key} if key else {}

    def path(self, model: str, ask: Ask) -> str:
        """The path that a request is sent to."""
        if ask.request.readout == "decision":
            return decisions.PATH
        return f"{model_path(model)}:generateContent"

    def body(self, model: str, capabilities: Capabilities, ask: Ask) -> dict[str, Any]:
        """The body of a request: what the card adds, and laid over it what emoalign says itself."""
        request = ask.request
        if request.readout == "decision":
            return decisions.body(model, request.prompt)
        sampling = request.sampling
        config: dict[str, Any] = {"maxOutputTokens": sampling.max_tokens}
        for name, value in sampling_parameters(capabilities, ask).items():
            config[_NAMES.get(name, name)] = value
        if sampling.stop:
            config["stopSequences"] = list(sampling.stop)
        if request.schema:
            config["responseMimeType"] = "application/json"
            config["responseJsonSchema"] = dict(request.schema)
        first = ask.participants[0]
        if request.readout == "exact":
            config |= {"responseLogprobs": True, "logprobs": request.top_logprobs}
        elif first is not None:
            if len(ask.participants) > 1:
                config["candidateCount"] = len(ask.participants)
            if capabilities.seed_bits:
                config["seed"] = request.seed(first, capabilities.seed_bits)
        own = {**_contents(request.prompt), "generationConfig": config}
        return dict(over(dict(request.extra_body), own))

    def reply(self, said: Reply) -> Reply:
        """A reply in the form of Chat Completions.

        A prompt that was blocked has no choices, and its reason stays where it was.
        """
        if decisions.is_reply(said):
            return decisions.reply(said)
        candidates = said.get("candidates")
        if not said.keys() & _ITS_OWN or "error" in said:
            return said
        read: dict[str, Any] = {
            "id": said.get("responseId"),
            "model": said.get("modelVersion"),
            "choices": (
                list(map(_choice, candidates)) if isinstance(candidates, list) else candidates or []
            ),
            "usage": _usage(said.get("usageMetadata")),
        }
        if not candidates:
            read["promptFeedback"] = said.get("promptFeedback")
        return read

    def outcome(self, fields: Any) -> Outcome:
        """A line that a batch brought. Raises ValueError when it is something else."""
        if not isinstance(fields, dict) or not isinstance(fields.get("key"), str):
            raise ValueError(f"no key in {beginning(fields)}")
        response = fields.get("response")
        if response and isinstance(response, dict):
            return Outcome(fields["key"], 200, response)
        error = fields.get("error")
        if not isinstance(error, dict):
            raise ValueError(f"no response in {beginning(fields)}")
        code = error.get("code")
        status = None if code == _CANCELLED else http_status(code)  # cancelled: it was not run
        return Outcome(fields["key"], status, {"error": error})


def http_status(code: object) -> int:
    """The HTTP status of an error's code, which may be one already."""
    if not isinstance(code, int):
        return 500
    return code if 400 <= code < 600 else _STATUSES.get(code, 500)


def model_path(model: str) -> str:
    """The path of a model: models/ stands before its name, unless that names a collection itself,
    as of tuned models."""
    return f"/{quote(model if '/' in model else f'models/{model}', safe='/')}"


def _contents(prompt: Prompt) -> dict[str, Any]:
    """A chat as turns, with its system messages apart."""
    messages = with_images(prompt)
    turns: list[dict[str, Any]] = [
        {
            "role": "model" if message.role == "assistant" else "user",
            "parts": _parts(message, prompt),
        }
        for message in messages
        if message.role != "system"
    ]
    system = [{"text": message.content} for message in messages if message.role == "system"]
    return {"contents": turns, **({"systemInstruction": {"parts": system}} if system else {})}


def _parts(message: Message, prompt: Prompt) -> list[dict[str, Any]]:
    """A message's text, and its image before or after it."""
    text = {"text": message.content}
    if message.image is None:
        return [text]
    head, _, data = data_url(message.image).partition(",")
    kind = head.removeprefix("data:").removesuffix(";base64")
    picture = {"inlineData": {"mimeType": kind, "data": data}}
    return [picture, text] if prompt.image_place == "first" else [text, picture]


def _choice(candidate: Any) -> Any:
    """A candidate as a choice; one of an unknown form is returned as it is."""
    if not isinstance(candidate, dict):
        return candidate
    content = candidate.get("content") or {}
    parts = (content.get("parts") or []) if isinstance(content, dict) else None
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        return candidate
    reason = candidate.get("finishReason")
    texts: Any = [_part(part) for part in parts if "text" in part]
    if len(texts) == 1 and texts[0]["type"] == "text":  # as most are, and quicker to read
        texts = texts[0]["text"]
    choice: dict[str, Any] = {"message": {"content": texts}, "finish_reason": reason}
    if reason == _ACCOUNT_DISABLED:
        told = candidate.get("finishMessage")
        choice["error"] = {"code": 403, "message": told or "The account is limited or disabled."}
    if "logprobsResult" in candidate:
        choice["logprobs"] = _logprobs(candidate["logprobsResult"])
    return choice


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    if part.get("thought"):
        return {"type": "thinking", "thinking": part["text"]}
    return {"type": "text", "text": part["text"]}


def _logprobs(result: Any) -> dict[str, Any] | None:
    """The token drawn at each position, and the likeliest."""
    positions = result.get("topCandidates") if isinstance(result, dict) else None
    if not isinstance(positions, list):
        return None
    chosen = result.get("chosenCandidates")
    drawn = chosen if isinstance(chosen, list) and len(chosen) == len(positions) else []
    return {
        "content": [
            {
                **_drawn(token),
                "top_logprobs": [
                    {"token": each.get("token"), "logprob": each.get("logProbability")}
                    for each in (position.get("candidates") or [])
                    if isinstance(each, dict)
                ],
            }
            for token, position in zip_longest(drawn, positions)
            if isinstance(position, dict)
        ]
    }


def _drawn(candidate: Any) -> dict[str, Any]:
    """A token that was drawn, by the names of Chat Completions."""
    if not isinstance(candidate, dict):
        return {}
    return {"token": candidate.get("token"), "logprob": candidate.get("logProbability")}


def _usage(counts: Any) -> dict[str, Any] | None:
    """The tokens of a reply. Google counts thoughts beside the answers, and leaves out zeros."""
    if not isinstance(counts, dict):
        return None

    def count(name: str) -> int | None:
        return untrusted.count(counts.get(name))

    prompt, thoughts = count("promptTokenCount"), count("thoughtsTokenCount")
    if prompt is not None:
        prompt += count("toolUsePromptTokenCount") or 0
    told = counts.keys() & {"promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount"}
    answers = (count("candidatesTokenCount") or 0) + (thoughts or 0) if told else None
    return {
        "prompt_tokens": prompt,
        "completion_tokens": answers,
        "total_tokens": count("totalTokenCount"),
        "prompt_tokens_details": {"cached_tokens": count("cachedContentTokenCount")},
        "completion_tokens_details": {"reasoning_tokens": thoughts},
    }


GENERATE_CONTENT = GenerateContent()
