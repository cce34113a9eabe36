"""Whether the items of a dataset may leave this machine."""

from __future__ import annotations

from collections.abc import Mapping

from emoalign.study.datasets import DatasetCard
from emoalign.study.models import ModelCard, OpenAIModel
from emoalign.study.studies import Study


def without_leave(
    source: str,
    study: Study,
    dataset: str,
    card: DatasetCard,
    models: Mapping[str, ModelCard],
) -> list[str]:
    """Why the items of a dataset may not be sent to the models of a study; empty where they may."""
    remote = [
        f"{name} ({model.base_url})"
        for name, model in models.items()
        if isinstance(model, OpenAIModel) and model.remote
    ]
    where = f"{source}: datasets.{dataset}: its items would be sent to {', '.join(remote)}, but"
    terms = f"its licence: {card.licence}"
    if not remote or card.remote == "allow":
        return []
    if card.remote == "deny":
        return [
            f"{where} its card says remote_api: deny ({terms}). Ask a model on this machine, or "
            "take the dataset out of the study."
        ]
    if dataset in study.allow_remote:
        return []
    return [
        f"{where} its terms may not allow that ({terms}). Nothing has been sent. Read the terms of "
        "the dataset and of the provider; if they allow it for you, write into the study: "
        f"allow_remote: [{dataset}]. Models on this machine need no such leave."
    ]
