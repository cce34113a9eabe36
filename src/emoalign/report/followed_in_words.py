"""The people whose procedure a protocol follows, in the words of a method section."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from emoalign.report.report_job import ReportJob
from emoalign.wording import listed


def followed(job: ReportJob) -> Iterator[str]:
    """Sentences on each procedure that protocols follow, and on what differs for a model."""
    named: dict[str, list[str]] = {}
    for protocol, people in job.followed.items():
        named.setdefault(people.like, []).append(protocol)
    for protocols in named.values():
        people = job.followed[protocols[0]]
        several = len(protocols) > 1
        told = f"The protocol{'s' * several} {listed(protocols)} follow{'s' * (not several)} how "
        told += f"people were asked ({people.source})"
        for protocol in protocols:
            if changed := job.followed[protocol].changed:
                told += f"; {protocol} has its own {listed(changed)}"
        yield f"{told}."
        if people.unverified:
            yield f"Not checked against that publication: {_points(people.unverified)}."
        if people.unknown:
            yield f"Not known, or different for a model: {_points(people.unknown)}."


def _points(facts: Sequence[str]) -> str:
    """Facts in a sentence, each without its full stop."""
    return "; ".join(" ".join(fact.split()).rstrip(".") for fact in facts)
