"""What is sent to an OpenAI-compatible interface, one by one or in batches."""

from __future__ import annotations

from emoalign.elicitation.engines.served import Capabilities
from emoalign.elicitation.messages import chat_messages
from emoalign.elicitation.requests import Ask, RatingRequest


def interface(ask: Ask) -> str:
    """Where a request is sent to, below the address of the server."""
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
