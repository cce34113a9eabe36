"""Exact answers in files of a batch: the distribution of each item from its log-probabilities."""

from __future__ import annotations

import math
from collections.abc import Sequence

from emoalign.elicitation.engines.recorded.recorded_model import RecordedModel
from emoalign.elicitation.engines.recorded.recorded_table import CARD
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.readings import (
    of_another_text,
    read_positions,
    split_number,
    withheld,
)
from emoalign.elicitation.readings.exact import ExactReading
from emoalign.errors import DataError
from emoalign.study.scales import LabelScale, NativeRange, OrdinalScale, Scale

_MOST_NUMBERS = 10_000
_DECIMALS = 10


class ExactReader:
    """Reads exact answers on a scale of a study, by what a card says of its numbers.

    Raises DataError for a scale that answers cannot be read on.
    """

    def __init__(self, card: RecordedModel, name: str, scale: Scale) -> None:
        if isinstance(scale, LabelScale) or card.batch is None:
            raise DataError(
                f"scale {name!r}: labels have no exact readout; use the sampled readout"
            )
        self._batch = card.batch
        self._native = card.native_of(name)
        self._scale = scale if self._native is None else _written(name, scale, self._native)
        self._key = card.answer.key_of(name) if card.answer and card.answer.structured else None

    def columns(self, answers: Sequence[Answer]) -> dict[str, object] | None:
        """The distribution of an item over the points of the scale, as columns of the ratings.

        It is the mean of those of its answers. None where no answer has log-probabilities, unless
        it was withheld, or they are those of another text: then there is a status and nothing else.
        """
        told = [each for each in answers if each.logprobs is not None and not each.thinking]
        readings = [self._read(each) for each in told if not of_another_text(each.later, each.text)]
        if not readings:
            status = next(filter(None, map(withheld, answers)), "error" if told else None)
            return None if status is None else {"status": status}
        count = len(readings)
        points = zip(*(reading.probabilities for reading in readings), strict=True)
        means = [math.fsum(each) / count for each in points]
        if self._native is not None and self._native.max < self._native.min:
            means.reverse()
        return {
            "status": "ok" if any(means) else "unparsable",
            "probabilities": means,
            "off_scale_mass": math.fsum(each.off_scale_mass for each in readings) / count,
            "returned_mass": math.fsum(each.returned_mass for each in readings) / count,
        }

    def _read(self, answer: Answer) -> ExactReading:
        digits = self._batch.digits(answer.model_reported)
        read = (answer.logprobs or (), answer.later, answer.text)
        split = split_number(*read, digits, self._key)
        if split is not None:
            raise DataError(
                f"the answer {split} came as several tokens, but by the vocabulary of "
                f"{answer.model_reported or 'its model'} numbers of up to {digits} digits are one, "
                f"so it would be misread: write vocabulary: digits under batch in {CARD}"
            )
        return read_positions(*read, self._scale, digits, self._key)


def _written(name: str, scale: OrdinalScale, native: NativeRange) -> OrdinalScale:
    """The points of a scale as the answers write them, ascending.

    Raises DataError where a whole number between its ends is no point: an answer that may have been
    asked for would count as none.
    """
    lowest, highest = sorted((native.min, native.max))
    whole = range(math.ceil(lowest), min(math.floor(highest), _MOST_NUMBERS) + 1)
    other = next((each for each in whole if scale.point(native.onto(each, scale)) is None), None)
    if other is not None:
        step = abs(native.stretch(scale))
        raise DataError(
            f"scale {name!r}: answers from {native.min:g} to {native.max:g} (native in {CARD}) "
            f"have no exact readout on a scale from {scale.min:g} to {scale.max:g} in steps of "
            f"{scale.step:g}, where {other} would be {native.onto(other, scale):g}. Probabilities "
            "are never rounded to points: give the scale in the dataset's card a smaller step, "
            f"such as step: {step:.10g}"
        )
    step = round(abs(scale.step / native.stretch(scale)), _DECIMALS)
    return OrdinalScale(min=lowest, max=highest, step=step, direction=scale.direction)
