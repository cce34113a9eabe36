"""The tokens of prompts in sessions, before their answers are known."""

from __future__ import annotations

import math

from emoalign.elicitation.dealing import lists_per_sweep, mean_in_view
from emoalign.elicitation.forms import Form
from emoalign.prompts import Image, Prompt, Renderer, likely_tokens
from emoalign.study.protocols import Protocol
from emoalign.study.sessions import SessionPlan

TURNS = 10
"""Turns that are rendered to learn how many tokens each adds."""


def with_turns(renderer: Renderer, item: str | Image, persona: str | None, turns: int) -> Prompt:
    """A prompt about an item after so many turns about items like it, each with a short answer."""
    turn = renderer.render(item, persona).turn(item, "5")
    return renderer.render(item, persona, [turn] * turns)


def fewest_tokens(
    form: Form, protocol: Protocol, item: str | Image, n_items: int, persona: str | None
) -> int:
    """The fewest tokens that the last prompt of a session can have, with an answer as long as
    allowed; `n_items` is the number of items of the dataset."""
    plan = protocol.session
    if plan is None:
        return 0
    practice = len(next(iter(form.template.wording.values())).practice)
    longest = math.ceil(n_items / lists_per_sweep(n_items, plan.items)) - 1
    in_view = practice + (longest if plan.history == "all" else min(plan.history, longest))
    renderer = Renderer(form.template, form.shown)
    fewest, _ = likely_tokens(with_turns(renderer, item, persona, in_view))
    return math.floor(fewest) + form.template.answer.max_tokens


def session_tokens(
    renderer: Renderer,
    item: str | Image,
    persona: str | None,
    plan: SessionPlan,
    n_items: int,
    practice: int,
    max_tokens: int,
) -> float:
    """The most tokens that a prompt about one of `n_items` of a dataset is likely to have, on
    average over a session with so many texts for practice; answers are as long as allowed."""
    alone, after = (
        likely_tokens(with_turns(renderer, item, persona, turns))[1] for turns in (0, TURNS)
    )
    each = (after - alone) / TURNS + max_tokens - 1
    return alone + each * mean_in_view(plan, n_items, practice)
