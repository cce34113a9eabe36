"""In what two protocols differ, so that nobody takes a difference for the effect of one thing."""

from __future__ import annotations

from collections.abc import Iterator

from emoalign.prompts import QuestionTemplate
from emoalign.report.report_job import ReportJob
from emoalign.study.protocols import AnswerFormat, Protocol
from emoalign.wording import listed, number

FRAMES = {"chat": "a chat message", "completion": "a text to be continued"}


def apart(job: ReportJob, a: str, b: str, dataset: str, scale: str) -> list[str]:
    """What sets two protocols apart when they ask about a scale: the value of `a`, then of `b`."""
    one, other = job.protocols[a], job.protocols[b]
    return [*_questions(job, one, other, dataset, scale), *_settings(one, other)]


def sentence(job: ReportJob, a: str, b: str, dataset: str, scale: str) -> str | None:
    """The same in words; None where nothing is known to differ."""
    told = apart(job, a, b, dataset, scale)
    if not told:
        return None
    both = f"{a} and {b} differ in {listed(told)}"
    if len(told) == 1:
        return f"{both}."
    return f"{both}: their contrast alone does not tell which of these matters."


def _questions(
    job: ReportJob, one: Protocol, other: Protocol, dataset: str, scale: str
) -> Iterator[str]:
    first, second = (job.question_template(each.name, dataset, scale) for each in (one, other))
    if first is None or second is None or first == second:
        return
    told = list(_parts(first, second, scale))
    # Templates differ wherever examples or frames do.
    yield from told or ["wording"]


def _parts(first: QuestionTemplate, second: QuestionTemplate, scale: str) -> Iterator[str]:
    wordings = [each.wording[scale] for each in (first, second)]
    shown = [each.demonstrations for each in wordings]
    if shown[0] != shown[1]:
        counts = [str(len(each)) if each else "none" for each in shown]
        same = "other ones" if counts[0] == counts[1] else f"{counts[0]} against {counts[1]}"
        yield f"examples ({same})"
    if first.kind != second.kind:
        yield f"form of the question ({FRAMES[first.kind]} against {FRAMES[second.kind]})"
    if first.answer != second.answer:
        yield f"form of the answer ({_read(first.answer)} against {_read(second.answer)})"
    if wordings[0].instruction != wordings[1].instruction:
        yield "wording of the instruction"
    if first.system != second.system:
        yield "system message"


def _settings(one: Protocol, other: Protocol) -> Iterator[str]:
    if one.temperature != other.temperature:
        degrees = [number(each.temperature, 1) for each in (one, other)]
        yield f"temperature ({degrees[0]} against {degrees[1]})"
    if one.personas != other.personas:
        yield f"personas ({one.personas or 'none'} against {other.personas or 'none'})"
    if one.wave != other.wave:
        yield f"wave ({one.wave} against {other.wave})"


def _read(answer: AnswerFormat) -> str:
    if answer.kind == "next_token":
        return "one token"
    kinds = {"text": "text", "labels": "JSON labels", "joint": "a JSON object"}
    return f"{kinds[answer.kind]} of up to {answer.max_tokens} tokens"
