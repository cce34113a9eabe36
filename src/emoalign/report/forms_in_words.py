"""The forms in which a protocol asked, in the words of a method section."""

from __future__ import annotations

from collections.abc import Iterator

from emoalign.elicitation.forms import Form
from emoalign.report.report_job import ReportJob
from emoalign.study.fields import WRITTEN
from emoalign.study.protocols import Protocol
from emoalign.wording import counted, listed


def forms_used(job: ReportJob) -> Iterator[str]:
    """Sentences on the forms of each protocol that has several, and on answers mapped back."""
    reversed_, mapped = False, False
    for protocol in job.protocols.values():
        asked = [
            forms
            for dataset, card in job.datasets.items()
            for scale in (*card.scales, *card.labels)
            if (forms := job.forms(protocol.name, dataset, scale))
        ]
        yield from _told(protocol, asked)
        wordings = [
            one for forms in asked for form in forms for one in form.template.wording.values()
        ]
        reversed_ |= any(one.reversed for one in wordings)
        mapped |= any(one.mapped for one in wordings)
    yield from _mapped(reversed_, mapped)


def _told(protocol: Protocol, asked: list[tuple[Form, ...]]) -> Iterator[str]:
    most = max(asked, key=len, default=())
    drawn = sorted({name for forms in asked for form in forms for name in form.drawn})
    if len(most) > 1:
        sets = list(dict.fromkeys(form.prompt_set for forms in asked for form in forms))
        called = "prompt set" if len(sets) == 1 else "prompt sets"
        turned = ", in every rotation of the labels" if len(sets) < len(most) else ""
        told = (
            f"Under {protocol.name}, every item was asked about in {len(most)} forms ({called} "
            f"{listed(filter(None, sets))}{turned})"
        )
        if protocol.written:
            each = counted((protocol.participants or 0) // len(most), "participant")
            told += f", with {each} for each form"
        if set(protocol.readouts) - WRITTEN:
            told += "; probabilities were averaged over the forms"
        yield f"{told}."
    if drawn:
        yield (
            f"Under {protocol.name}, the labels of {listed(drawn)} were in an order drawn anew for "
            "each answer."
        )


def _mapped(reversed_: bool, mapped: bool) -> Iterator[str]:
    if reversed_:
        yield "Ratings on reversed scales were turned back."
    if mapped:
        yield (
            "Ratings on other ranges were mapped linearly onto the scale of the dataset, without "
            "rounding. They count in means and SDs; distributions are those of forms with the "
            "points of that scale."
        )
