"""Reading answers: numbers, labels, JSON, probabilities of tokens.

Strict: an answer as a whole is what was asked for, or it is no rating. Nothing is guessed, clamped,
rounded or picked out of a sentence, and no label is ever assumed. docs/parsing.md tells the rule.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import RatingJob
from emoalign.elicitation.rejections import REJECTED
from emoalign.study.protocols import AnswerFormat
from emoalign.study.scales import LabelScale, OrdinalScale, Scale
from emoalign.tables import Status

_CUT = {
    "length",
    "max_tokens",
    "max_length",
    "max_output_tokens",
    "max_completion_tokens",
    "max_new_tokens",
    "max_tokens_reached",
    "model_length",
    "token_limit",
    "token_limit_reached",
    "context_length",
    "context_length_exceeded",
    "model_context_window_exceeded",
    "context_window_exceeded",
    "incomplete",
    "truncated",
}
"""Words of servers for an answer that was cut. Any other word is an end: eos, end_turn, STOP …"""

_UNSAID = {"", "null", "none", "unknown", "other", "unspecified"}
"""Words that say nothing of why an answer ended."""

_FILTERED = {
    "content_filter",
    "content_filtered",
    "safety",
    "prohibited_content",
    "blocklist",
    "spii",
    "recitation",
    "language",
    "image_safety",
    "image_prohibited_content",
    "image_recitation",
    "model_armor",
    "sensitive",
    "guardrail_intervened",
}
"""Words for an answer that a filter stopped (OpenAI; Bedrock; Gemini; Zhipu; Bedrock)."""

_FAILED = {
    "error",
    "abort",
    "aborted",
    "cancelled",
    "timeout",
    "time_limit",
    "network_error",
    "insufficient_system_resource",
}
"""Words where the server broke off (OpenRouter, Mistral; vLLM; watsonx; Zhipu; DeepSeek)."""

_BEFORE_WORDS = re.compile(r"^(?:finish|stop)_?reason[._]")
_BETWEEN_WORDS = re.compile(r"[\s-]+|(?<=[a-z])(?=[A-Z])")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_WRAPPERS = ("**", "__", "*", "_", "`", '"', "'", "“”", "‘’", "«»", "„“", "()", "[]")
_MARKS = str.maketrans("▁ĠĊĉč", "  \n\t\r")
_BYTE = re.compile(r"<0x([0-7][0-9A-Fa-f])>")
_OPENINGS = " \t\r\n+*_`\"'“‘«„(["
_LONGEST = 60  # Nobody writes a rating at such length; endless stars would be unwrapped one by one.
_FULL_WIDTH = str.maketrans("０１２３４５６７８９．－＋−", "0123456789.-+-")

_REFUSAL = re.compile(
    r"""\s*(?:unfortunately,?\s+)?(?:
        (?:i['’]?m|i\s+am|we['’]?re|we\s+are)\s+(?:(?:very|truly|so|really|deeply)\s+)?
            (?:sorry|afraid|unable|not\s+(?:able|comfortable|going\s+to))\b
      | (?:sorry|apologies|my\s+apologies)[,.!]?\s+(?:but\s+)?(?:i|we|as|this|that)\b
      | i\s+apologi[sz]e\b
      | (?:i|we)\s+(?:can['’]?t|cannot|can\s+not|won['’]?t|will\s+not|decline|refuse)\b
      | (?:i|we)\s+must\s+(?:decline|refuse)\b
      | (?:i['’]d|i\s+would)\s+rather\s+not\b
      | (?:i|we)\s+(?:do\s+not|don['’]?t)\s+(?:have|feel|experience|possess)\b
      | (?:i['’]?m|i\s+am|as)\s+(?:just\s+)?an?\s+(?:\w+\s+)?(?:ai|artificial|language\s+model)\b
      | unable\s+to\s+(?:comply|rate|answer|assist|help|provide)\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer read on a scale: a status, and a rating or labels if and only if it is ok."""

    status: Status
    rating: float | None = None
    labels: tuple[str, ...] | None = None


UNPARSABLE = Reading("unparsable")


def _number_read(number: float | None, scale: OrdinalScale) -> Reading:
    """A number as a reading, which is off the scale where it is none of its points."""
    if number is None:
        return UNPARSABLE
    point = scale.point(number) if math.isfinite(number) else None
    return Reading("off_scale") if point is None else Reading("ok", point)


def _labels_read(labels: tuple[str, ...] | None) -> Reading:
    """Labels as a reading; None is none."""
    return UNPARSABLE if labels is None else Reading("ok", labels=labels)


def parse_rating(text: str, scale: OrdinalScale) -> float | None:
    """The rating that `text` is, in points of the scale, or None when it is not exactly one.

    Around the number there may be white space, quotation marks, emphasis or brackets, and one full
    stop; the number must be a point of the scale ("7", "7.0", "**7**", "(7)", "7.").
    """
    number = parse_number(text)
    return None if number is None else scale.point(number)


def parse_number(text: str) -> float | None:
    """The number that `text` is, whatever the scale; see parse_rating."""
    stripped = text.translate(_FULL_WIDTH).strip()
    if len(stripped) > _LONGEST:
        return None
    core = stripped if _NUMBER.fullmatch(stripped) else _unwrapped(stripped)
    return float(core) if _NUMBER.fullmatch(core) else None


def withheld(answer: Answer) -> Status | None:
    """The status of an answer that the server itself says was not given; None for any other."""
    reason = _reason(answer)
    if reason in _FILTERED:
        return "content_filter"
    if reason == REJECTED:
        return "rejected"
    return "refusal" if answer.refused or reason == "refusal" else None


def is_cut(answer: Answer) -> bool:
    """Tell whether the server says that an answer was cut."""
    return _reason(answer) in _CUT


def failed(reason: str) -> bool:
    """Tell whether a finish_reason says that the server broke off, and there is no answer."""
    return _word(reason) in _FAILED


def wordless(reason: str) -> bool:
    """Tell whether a finish_reason says why there may be no words: a filter, or thoughts alone."""
    return _word(reason) in _FILTERED | _CUT


@lru_cache(maxsize=256)
def _word(reason: str) -> str:
    """A finish_reason as one word in lower case: content-filter and maxTokens with underscores.

    What may follow is left out, "content_filter: SAFETY" (Gemini), and what may stand before it:
    FinishReason.SAFETY, FINISH_REASON_UNSPECIFIED.
    """
    word = _BETWEEN_WORDS.sub("_", reason.partition(":")[0].strip()).lower()
    return _BEFORE_WORDS.sub("", word, count=1)


def _reason(answer: Answer) -> str:
    """The server's word on why an answer ended, in lower case; empty where it does not say.

    A number is none: which number means what, no two servers agree on.
    """
    reason = _word(answer.finish_reason or "")
    return "" if reason in _UNSAID or reason.isdigit() else reason


def read_answer(
    answer: Answer, scales: Mapping[str, Scale], answer_format: AnswerFormat
) -> Mapping[str, Reading]:
    """Read a sampled answer on each of the scales it was asked about.

    `scales` are named by their keys where the answer is joint; otherwise there is one of any name.
    """
    status = _not_given(answer, answer_format, scales)
    if status is not None:
        return dict.fromkeys(scales, Reading(status))
    if answer_format.kind in ("text", "next_token"):
        return {name: _read_text(answer.text, scale) for name, scale in scales.items()}
    try:
        value = parse_json(answer.text)
    except NotJson:
        return dict.fromkeys(scales, UNPARSABLE)
    if answer_format.kind == "joint":
        return read_object(value, scales)
    return {
        name: _labels_read(parse_labels(value, scale) if isinstance(scale, LabelScale) else None)
        for name, scale in scales.items()
    }


def readings(job: RatingJob, answer: Answer) -> Mapping[str, Reading]:
    """Read a sampled answer on each scale of the job."""
    keys = {job.prompts.key(scale): scale for scale in job.scales}
    read = read_answer(
        answer, {key: job.scales[scale] for key, scale in keys.items()}, job.prompts.answer
    )
    return {keys[key]: reading for key, reading in read.items()}


def _not_given(
    answer: Answer, answer_format: AnswerFormat, scales: Mapping[str, Scale]
) -> Status | None:
    """The reason why an answer is none, whatever its text would say; None for any other."""
    status = withheld(answer)
    if status is not None:
        return status
    if _REFUSAL.match(answer.text):
        return "refusal"
    if _reason(answer) in _FAILED:
        return "error"
    return "truncated" if _cut(answer, answer_format, scales) else None


def _cut(answer: Answer, answer_format: AnswerFormat, scales: Mapping[str, Scale]) -> bool:
    """Tell whether an answer was cut, or may have been as far as its server tells.

    Where the server does not say why it ended, it may have been if it is not known to be shorter
    than allowed, and could be the beginning of another answer.
    """
    if answer_format.kind == "next_token":
        # Meant to be cut, unless thinking took the one token.
        return not answer.text and bool(answer.thinking or answer.thinking_tokens)
    if _reason(answer):
        return is_cut(answer)
    # The count of several answers together is more than that of each.
    if 0 < (answer.completion_tokens or 0) < answer_format.max_tokens:
        return False
    if answer_format.kind == "text":
        return any(_begins_number(answer.text, scale) for scale in scales.values())
    return _begins_json(answer.text)


def _begins_number(text: str, scale: Scale) -> bool:
    """Tell whether a text could go on to a point of the scale other than the one it may be."""
    if isinstance(scale, LabelScale):
        return False
    begun = text.translate(_FULL_WIDTH).lstrip(_OPENINGS)
    points = (f"{point:.10g}" for point in scale.points)
    return any(point.startswith(begun) and point != begun for point in points)


def _begins_json(text: str) -> bool:
    """Tell whether a text is no JSON and could become it."""
    try:
        parse_json(text)
    except NotJson:
        begun = text.strip()
        return not begun or begun.startswith(("{", "[", "`"))
    return False


def _read_text(text: str, scale: Scale) -> Reading:
    if isinstance(scale, LabelScale):
        return UNPARSABLE
    return _number_read(parse_number(text), scale)


def _unwrapped(text: str) -> str:
    """`text` without a final full stop and without what is wrapped around it, layer by layer."""
    text = text.removesuffix(".")
    for wrapper in _WRAPPERS:
        half = len(wrapper) // 2
        opening, closing = (
            (wrapper, wrapper) if len(set(wrapper)) == 1 else (wrapper[:half], wrapper[half:])
        )
        inside = len(text) - len(opening) - len(closing)
        if inside > 0 and text.startswith(opening) and text.endswith(closing):
            return _unwrapped(text[len(opening) : -len(closing)].strip())
    return text


@dataclass(frozen=True)
class ExactReading:
    """Probabilities of the points of a scale, ascending, and what else there is.

    on the scale + `off_scale_mass` = `returned_mass`; 1 - `returned_mass` was not reported.
    """

    probabilities: tuple[float, ...]
    off_scale_mass: float
    returned_mass: float


def read_distribution(
    logprobs: Sequence[tuple[str, float]], scale: OrdinalScale, temperature: float = 1.0
) -> ExactReading:
    """P(rating) from log-probabilities of next tokens at temperature 1.

    Variants of a rating are summed: "7", " 7", and "▁7" or "Ġ7", as some servers write a space. At
    another temperature T the distribution is p^(1/T), renormalised over all the tokens that were
    returned; then `returned_mass` still tells how much of the distribution at temperature 1 that
    was.
    """
    mass = dict.fromkeys(scale.points, 0.0)
    off_scale = 0.0
    for (token, _), probability in zip(logprobs, _tempered(logprobs, temperature), strict=True):
        rating = parse_rating(_unmarked(token), scale)
        if rating is None:
            off_scale += probability
        else:
            mass[rating] += probability
    return ExactReading(tuple(mass.values()), off_scale, returned_mass(logprobs))


def returned_mass(logprobs: Sequence[tuple[str, float]]) -> float:
    """The probability of all tokens together; infinite where one by itself is impossible."""
    if any(logprob > 1 for _, logprob in logprobs):
        return math.inf
    return math.fsum(math.exp(logprob) for _, logprob in logprobs)


MOST_MASS = 1.01
"""Probabilities that add up to more are none: no rounding explains it."""


def _unmarked(token: str) -> str:
    """A token with a space or line end where its vocabulary has a mark for it, or for a byte.

    ▁ and <0x37> are SentencePiece's; Ġ, Ċ, ĉ and č are those of byte-level vocabularies.
    """
    byte = _BYTE.fullmatch(token)
    return chr(int(byte[1], 16)) if byte else token.translate(_MARKS)


def _tempered(logprobs: Sequence[tuple[str, float]], temperature: float) -> list[float]:
    if temperature == 1.0:
        return [math.exp(logprob) for _, logprob in logprobs]
    highest = max((logprob for _, logprob in logprobs), default=0.0)
    if temperature == 0.0:
        weights = [float(logprob == highest) for _, logprob in logprobs]
    else:
        weights = [math.exp((logprob - highest) / temperature) for _, logprob in logprobs]
    total = math.fsum(weights)
    return [weight / total for weight in weights]


_FENCED = re.compile(r"```(?:json)?[ \t]*\n(.*)\n[ \t]*```", re.DOTALL | re.IGNORECASE)


class NotJson(ValueError):  # noqa: N818 - it is what the text is, not a fault of the program
    """The text is no JSON, or JSON that says something twice."""


def parse_json(text: str) -> Any:
    """The JSON value that `text` is: by itself, or in one Markdown code fence.

    Numbers are floats. Raises NotJson for anything else around it, for NaN and Infinity, and for
    an object that gives a key twice.
    """
    stripped = text.strip()
    fenced = _FENCED.fullmatch(stripped)
    try:
        return json.loads(
            fenced[1] if fenced else stripped,
            object_pairs_hook=_unique_keys,
            parse_constant=_no_constant,
            parse_int=float,
        )
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)) from error


def parse_labels(value: object, scale: LabelScale) -> tuple[str, ...] | None:
    """The labels that a JSON value chooses, in the order of the scale, or None if it is no choice.

    A choice is an array of texts, each a label of the scale (whatever its capitals), none twice, as
    many as the scale allows.
    """
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        return None
    return scale.choice(value)


def read_value(value: object, scale: Scale) -> Reading:
    """The rating or the labels that a JSON value gives on a scale."""
    if isinstance(scale, LabelScale):
        return _labels_read(parse_labels(value, scale))
    return _number_read(value if isinstance(value, float) else None, scale)


def read_object(value: object, scales: Mapping[str, Scale]) -> dict[str, Reading]:
    """The answers in a JSON value on each of `scales`, which are named by their keys in it.

    An object with another key answers another question: then nothing of it counts. A key that is
    missing, or whose value is none of its scale, makes no difference to the others.
    """
    if not isinstance(value, dict) or not set(value) <= set(scales):
        return dict.fromkeys(scales, UNPARSABLE)
    return {key: read_value(value.get(key), scale) for key, scale in scales.items()}


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise NotJson("a key stands twice")
    return values


def _no_constant(name: str) -> NoReturn:
    raise NotJson(f"{name} is no JSON")
