"""The engine for every OpenAI-compatible interface, remote or on this machine."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

import httpx2
import openai
import orjson

from emoalign.elicitation.answers import Answer
from emoalign.elicitation.messages import chat_messages
from emoalign.elicitation.requests import Ask, RatingRequest
from emoalign.errors import EngineError
from emoalign.study.models import LlamaCppModel, OpenAIModel

_FILTERED = ("content_filter", "content_policy_violation", "invalid_prompt")

_REMEDIES = {
    400: "The server does not accept this request: check the prompt set and the model's card.",
    401: "The key is wrong or missing: check the environment variable named in the model's card.",
    403: "The key may not use this model: check the account's permissions.",
    404: "The server does not know this model or address: check model and base_url in its card.",
}


class OpenAIEngine:
    """Asks one model through its HTTP interface.

    Bodies are sent and read as plain JSON: the typed responses of the client library cost more time
    per answer than everything else together.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key_env: str | None,
        card: OpenAIModel | LlamaCppModel,
    ) -> None:
        self._model = model
        self._key = _api_key(api_key_env)
        self._capabilities = card.capabilities
        self._root = urljoin(base_url, "/")
        self._client = openai.AsyncOpenAI(
            base_url=base_url,
            api_key=self._key or "none",
            max_retries=card.limits.retries,
            timeout=card.limits.timeout_s,
            http_client=openai.DefaultAioHttpClient(),
        )

    async def ask(self, ask: Ask) -> list[Answer]:
        """The answers to a request; see Engine."""
        request = ask.request
        body = self._body(request, ask.participants)
        path = "/chat/completions" if request.prompt.messages is not None else "/completions"
        started = time.perf_counter()
        try:
            reply = await self._post(path, body)
        except openai.BadRequestError as error:
            if error.code not in _FILTERED:
                raise self._explained(error) from None
            reply = _filtered_reply(len(ask.participants))
        if not _has_choices(reply):
            raise EngineError(
                f"{self._where()} gave no list of choices but: {self._keyless(reply)}"
            )
        answers = _answers(ask, reply, time.perf_counter() - started)
        if request.readout == "exact" and any(map(_lacks_logprobs, answers)):
            raise EngineError(
                f"{self._where()} was asked for log-probabilities and returned none. If it cannot "
                "give them, say top_logprobs: 0 in the model's card; the exact readout is then "
                "refused from the start."
            )
        return answers

    async def tokenize(self, text: str) -> Sequence[int]:
        """Token ids of `text`, from the server's own tokenizer (POST /tokenize)."""
        body = {"content": text, "add_special": False}
        try:
            return list((await self._post(f"{self._root}tokenize", body))["tokens"])
        except openai.BadRequestError as error:
            raise self._explained(error) from None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        try:
            response = await self._client.post(path, cast_to=httpx2.Response, body=body)
            reply = orjson.loads(response.content)
        except openai.BadRequestError:
            raise
        except openai.APIError as error:
            raise self._explained(error) from None
        except orjson.JSONDecodeError as error:
            raise EngineError(f"{self._where()} answered with something else than JSON") from error
        if not isinstance(reply, dict) or reply.get("error"):
            raise EngineError(f"{self._where()} gave no answer but: {self._keyless(reply)}")
        return reply

    def _body(
        self, request: RatingRequest, participants: Sequence[int | None]
    ) -> dict[str, object]:
        sampling = request.sampling
        body: dict[str, object] = {
            "model": self._model,
            self._capabilities.token_limit: sampling.max_tokens,
            **dict(request.extra_body),
        }
        if self._capabilities.temperature is not None:
            body |= {"temperature": sampling.temperature, "top_p": sampling.top_p}
        if request.prompt.messages is not None:
            body["messages"] = chat_messages(request.prompt)
        else:
            body["prompt"] = request.prompt.text
        if sampling.stop:
            body["stop"] = list(sampling.stop)
        if self._capabilities.sampling_extras:
            body |= {
                "top_k": sampling.top_k,
                "min_p": sampling.min_p,
                "repeat_penalty": sampling.repeat_penalty,
            }
        first = participants[0]
        if request.readout == "exact":
            body |= self._logprob_parameters(request)
        elif first is not None:
            if len(participants) > 1:
                body["n"] = len(participants)
            if self._capabilities.seed_bits:
                body["seed"] = request.seed(first, self._capabilities.seed_bits)
        return body

    def _logprob_parameters(self, request: RatingRequest) -> dict[str, object]:
        parameters: dict[str, object] = (
            {"logprobs": request.top_logprobs}
            if request.prompt.messages is None
            else {"logprobs": True, "top_logprobs": request.top_logprobs}
        )
        if self._capabilities.sampling_extras:
            # llama.cpp reports nothing when the token it draws ends the text or is half a
            # character. Neither setting touches the probabilities: they are those before sampling.
            parameters |= {"temperature": 0, "ignore_eos": True}
        return parameters

    def _explained(self, error: openai.APIError) -> EngineError:
        # Raised `from None`: a traceback would show what the server wrote, with the key in it.
        message = self._keyless(getattr(error, "message", error))
        if isinstance(error, openai.APIStatusError):
            remedy = _REMEDIES.get(error.status_code, "The fault did not pass: try again later.")
            return EngineError(f"{self._where()} refused the request: {message} {remedy}")
        return EngineError(
            f"{self._where()} could not be reached: {message} Is it running, and is base_url right?"
        )

    def _keyless(self, said: object) -> str:
        """The beginning of what a server said, which may repeat the key, without the key."""
        text = str(said)
        return (text.replace(self._key, "***") if self._key else text)[:300]

    def _where(self) -> str:
        return f"the server of model {self._model!r} ({self._client.base_url})"


