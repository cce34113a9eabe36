"""Whether the items of a dataset may leave this machine."""

from __future__ import annotations

from emoalign.planning.loaded_study import LoadedStudy


def why_forbidden(loaded: LoadedStudy, model: str, dataset: str) -> str | None:
    """Why the items of a dataset may not be sent to a model; None where they may."""
    asked, card = loaded.models[model], loaded.datasets[dataset]
    if asked.destination is None or card.remote == "allow":
        return None
    where = f"the items of {dataset!r} would be sent to {model} ({asked.destination}), but"
    terms = f"its licence: {card.licence}"
    if card.remote == "deny":
        return (
            f"{where} its card says remote_api: deny ({terms}). Ask a model on this machine, or "
            "take the dataset out of the study."
        )
    if dataset in loaded.study.allow_remote:
        return None
    return (
        f"{where} its terms may not allow that ({terms}). Nothing has been sent. Read the terms of "
        "the dataset and of the provider; if they allow it for you, write into the study: "
        f"allow_remote: [{dataset}]. Models on this machine need no such leave."
    )


def all_forbidden(loaded: LoadedStudy) -> list[str]:
    """Every reason why items may not be sent, of the whole study."""
    reasons = [
        why_forbidden(loaded, model, dataset)
        for dataset in loaded.datasets
        for model in loaded.raters(dataset)
    ]
    return [why for why in reasons if why is not None]
