"""The respects in which two protocols differ, so that no contrast of them is overinterpreted."""

from __future__ import annotations

from collections.abc import Iterator

from emoalign.prompts import QuestionTemplate
from emoalign.report.report_job import ReportJob
from emoalign.study.prompt_sets import AnswerFormat
from emoalign.study.protocols import Protocol, Thinking
from emoalign.wording import listed, number

DEFAULT = "the provider's default"

FRAMES = {"chat": "a chat message", "completion": "a text to be continued"}


def apart(job: ReportJob, a: str, b: str, dataset: str, scale: str) -> list[str]:
    """The differences of two protocols in asking about a scale: the value of `a`, then of `b`."""
    one, other = job.protocols[a], job.protocols[b]
    return [*_questions(job, one, other, dataset, scale), *_settings(one, other)]


def sentence(job: ReportJob, a: str, b: str, dataset: str, scale: str) -> str | None:
    """The same in words, after a sentence that names `a`, then `b`; None where nothing is known to
    differ."""
    told = apart(job, a, b, dataset, scale)
    if not told:
        return None
    if len(told) == 1:
        return f"The two protocols differ in {told[0]}."
    return f"The two protocols differ in {len(told)} respects: {listed(told)}."


def undecided(contrasts: int) -> str:
    """The limit of contrasts of protocols that differ in several respects."""
    if contrasts == 1:
        return "This contrast alone cannot show which of them matters."
    return "Where protocols differ in several respects, no contrast shows which of them matters."


def _questions(
    job: ReportJob, one: Protocol, other: Protocol, dataset: str, scale: str
) -> Iterator[str]:
    first, second = (job.question_templates(each.name, dataset, scale) for each in (one, other))
    alike = list(first.values()) == list(second.values())
    if not first or not second or alike:
        return
    if max(len(first), len(second)) > 1:
        yield f"prompt sets ({listed(first)} vs. {listed(second)})"
        return
    ((one_set,), (other_set,)) = first.values(), second.values()
    told = list(_parts(one_set, other_set, scale))
    # Templates differ wherever examples or frames do.
    yield from told or ["wording"]


def _parts(first: QuestionTemplate, second: QuestionTemplate, scale: str) -> Iterator[str]:
    wordings = [each.wording[scale] for each in (first, second)]
    shown = [each.demonstrations for each in wordings]
    if shown[0] != shown[1]:
        counts = [str(len(each)) if each else "none" for each in shown]
        same = "different ones" if counts[0] == counts[1] else f"{counts[0]} vs. {counts[1]}"
        yield f"examples ({same})"
    if first.kind != second.kind:
        yield f"question format ({FRAMES[first.kind]} vs. {FRAMES[second.kind]})"
    if first.answer != second.answer:
        yield f"answer format ({_read(first.answer)} vs. {_read(second.answer)})"
    if wordings[0].instruction != wordings[1].instruction:
        yield "wording of the instruction"
    if first.system != second.system:
        yield "system message"
    if wordings[0].reversed != wordings[1].reversed:
        yield "direction of the scale"
    ranges = [wording.written_for for wording in wordings]
    if all(ranges) and ranges[0] != ranges[1]:
        ends = [f"{each.min:g} to {each.max:g}" for each in ranges if each is not None]
        yield f"range of the scale ({ends[0]} vs. {ends[1]})"
    if wordings[0].order != wordings[1].order:
        orders = [wording.order.replace("-", " ") for wording in wordings]
        yield f"order of the labels ({orders[0]} vs. {orders[1]})"


def _settings(one: Protocol, other: Protocol) -> Iterator[str]:
    if one.temperature != other.temperature:
        yield f"temperature ({degree(one.temperature)} vs. {degree(other.temperature)})"
    if one.thinking != other.thinking:
        yield f"thinking ({level(one.thinking)} vs. {level(other.thinking)})"
    if one.personas != other.personas:
        yield f"personas ({one.personas or 'none'} vs. {other.personas or 'none'})"
    if one.wave != other.wave:
        yield f"wave of data collection ({one.wave} vs. {other.wave})"
    if one.session != other.session:
        plans = [each.session.in_words if each.session else "none" for each in (one, other)]
        yield f"sessions ({' vs. '.join(plans)})"


def degree(temperature: float | None) -> str:
    """A temperature in words."""
    return DEFAULT if temperature is None else number(temperature, 1)


def level(thinking: Thinking) -> str:
    """A level of thinking in words."""
    return DEFAULT if thinking == "provider" else thinking


def _read(answer: AnswerFormat) -> str:
    if answer.kind == "next_token":
        return "one token"
    limit = f"of up to {answer.max_tokens} tokens"
    if answer.structured:
        return f"a JSON object {limit} that a schema forces"
    kinds = {
        "text": "text",
        "labels": "JSON labels",
        "joint": "a JSON object",
        "decimal": "a decimal",
        "distribution": "a JSON object of all points",
    }
    return f"{kinds[answer.kind]} {limit}"