def _api_key(variable: str | None) -> str | None:
    if variable is None:
        return None
    key = os.environ.get(variable)
    if not key:
        raise EngineError(
            f"the environment variable {variable} is not set. It must hold the API key: "
            f"export {variable}=... in the shell that starts snakemake (and never in a file here)."
        )
    return key


def _has_choices(reply: Mapping[str, Any]) -> bool:
    choices = reply.get("choices")
    return isinstance(choices, list) and all(
        isinstance(choice, dict)
        and (isinstance(choice.get("message"), dict) or isinstance(choice.get("text"), str))
        for choice in choices
    )


def _lacks_logprobs(answer: Answer) -> bool:
    withheld = answer.refused or answer.finish_reason == "content_filter"
    return answer.logprobs is None and not withheld


def _answers(ask: Ask, reply: Mapping[str, Any], seconds: float) -> list[Answer]:
    """One answer per choice, in order of the participants; a missing choice is left out."""
    usage = reply.get("usage") or {}
    model = "/".join(filter(None, (reply.get("model"), reply.get("system_fingerprint"))))
    received = datetime.now(UTC).isoformat(timespec="seconds")
    answers = []
    for place, (participant, choice) in enumerate(
        zip(ask.participants, reply.get("choices", ()), strict=False)
    ):
        message = choice.get("message") or {}
        text = choice.get("text") if not message else message.get("content")
        answers.append(
            Answer(
                request_id=ask.request.request_id,
                participant=participant,
                text=text or message.get("refusal") or "",
                finish_reason=choice.get("finish_reason"),
                model_reported=model,
                prompt_tokens=usage.get("prompt_tokens", 0) if place == 0 else 0,
                completion_tokens=usage.get("completion_tokens", 0) if place == 0 else 0,
                latency_s=round(seconds, 4),
                received=received,
                refused=bool(message.get("refusal")),
                logprobs=_logprobs(choice) if ask.request.readout == "exact" else None,
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


def _filtered_reply(choices: int) -> dict[str, Any]:
    return {"choices": [{"text": "", "finish_reason": "content_filter"}] * choices}
