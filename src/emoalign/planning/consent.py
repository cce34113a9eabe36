"""Whether the items of a dataset may leave this machine."""

from __future__ import annotations

from emoalign.elicitation.engines.base import ModelCard
from emoalign.stimuli.cards import DatasetCard


def why_forbidden(
    model: str, asked: ModelCard, dataset: str, card: DatasetCard, allowed: bool
) -> str | None:
    """Why the items of a dataset may not be sent to a model; None where they may.

    `allowed` says whether the study gives leave.
    """
    if asked.destination is None or card.remote == "allow":
        return None
    where = f"the items of {dataset!r} would be sent to {model} ({asked.destination}), but"
    terms = f"its licence: {card.licence}"
    if card.remote == "deny":
        return (
            f"{where} its card says remote_api: deny ({terms}). Ask a model on this machine, or "
            "take the dataset out of the study."
        )
    if allowed:
        return None
    return (
        f"{where} its terms may not allow that ({terms}). Nothing has been sent. Read the terms of "
        "the dataset and of the provider; if they allow it for you, write into the study: "
        f"allow_remote: [{dataset}]. Models on this machine need no such leave."
    )
