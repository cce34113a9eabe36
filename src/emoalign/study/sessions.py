"""Sessions: items rated one after another, as people rate a list in one sitting."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from emoalign.study.fields import Entry

FEWEST_SESSION_ITEMS = 5
"""Items of a session, at least: with fewer there is hardly any history."""

_Visible = Annotated[int, Field(ge=0)] | Literal["all"]


def _number_or_all(value: object) -> object:
    number = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if not number and value != "all":  # in one sentence, not one for each that it could have been
        raise ValueError("expected all, or a whole number of earlier items, 0 or more")
    return value


History = Annotated[_Visible, BeforeValidator(_number_or_all, json_schema_input_type=_Visible)]
"""How many earlier items stay visible in a session."""


class SessionPlan(Entry):
    """Items rated one after another, each with the earlier ones and their answers in view."""

    short: ClassVar[str] = "items: {0}"

    items: int | None = Field(
        None,
        ge=FEWEST_SESSION_ITEMS,
        description="Most items per session. Default: all items of the dataset.",
    )
    history: History = Field(
        "all",
        description="Earlier items that stay visible with their answers: all, or the last so many.",
    )

    @property
    def in_words(self) -> str:
        """Its length and its history, in few words: 50 items, all in view."""
        seen = {"all": "all in view", 0: "none in view"}.get(
            self.history, f"last {self.history} in view"
        )
        return f"{self.items or 'all'} items, {seen}"

    @model_validator(mode="after")
    def _history_ends_before_the_items(self) -> SessionPlan:
        if self.items is not None:
            problem = too_long_a_history(self, self.items)
            if problem is not None:
                raise ValueError(problem)
        return self


def too_long_a_history(plan: SessionPlan, items: int) -> str | None:
    """A problem of a plan whose sessions have so many items; None where there is none."""
    if plan.history == "all" or plan.history < items:
        return None
    return (
        f"history: {plan.history} is no limit in sessions of {items} items: write a smaller "
        "number, or history: all"
    )
