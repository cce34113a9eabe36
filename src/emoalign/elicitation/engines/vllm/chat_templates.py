"""What a model's chat template would do unasked: write today's date, or have the model think."""

from __future__ import annotations

from collections.abc import Mapping

from emoalign.errors import CapabilityError

_UNASKED = {
    "strftime_now": (
        "date_string",
        "writes today's date into every prompt, so that the same question is another one tomorrow",
        'date_string: "26 Jul 2024"',
    ),
    "enable_thinking": (
        "enable_thinking",
        "has the model think aloud before it answers, unless told otherwise",
        "enable_thinking: false",
    ),
}


def check_template(template: str | None, told: Mapping[str, object], model: str) -> None:
    """Check that a chat template leaves nothing open. `told` are the card's chat_template_kwargs.

    Raises CapabilityError when there is no template, or it does something the card does not fix.
    """
    if not template:
        raise CapabilityError(
            f"model {model!r} has no chat template: say chat: false among the capabilities in its "
            "card, and ask it with a prompt set of form completion."
        )
    for sign, (key, does, example) in _UNASKED.items():
        if sign in template and key not in told:
            raise CapabilityError(
                f"the chat template of model {model!r} {does}. Decide it in the model's card: "
                f"chat_template_kwargs: {{{example}}}"
            )
