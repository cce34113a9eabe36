"""Reading answers: numbers, labels, JSON, probabilities of tokens.

Reading is strict: an answer is a rating only if the whole of it has the form that was asked for.
Nothing is guessed, clamped, rounded or picked out of a sentence, and no label is assumed. The rules
are in docs/parsing.md.
"""

from emoalign.elicitation.readings.answers import read_answer, readings
from emoalign.elicitation.readings.decisions import read_decision, wrong_decision
from emoalign.elicitation.readings.endings import (
    failed,
    is_cut,
    only_thoughts,
    reason_of,
    withheld,
    wordless,
)
from emoalign.elicitation.readings.exact import MOST_MASS, read_distribution, returned_mass
from emoalign.elicitation.readings.json_values import NotJson, parse_json, within_fence
from emoalign.elicitation.readings.positions import read_positions
from emoalign.elicitation.readings.reading import UNPARSABLE, Reading
from emoalign.elicitation.readings.text import parse_number, parse_rating, refuses
from emoalign.elicitation.readings.thoughts import closing_tag, without_thoughts

__all__ = [
    "MOST_MASS",
    "UNPARSABLE",
    "NotJson",
    "Reading",
    "closing_tag",
    "failed",
    "is_cut",
    "only_thoughts",
    "parse_json",
    "parse_number",
    "parse_rating",
    "read_answer",
    "read_decision",
    "read_distribution",
    "read_positions",
    "readings",
    "reason_of",
    "refuses",
    "returned_mass",
    "withheld",
    "within_fence",
    "without_thoughts",
    "wordless",
    "wrong_decision",
]
