"""Additions of a card to every request, in its body and its headers: what may stand there.

Nothing that decides the answer may go unseen, and nothing secret may be written anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from pydantic import Field, JsonValue

from emoalign.addresses import no_address
from emoalign.study.fields import Entry
from emoalign.study.protocols import ThinkingLevel
from emoalign.study.secrets import is_secret, is_secret_name, secret_part, secrets_in

_FIXED = (
    "leave it out; emoalign always keeps it neutral, so that answers are drawn from the whole "
    "distribution"
)
_LENGTH = (
    "set answer.max_tokens in the prompt set and, if the server has another name for it, "
    "token_limit among the capabilities in the card"
)
_PROMPT = "write the question as a prompt set (config/prompts)"
_LOGPROBS = "set readouts: [exact] in the protocol, and top_logprobs in the card's capabilities"
_SEED = (
    "leave it out, because seeds differ between participants, and set seed_bits among the "
    "capabilities in the card"
)
_TOOLS = "leave it out; models rate without tools"
_WHOLE = "leave it out; answers are read as a whole"

OWN_KEYS: Mapping[str, str] = {
    "model": "name the model in the card (model: …); to ask another model, write another card",
    **dict.fromkeys(("messages", "prompt", "input", "system", "instructions"), _PROMPT),
    "n": "set participants in the protocol, and choices among the capabilities in the card",
    "best_of": (
        "leave it out; the best of several answers would not be a random draw from the model"
    ),
    **dict.fromkeys(("max_tokens", "max_completion_tokens", "max_output_tokens"), _LENGTH),
    "n_predict": _LENGTH,  # in llama.cpp it counts in place of max_tokens
    "temperature": "set it in the protocol (temperature: provider sends none)",
    **dict.fromkeys(("top_p", "top_k", "min_p", "repeat_penalty"), _FIXED),
    **dict.fromkeys(("stop", "stop_sequences"), "set answer.stop in the prompt set"),
    **dict.fromkeys(("seed", "random_seed"), _SEED),
    **dict.fromkeys(("logprobs", "top_logprobs"), _LOGPROBS),
    "ignore_eos": "leave it out; emoalign sends it when the exact readout needs it",
    **dict.fromkeys(("stream", "stream_options"), _WHOLE),
    **dict.fromkeys(("tools", "tool_choice", "functions", "function_call"), _TOOLS),
}
"""Parameters that are no card's to add, each with what to do in its place."""

_ANOTHER_MODEL = re.compile(
    r"models$|model_?list$|^(?!(allow|disable|no)_?fallbacks?$).*fallback", re.IGNORECASE
)
"""Names for models that may answer in place of another: OpenRouter's, LiteLLM's, Vercel's …

OpenRouter's provider.allow_fallbacks is about who runs the same model.
"""
_ROUTES = ("route", "router", "preset", "extra_body")
"""Parameters of gateways that choose the model, or whatever stands in a place that is not read."""

_OWN_HEADERS = frozenset(
    {"content-type", "content-length", "content-encoding", "transfer-encoding", "host"}
    | {"connection", "accept-encoding", "user-agent"}
)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET_NAME = re.compile(
    r"authori[sz]ation|secret|passw(or)?d|passphrase|credential|cookie|bearer|jwt"
    r"|(token|auth|pass|pwd|sig|signature|\b(x|api|auth|access|secret|private|client|account)*key)"
    r"(\W(value|v?[0-9]+))?$"
)
"""Signs, in the name of a header in small letters, that its value is a secret."""
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


_REFUSED_PARAMETERS = (
    (r"max_completion_tokens", "token_limit: max_completion_tokens"),
    (r"temperature\W+(and|or)\W+top_p|top_p\W+(and|or)\W+temperature", "sampling: temperature"),
    (r"\b(top_k|min_p|repeat_penalty)\b", "sampling_extras: false"),
    (r"\btop_?p\b", "sampling: temperature"),
    (r"\btemperature\b", "sampling: none, and temperature: provider in the protocol"),
    (r"candidate_?count|multiple candidates", "choices: 1"),
    (
        r"n[o']t support (thinking|reasoning)|\bthink value\b",
        "thinking: {LEVEL: null} for a level that it does not have",
    ),
    (r"\bsystem\W+(role|message|prompt|instruction)|developer instruction", "system_role: false"),
)
"""Signs, in what a server says of a parameter it does not take, of what the card should say."""


class SecretValue(Entry):
    """A value held by an environment variable."""

    env: str = Field(description="Name of the environment variable.")


