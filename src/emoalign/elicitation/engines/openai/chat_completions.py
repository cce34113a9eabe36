"""The dialect of OpenAI's Chat Completions, and of the many servers that speak it."""

from __future__ import annotations

from typing import Any, ClassVar

from emoalign.elicitation.engines.api.dialect import (
    Dialect,
    Outcome,
    Reply,
    sampling_parameters,
)
from emoalign.elicitation.engines.api.replies import beginning
from emoalign.elicitation.engines.openai import decisions
from emoalign.elicitation.engines.served import Capabilities
from emoalign.elicitation.rating import Ask, RatingRequest
from emoalign.prompts import chat_messages


class ChatCompletions(Dialect):
    """Chat Completions, Completions for prompts that are to be continued, and Decisions."""

    decides: ClassVar[bool] = True

    answer_forms = (
        *("response_format", "structured_outputs", "json_schema", "grammar"),
        *("guided_json", "guided_choice", "guided_regex", "guided_grammar", "format"),
    )

    def headers(self, key: str | None) -> dict[str, str]:
        """The headers of every request: the key as a bearer."""
        return {"Authorization": f"Bearer {key}"} if key else {}

    def path(self, model: str, ask: Ask) -> str:
        """The path that a request is sent to."""
        if ask.request.readout == "decision":
            return decisions.PATH
        chat = ask.request.prompt.messages is not None
        return "/chat/completions" if chat else "/completions"

    def body(self, model: str, capabilities: Capabilities, ask: Ask) -> dict[str, Any]:
        """The body of a request."""
        request = ask.request
        if request.readout == "decision":
            return decisions.body(model, request.prompt)
        sampling = request.sampling
        body: dict[str, Any] = {
            "model": model,
            capabilities.token_limit: sampling.max_tokens,
            **dict(request.extra_body),
            **sampling_parameters(capabilities, ask),
        }
        if request.prompt.messages is not None:
            body["messages"] = chat_messages(request.prompt)
        else:
            body["prompt"] = request.prompt.text
        if sampling.stop:
            body["stop"] = list(sampling.stop)
        if request.schema:
            body |= _schema_parameters(request, capabilities)
        first = ask.participants[0]
        if request.readout == "exact":
            body |= _logprob_parameters(request, capabilities)
        elif first is not None:
            if len(ask.participants) > 1:
                body["n"] = len(ask.participants)
            if capabilities.seed_bits:
                body[capabilities.seed_name] = request.seed(first, capabilities.seed_bits)
        return body

    def reply(self, said: Reply) -> Reply:
        """A reply in the form of Chat Completions, which all but those of decisions have."""
        return decisions.reply(said)

    def outcome(self, fields: Any) -> Outcome:
        """A line that a batch brought. Raises ValueError when it is something else."""
        if not isinstance(fields, dict) or not isinstance(fields.get("custom_id"), str):
            raise ValueError(f"no custom_id in {beginning(fields)}")
        response: Any = fields.get("response") or {}
        status = response.get("status_code") if isinstance(response, dict) else None
        if not isinstance(response, dict) or not isinstance(status, int | None):
            raise ValueError(f"no response in {beginning(fields)}")
        body: Any = response.get("body")
        error: Any = fields.get("error")
        if not isinstance(body, dict):
            wrapped = isinstance(error, dict) and "error" in error
            body = dict(error) if wrapped else {"error": error or body or "no reason given"}
        return Outcome(fields["custom_id"], status, body)


def _schema_parameters(request: RatingRequest, capabilities: Capabilities) -> dict[str, object]:
    schema = dict(request.schema)
    if request.prompt.messages is None and capabilities.sampling_extras:
        return {"json_schema": schema}  # llama.cpp ignores response_format in completions
    form = {"name": "answer", "strict": True, "schema": schema}
    return {"response_format": {"type": "json_schema", "json_schema": form}}


def _logprob_parameters(request: RatingRequest, capabilities: Capabilities) -> dict[str, object]:
    if request.points:  # vLLM, which is told the ids of their tokens
        return {"logprobs": True if request.prompt.messages is not None else 1}
    alone = request.prompt.messages is None or capabilities.logprobs_number
    parameters: dict[str, object] = (
        {"logprobs": request.top_logprobs}
        if alone
        else {"logprobs": True, "top_logprobs": request.top_logprobs}
    )
    if capabilities.sampling_extras and capabilities.tokenizer:
        # llama.cpp reports nothing when the token it draws ends the text or is half a
        # character. Neither setting touches the probabilities: they are those before sampling.
        parameters |= {"temperature": 0, "ignore_eos": True}
    return parameters


CHAT_COMPLETIONS = ChatCompletions()
