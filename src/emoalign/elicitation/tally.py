"""The answers of a job while they arrive, and how many of them are ratings.

A job stops early, while that is cheap, if none of its first answers is a rating.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import RatingJob
from emoalign.elicitation.readings import NotJson, is_cut, only_thoughts, parse_json, withheld
from emoalign.errors import EngineError
from emoalign.wording import percent

FEWEST_ITEMS = 10
"""Items that must have been answered before a job without any rating is given up."""

EXAMPLES = 3
LONGEST_EXAMPLE = 120
_MARK = re.compile(r"[▁Ġ]\s*[0-9]")
_THINKS = re.compile(r"<\|?(?:think|thinking|reasoning|channel)\b", re.IGNORECASE)


@dataclass
class Tally:
    """The answers of a job so far, and those of them that are ratings."""

    answers: int = 0
    ratings: int = 0
    items: set[str] = field(default_factory=set)
    examples: list[Answer] = field(default_factory=list)

    def add(self, item_id: str, answer: Answer, rated: bool) -> None:
        """Count an answer about an item."""
        self.answers += 1
        self.ratings += rated
        if self.ratings:
            self.examples.clear()
            return
        self.items.add(item_id)
        texts = {example.text for example in self.examples}
        if len(self.examples) < EXAMPLES and answer.text not in texts:
            self.examples.append(answer)

    def check(self, job: RatingJob, first_answers: int) -> None:
        """Raise EngineError when none of so many answers, and on enough items, is a rating."""
        enough = self.answers >= first_answers and len(self.items) >= FEWEST_ITEMS
        if not first_answers or self.ratings or not enough:
            return
        shown = "\n".join(f"  {_shown(answer)}" for answer in self.examples)
        causes = "\n".join(f"  {cause}" for cause in likely_causes(job, self.examples))
        wanted = "a distribution" if job.protocol.states else "a rating"
        wanted = "a number on the scale" if job.protocol.recites else wanted
        raise EngineError(
            f"none of the first {self.answers} answers of model {job.model!r} under protocol "
            f"{job.protocol.name!r}, on {len(self.items)} items of {job.dataset!r}, is {wanted}, "
            f"and nothing more was spent. It answered, for example:\n{shown}\n"
            f"Likely causes:\n{causes}\n"
            "To go on all the same, set first_answers: 0 in the model's card."
        )


def share_of_ratings(tallies: Iterable[Tally]) -> str:
    """The share of ratings among the answers of some jobs so far, in words; nothing without any."""
    answers = ratings = 0
    for tally in tallies:
        answers += tally.answers
        ratings += tally.ratings
    return f"{percent(ratings / answers)} ratings" if answers else ""


def _shown(answer: Answer) -> str:
    text = answer.text or answer.thinking or ""
    cut = text if len(text) <= LONGEST_EXAMPLE else f"{text[:LONGEST_EXAMPLE]}…"
    thoughts = "nothing but thoughts, " if only_thoughts(answer) and text else ""
    return f"{thoughts}{cut!r} (finish_reason {answer.finish_reason!r})"


def _is_object(text: str) -> bool:
    """Tell whether an answer is a whole JSON object."""
    try:
        return isinstance(parse_json(text), dict)
    except NotJson:
        return False


def likely_causes(job: RatingJob, answers: Sequence[Answer]) -> Iterator[str]:
    """Likely reasons why answers are not ratings, the clearest sign first."""
    most = job.longest
    texts = [answer.text for answer in answers]
    ended = len(texts)
    if any(map(_THINKS.search, texts)):
        yield (
            "The model thinks before it answers (<think>): switch thinking off (thinking: off in "
            "the protocol), or have its server split thoughts from answers."
        )
        ended = 0
    elif any(map(only_thoughts, answers)) or any(
        not answer.text.strip() and is_cut(answer) for answer in answers
    ):
        yield (
            f"Thinking uses up max_tokens ({most}) before there is an answer: switch thinking off "
            "(thinking: off in the protocol), or leave it more tokens (thinking_tokens among the "
            "capabilities in the model's card)."
        )
        ended = 0
    if any(answer.participant is None and answer.text.startswith(("{", "[")) for answer in answers):
        yield (
            "The server's decisions are none: their probabilities do not fit the levels that were "
            "asked about (see the warning above). Report it to the provider, or take decision out "
            "of readouts."
        )
        ended = 0
    if ended and job.protocol.states and all(map(_is_object, texts)):
        yield (
            f"Its numbers are not one for each point, or label, or do not add up to "
            f"{job.prompts.answer.total:g}, within 1% (docs/parsing.md): have the prompt name all "
            "keys and the sum, or ask a larger model."
        )
        ended = 0
    if any(map(_MARK.search, texts)):
        yield (
            "The server gives tokens with their marks (▁7, Ġ7) instead of text: have it decode "
            "them, or use another server."
        )
        ended = 0
    if any(map(withheld, answers)):
        yield "The provider or the model refuses what it is shown: see the words above."
        ended = 0
    if ended and any(len(text.split()) > 1 for text in texts):
        yield (
            "The model adds words to its answer: use a chat prompt for a chat model, and have it "
            "say the rating alone or in JSON (answer.kind)."
        )
        if any(map(is_cut, answers)):
            yield f"Answers are cut at max_tokens ({most}): raise answer.max_tokens."
        ended = 0
    if ended:
        yield (
            "The prompt set does not fit the model, or its server changes the prompt: compare what "
            "it is shown (emoalign check, docs/add-a-prompt.md) with what it answers."
        )
