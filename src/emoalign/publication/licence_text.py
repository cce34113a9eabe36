"""LICENSE.txt: the licence of a bundle, and those of the data it was made from."""

from __future__ import annotations

from collections.abc import Iterator

from emoalign.publication.contents import Contents
from emoalign.publication.licences import FREE, licence, spdx_identifier
from emoalign.publication.publication_job import PublishedDataset


def licence_text(contents: Contents) -> str:
    """The text of the file. It names licences and where they stand; their own text is not in it."""
    job, chosen = contents.job, contents.job.licence
    who = ", ".join(each.name for each in job.settings.creators)
    parts = [
        job.title,
        who if chosen.spdx in FREE else f"Copyright {contents.date[:4]} {who}",
        f"Licence of this bundle: {chosen.name}\n"
        f"SPDX-License-Identifier: {chosen.spdx}\n{chosen.url}",
        "It was made from these datasets:",
        *(_of(name, card) for name, card in job.datasets.items()),
    ]
    return "\n\n".join(parts) + "\n"


def _of(name: str, card: PublishedDataset) -> str:
    return "\n".join([f"{card.title} ({name})", *_terms(card), card.citation.strip()])


def _terms(card: PublishedDataset) -> Iterator[str]:
    spdx = spdx_identifier(card.licence)
    if spdx is None:
        yield f"Terms: {card.licence}"
    else:
        yield f"Licence: {licence(spdx).name} ({spdx}), {licence(spdx).url}"
    if not card.redistribute:
        yield (
            "It may not be passed on: the bundle has none of its items and human ratings, only "
            "ids and numbers of models."
        )