def wrong_parameters(parameters: Mapping[str, JsonValue], where: str) -> Iterator[str]:
    """Reasons why parameters, at a place of the card, cannot be added to the body of requests."""
    for name in parameters:
        if name in OWN_KEYS:
            yield f"{where}.{name}: emoalign sets {name} itself: {OWN_KEYS[name]}"
    for place in _other_models(parameters, where):
        yield (
            f"{place}: it allows another model to answer under the name of this card. Leave it "
            "out; to ask another model, write another card. If a server fails, the request is "
            "repeated"
        )
    for place in secrets_in(dict(parameters), where):
        yield (
            f"{place}: this looks like a secret, and the contents of {where} are written into "
            "journal, manifest and report. Send it as a header, from the environment: headers: "
            "{Name-Of-Header: {env: NAME_OF_VARIABLE}}"
        )


def wrong_levels(
    levels: Mapping[ThinkingLevel, Mapping[str, JsonValue] | None],
) -> Iterator[str]:
    """Reasons why the parameters of levels of thinking cannot be added to the body of requests."""
    for level, parameters in levels.items():
        yield from wrong_parameters(parameters or {}, f"capabilities.thinking.{level}")


def _other_models(
    value: JsonValue | Mapping[str, JsonValue], where: str, outermost: bool = True
) -> Iterator[str]:
    """The places within parameters that let another model answer."""
    if isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _other_models(inner, f"{where}[{number}]", outermost=False)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            place = f"{where}.{name}"
            if _ANOTHER_MODEL.search(name) or (outermost and name in _ROUTES):
                yield place
            elif name != "properties":  # of a JSON schema: they are parts of an answer
                yield from _other_models(inner, place, outermost=False)


def wrong_headers(
    headers: Mapping[str, str | SecretValue],
    api_key_env: str | None,
    with_key: Collection[str],
    own: Collection[str],
) -> Iterator[str]:
    """Reasons why headers cannot be sent with every request.

    The dialect sends headers of its `own` and, where there is a key, those `with_key`; both in
    small letters.
    """
    lower = [name.lower() for name in headers]
    for name, value in headers.items():
        where = f"headers.{name}"
        if not _HEADER_NAME.fullmatch(name):
            yield (f"{where}: not a valid header name; use only letters, digits and hyphens")
        elif name.lower() in _OWN_HEADERS or name.lower() in own:
            yield f"{where}: emoalign sets this header itself: leave it out"
        elif name.lower() in with_key and api_key_env is not None:
            yield (
                f"{where}: api_key_env ({api_key_env}) is sent in this header already: set "
                "api_key_env: null to send one of your own"
            )
        elif lower.count(name.lower()) > 1:
            yield (
                f"{where}: this header is given twice, with different capitalisation: leave one "
                "of them out"
            )
        elif "fallback" in name.lower():
            yield (
                f"{where}: it allows another model to answer under the name of this card: leave "
                "it out"
            )
        if isinstance(value, SecretValue):
            continue
        if _secret_header(name, value):
            yield (
                f"{where}: this looks like a secret, which belongs in no file: write "
                f"{name}: {{env: NAME_OF_VARIABLE}} and export the variable"
            )
        elif not (value.isascii() and value.isprintable()):
            yield f"{where}: its value has line ends or letters that no header has"


def card_should_say(refusal: str) -> str | None:
    """The capability to write into the card where a server refuses a parameter, if it is one."""
    for sign, capability in _REFUSED_PARAMETERS:
        if re.search(sign, refusal, re.IGNORECASE):
            return (
                f"If it does not accept this, set {capability} (capabilities in the model's card)."
            )
    return None


def wrong_variables(names: Iterable[str]) -> Iterator[str]:
    """Reasons why something cannot be the name of an environment variable."""
    for name in names:
        if is_secret(name):
            yield (
                "api_key_env or headers: this looks like a key itself, which must not be in a "
                "file: export it as an environment variable, and give the name of that variable"
            )
        elif not _VARIABLE.fullmatch(name):
            yield (
                f"api_key_env or headers: {name!r} is not a valid name of an environment variable"
            )


def _secret_header(name: str, value: str) -> bool:
    return is_secret(value) or is_secret_name(name) or bool(_SECRET_NAME.search(name.lower()))


def wrong_address(base_url: str) -> Iterator[str]:
    """Reasons why requests cannot be sent to an address, none of which repeats a secret."""
    reason = no_address(base_url)
    if reason is not None:
        yield f"base_url: {reason}"
    try:
        parts, secret = urlsplit(base_url), secret_part(base_url)
    except ValueError:  # no address
        return
    if secret is not None:
        yield (
            f"base_url: contains {secret}, but addresses are written into messages and the "
            "manifest. Remove it, and send it as api_key_env (a bearer token) or in headers: "
            "{Authorization: {env: NAME_OF_VARIABLE}}"
        )
    elif parts.query or parts.fragment:
        yield (
            "base_url: has something after a ? or #, but requests go to addresses below it, such "
            "as …/v1/chat/completions. Take it out; an api-version may be sent in headers, and "
            "Azure needs none at https://<resource>.openai.azure.com/openai/v1"
        )
