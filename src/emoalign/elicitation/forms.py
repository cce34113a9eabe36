"""Forms: the ways in which one protocol asks the same question, dealt equally to participants.

The forms are the prompt sets that a protocol lists, and of each as many rotations as its labels
have places where their order is rotated (a Latin square: each label is once at each place). The
exact readout and decisions ask about each item once in every form.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from emoalign.prompts import QuestionTemplate
from emoalign.study.scales import DatasetScale, LabelScale
from emoalign.study.shown_scales import (
    has_own_points,
    on_card,
    reordered,
    rotated,
    shown_scale,
)


@dataclass(frozen=True)
class Form:
    """One way of asking a question.

    Attributes:
        name: the prompt set, and the number of the rotation after a slash; None where the study
            names no prompt set.
        template: the part of the prompt set that reaches the model.
        scales: the scales of the dataset's card that it asks about.
        shown: the same as this form shows them.
        drawn: scales whose labels are in another order for each answer.
    """

    name: str | None
    template: QuestionTemplate
    scales: Mapping[str, DatasetScale]
    shown: Mapping[str, DatasetScale]
    drawn: tuple[str, ...] = field(default=())

    @property
    def prompt_set(self) -> str | None:
        """The prompt set that it is of."""
        return None if self.name is None else self.name.partition("/")[0]

    def other_points(self, scale: str) -> bool:
        """Tell whether the points shown of a scale are others than those of the card."""
        return not has_own_points(self.shown[scale], self.scales[scale])

    def orders(self, scale: str) -> int:
        """The ways in which it shows a scale: one, or as many as a label drawn has places."""
        shown = self.shown[scale]
        return len(shown.labels) if scale in self.drawn and isinstance(shown, LabelScale) else 1

    def of_answer(self, item_id: str, participant: int) -> Form:
        """The form with the orders of labels that are drawn for one answer; none is drawn then."""
        orders = {
            name: reordered(scale, _shuffled(scale.labels, name, item_id, participant))
            for name in self.drawn
            if isinstance(scale := self.shown[name], LabelScale)
        }
        return replace(self, shown={**self.shown, **orders}, drawn=())

    def on_card(self, name: str, columns: Mapping[str, object]) -> dict[str, object]:
        """An answer as read on the scale that was shown, as columns on the scale of the card.

        Ratings are mapped, probabilities are those of ascending points, and labels are in the order
        of the card; what was shown is kept beside them.
        """
        scale, shown, wording = self.scales[name], self.shown[name], self.template.wording[name]
        rating, probabilities, labels = (
            columns[each] for each in ("rating", "probabilities", "labels")
        )
        own: dict[str, object] = {"rating_shown": rating, "label_order": None}
        if isinstance(scale, LabelScale) or isinstance(shown, LabelScale):
            if isinstance(scale, LabelScale) and isinstance(labels, tuple):
                own["labels"] = scale.choice(labels)
            if isinstance(shown, LabelScale) and wording.order != "as-written":
                own["label_order"] = list(shown.labels)
                if isinstance(scale, LabelScale) and isinstance(probabilities, list):
                    stated = dict(zip(shown.labels, probabilities, strict=True))
                    own["probabilities"] = [stated[label] for label in scale.labels]
            return {**columns, **own}
        if isinstance(rating, int | float) and shown is not scale:
            own["rating"] = on_card(rating, shown, scale, wording)
        if wording.reversed and isinstance(probabilities, list):
            own["probabilities"] = probabilities[::-1]
        return {**columns, **own}


def forms(
    templates: Iterable[tuple[str | None, QuestionTemplate]], scales: Mapping[str, DatasetScale]
) -> tuple[Form, ...]:
    """The forms of a question: of each prompt set in turn, by its name, and of its rotations."""
    return tuple(form for name, template in templates for form in _of_set(name, template, scales))


def _of_set(
    name: str | None, template: QuestionTemplate, scales: Mapping[str, DatasetScale]
) -> Iterable[Form]:
    shown = {each: shown_scale(scales[each], template.wording[each]) for each in scales}
    drawn = tuple(each for each in scales if template.wording[each].order == "random")
    turned = rotating(template, scales)
    if not turned:
        yield Form(name, template, scales, shown, drawn)
    for by in range(min((len(scale.labels) for scale in turned.values()), default=0)):
        orders = {each: rotated(scale, by) for each, scale in turned.items()}
        yield Form(f"{name}/{by}", template, scales, {**shown, **orders}, drawn)


def rotating(
    template: QuestionTemplate, scales: Mapping[str, DatasetScale]
) -> dict[str, LabelScale]:
    """The scales whose labels a prompt set rotates, all together."""
    return {
        name: scale
        for name, scale in scales.items()
        if isinstance(scale, LabelScale) and template.wording[name].order == "rotated"
    }


def form_number(item_id: str, participant: int, n_forms: int) -> int:
    """The form that a participant is shown of an item, from 0.

    Participants go through the forms in turn, from one that depends on the item: each item has
    every form equally often where participants are a multiple of the forms.
    """
    digest = hashlib.sha256(item_id.encode()).digest()
    return (participant + int.from_bytes(digest, "big")) % n_forms


def dealt(item_id: str, form: int, n_forms: int, participants: int) -> range:
    """The participants, of so many, who are shown the form of that number of an item."""
    return range((form - form_number(item_id, 0, n_forms)) % n_forms, participants, n_forms)


def _shuffled(labels: Sequence[str], scale: str, item_id: str, participant: int) -> tuple[str, ...]:
    """The labels in an order that follows from the scale, the item and the participant alone."""
    key = f"{scale}|{item_id}|{participant}"
    return tuple(
        sorted(labels, key=lambda label: hashlib.sha256(f"{key}|{label}".encode()).digest())
    )
