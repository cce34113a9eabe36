"""The items that recorded models have answers to, known before stimuli are prepared."""

from __future__ import annotations

from pathlib import Path

from emoalign.elicitation.engines.recorded.recorded_model import RecordedModel
from emoalign.elicitation.engines.recorded.trials import Trial, trials_of
from emoalign.stimuli.dataset_cards import PreparationJob
from emoalign.stimuli.images import image_name
from emoalign.stimuli.rated_items import RatedItems
from emoalign.stimuli.rows import composed
from emoalign.study.source_files import locate_all_verified


def rated_items(job: PreparationJob) -> list[RatedItems]:
    """The items that each recorded model has answers to, on every scale and under every protocol.

    An answer that is no rating, such as a refusal, counts; an empty field does not. Raises
    DataError when a table is missing, or has no row of a scale or protocol.
    """
    return [
        _rated(model, RecordedModel.model_validate(card), job) for model, card in job.rated.items()
    ]


def _rated(model: str, card: RecordedModel, job: PreparationJob) -> RatedItems:
    (path, *_), _ = locate_all_verified(card.source)
    protocols = job.protocols if card.columns.protocol else job.protocols[:1]
    names = frozenset.intersection(
        *(_answered(path, protocol, scale, card) for scale in job.scales for protocol in protocols)
    )
    return RatedItems(model, names, card.columns.item_key)


def _answered(path: Path, protocol: str, scale: str, card: RecordedModel) -> frozenset[str]:
    """The items with an answer on a scale under a protocol."""
    key = card.columns.item_key
    trials, _ = trials_of(path, protocol, scale, card)
    names = (str(trial.fields[key]) for trial in trials if _is_answer(trial, card))
    return frozenset(composed(image_name(name) if key == "image" else name) for name in names)


def _is_answer(trial: Trial, card: RecordedModel) -> bool:
    rating, answer = trial.fields.get("rating"), trial.fields.get("answer")
    return (
        trial.answer is not None
        or bool(trial.fields.get("status"))
        or (rating is not None and not card.missing(rating))
        or (answer is not None and answer not in card.na_values)
    )
