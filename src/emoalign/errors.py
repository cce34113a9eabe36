"""The exception tree. A message says what was found, what was expected, where, and what to do."""

from __future__ import annotations

from collections.abc import Sequence


class EmoalignError(Exception):
    """Any problem emoalign recognises; its text is meant for the person at the terminal."""


class StudyError(EmoalignError):
    """A study's configuration cannot be used. Carries every problem found, not just the first."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        title = "1 problem" if count == 1 else f"{count} problems"
        lines = "\n".join(f"  {i}. {problem}" for i, problem in enumerate(self.problems, 1))
        super().__init__(f"{title} in the configuration:\n{lines}")


class DataError(EmoalignError):
    """A data file is missing, is not the expected file, or holds something it must not."""


class LockError(EmoalignError):
    """A file system cannot keep two jobs apart."""


class BaselineError(EmoalignError):
    """A baseline could not be trained, loaded or applied."""


class PromptError(EmoalignError):
    """A prompt could not be rendered."""


class ElicitationError(EmoalignError):
    """Ratings could not be collected."""


class CapabilityError(ElicitationError):
    """A model cannot do what the study asks of it; raised before anything is spent."""


class EngineError(ElicitationError):
    """The model or its server failed in a way that asking again does not mend."""


class BudgetError(ElicitationError):
    """Asking on would cost more than the study may."""


class JournalError(ElicitationError):
    """The journal of answers is damaged."""
