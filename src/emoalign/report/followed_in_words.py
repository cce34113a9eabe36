"""The people whose procedure a protocol follows, in the words of a method section."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from emoalign.report.report_job import ReportJob
from emoalign.study.protocols import Protocol
from emoalign.wording import listed


def followed(job: ReportJob, protocol: Protocol) -> Iterator[str]:
    """Sentences on whom a protocol follows, and on what is not the same; none without."""
    people = job.followed.get(protocol.name)
    if people is None:
        return
    but = f", but with {listed(people.changed)} of this study" if people.changed else ""
    yield f"This follows {people.title} ({people.source}){but}."
    if people.unverified:
        yield f"Not checked against that publication: {_points(people.unverified)}."
    if people.unknown:
        yield f"Not known, or different for a model: {_points(people.unknown)}."


def _points(facts: Sequence[str]) -> str:
    """Facts in a sentence, each without its full stop."""
    return "; ".join(" ".join(fact.split()).rstrip(".") for fact in facts)
