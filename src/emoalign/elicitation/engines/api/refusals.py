"""Providers' ways to say that they refuse content, or that there is no money left.

There is no common form: a code may stand anywhere in an error, or in a text inside it, since
gateways wrap the original error; some give only words. So all of it is searched as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import orjson

_REFUSING_CODES = (
    "content_filter",
    "content_filtered",
    "content_policy_violation",
    "invalid_prompt",  # OpenAI: flagged by its usage policy
    "ResponsibleAIPolicyViolation",  # Azure
    "ContentPolicyViolationError",  # LiteLLM
    "data_inspection_failed",  # Alibaba
    "DataInspectionFailed",
    # Gemini: blockReason and finishReason
    *("SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "IMAGE_SAFETY", "SPII", "MODEL_ARMOR"),
)
_REFUSING_WORDS = (
    "content exists risk",  # DeepSeek
    "content management policy",  # Azure
    "content filtering policy",  # Anthropic
    "content violates usage guidelines",  # xAI
    "violating our usage policy",  # OpenAI
    "requires moderation and your input was flagged",  # OpenRouter
    "flagged_input",
    "may contain inappropriate content",  # Alibaba
    "was considered high risk",  # Moonshot
    "ContentPolicyViolationError",  # LiteLLM
    "content_policy_violation",
    "ResponsibleAIPolicyViolation",
)
_PENNILESS_CODES = (
    "insufficient_quota",
    "insufficient_user_quota",
    "billing_hard_limit_reached",
    "billing_not_active",
    "credit_balance_exhausted",
    # Anthropic
    *("enforced_spend_limit_reached", "contract_spend_limit_reached"),
    *("linked_organization_spend_limit_reached", "linked_organization_billing_unavailable"),
)
_PENNILESS_WORDS = (
    "exceeded your current quota",
    "insufficient balance",  # DeepSeek
    "insufficient credits",  # OpenRouter
    "credit balance is too low",  # Anthropic
    "doesn't have any credits",  # xAI
    "used all available credits",
    "monthly spending limit",
)
_GONE_CODES = (
    "model_not_found",  # OpenAI, also with the status 403
    "model_decommissioned",  # Groq, with the status 400
    "model_not_available",  # Together
    "DeploymentNotFound",  # Azure
)
_GONE_WORDS = (
    "model not exist",  # DeepSeek
    "is not a valid model ID",  # OpenRouter
    "invalid model:",  # Mistral
    "model identifier is invalid",  # Bedrock
    "reached the end of its life",
)
_PASSES = re.compile(r"retrydelay|perminute", re.IGNORECASE)
"""Gemini has the same words for a quota per minute and says when it is there again."""

_OVER_LIMIT = re.compile(
    r"quota[^.]{0,60}exceed|exceed[^.]{0,60}quota|rate.?limit|resource_exhausted", re.IGNORECASE
)

_ELSEWHERE = (401, 402, 404, 407, 408, 409, 425, 429)
"""Statuses that are never about content."""


def _search(codes: Sequence[str], words: Sequence[str]) -> re.Pattern[str]:
    """A search for codes as values, in JSON at any depth or in a text inside it, and for words."""
    quoted = "|".join(map(re.escape, codes))
    said = "|".join(map(re.escape, words))
    return re.compile(rf""":\s*[\\'"]+(?:{quoted})[\\'"]|{said}""", re.IGNORECASE)


_REFUSES = _search(_REFUSING_CODES, _REFUSING_WORDS)
_FILTERED = re.compile(r"""[\\'"]filtered[\\'"]+\s*:\s*true""", re.IGNORECASE)
_BLOCKED = re.compile(r"""[\\'"]blockReason[\\'"]+\s*:\s*[\\'"]+([A-Z_]+)""", re.IGNORECASE)
_WRONG_KEY = _search(("API_KEY_INVALID",), ("API key not valid",))
_GONE = _search(_GONE_CODES, _GONE_WORDS)
_PENNILESS = _search(_PENNILESS_CODES, _PENNILESS_WORDS)


def text_of(content: bytes) -> str:
    """The words of a server, without the escapes of JSON."""
    try:
        return as_text(orjson.loads(content))
    except orjson.JSONDecodeError:
        return content.decode(errors="replace")


def as_text(body: object) -> str:
    """JSON as text, in which every code and word can be found."""
    try:
        return orjson.dumps(body).decode()
    except orjson.JSONEncodeError:
        pass
    try:
        return json.dumps(body, ensure_ascii=False)
    except RecursionError:
        return "something nested too deeply"


def refuses_content(status: int, said: str, words: Sequence[str] = ()) -> bool:
    """Tell whether an error says that content is refused; `words` are further ones that say so."""
    if status in _ELSEWHERE:
        return False
    lower = said.lower()
    return bool(_REFUSES.search(said)) or any(word.lower() in lower for word in words)


def filtered(said: str, words: Sequence[str] = ()) -> bool:
    """Tell whether a reply without any answer says that a filter took them away."""
    return bool(_FILTERED.search(said) or block_reason(said) or refuses_content(200, said, words))


def block_reason(said: str) -> str | None:
    """Gemini's reason for blocking a prompt, where a reply gives one."""
    found = _BLOCKED.search(said)
    return found[1] if found else None


def wrong_key(said: str) -> bool:
    """Tell whether an error says that the key is not valid: Gemini's has the status 400."""
    return bool(_WRONG_KEY.search(said))


def no_such_model(said: str) -> bool:
    """Tell whether an error says that there is no such model, as after its end."""
    return bool(_GONE.search(said))


def over_limit(said: str) -> bool:
    """Tell whether an error says that a rate or quota is exceeded: no item is the cause of it."""
    return bool(_OVER_LIMIT.search(said))


def out_of_money(said: str) -> bool:
    """Tell whether an error says that money, credits or a quota are used up: waiting is no use."""
    found = _PENNILESS.search(said)
    return found is not None and not (
        found[0].lower() == "exceeded your current quota" and _PASSES.search(said)
    )
