"""Templates of prompts and personas: Jinja2 whose text follows from what it is given alone.

A question that came out otherwise at the next run would be asked, and paid for, again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from functools import lru_cache
from types import TracebackType
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from emoalign.errors import PromptError
from emoalign.study.reading import nearest

DRAWN = {"filter": "random", "function": "lipsum"}
"""The parts of Jinja2 that draw at random; templates have neither."""

_ADDRESS = re.compile(r" at 0x[0-9a-f]+>")
_FILE = "<template>"


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2 that changes nothing, draws nothing and takes nothing from an unordered set."""

    intercepted_binops = frozenset({"-"})

    def __init__(self, keep_end: bool) -> None:
        super().__init__(
            undefined=StrictUndefined, keep_trailing_newline=keep_end, autoescape=False
        )
        del self.filters[DRAWN["filter"]], self.globals[DRAWN["function"]]

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        # A method taken from a class changes what is handed to it: dict.update(scale, min=0)
        return not isinstance(obj, type) and super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        result = super().call_binop(context, operator, left, right)
        if isinstance(result, Set):
            raise SecurityError(
                "a minus between keys makes a set, whose order differs from run to run: use the "
                "filter reject instead"
            )
        return result


class TextTemplate:
    """A template that gives the same text for the same values, whenever and wherever.

    `key` is what it is called in its file. `again` compiles it a second time, apart from the first.
    """

    def __init__(
        self, source: str, key: str = "template", keep_end: bool = True, again: bool = False
    ) -> None:
        """Compile the template. Raises PromptError where it is no Jinja2, or draws at random."""
        self._key = key
        self._template = _compiled(source, key, keep_end, again)

    def render(self, values: Mapping[str, object]) -> str:
        """The text. Raises PromptError where it cannot be made, or would differ between runs."""
        try:
            text = self._template.render(values)
        # Filters and methods fail as they like when they get what is not for them.
        except Exception as error:
            line = _line(error.__traceback__)
            raise PromptError(
                f"{self._key}{line}: the template cannot be rendered: {error}"
            ) from error
        shown = _ADDRESS.search(text)
        if shown and not any(_ADDRESS.search(str(value)) for value in values.values()):
            start = text.rfind("<", 0, shown.start())
            raise PromptError(
                f"{self._key}: the template writes {text[max(start, 0) : shown.end()]!r}, an "
                "address in memory that differs from run to run. End a list of filters with join "
                "or list, and call a method: item.text.upper()."
            )
        return text


@lru_cache(maxsize=256)
def _compiled(source: str, key: str, keep_end: bool, again: bool) -> Template:
    environment = _Sandbox(keep_end)
    try:
        tree = environment.parse(source)
        problems = list(_unknown(environment, tree, key))
        if problems:
            raise PromptError("; ".join(dict.fromkeys(problems)))
        return environment.from_string(tree)
    except TemplateSyntaxError as error:
        raise PromptError(
            f"{key}, line {error.lineno}: the template is not valid Jinja2: {error.message}"
        ) from error
    except (TemplateError, RecursionError) as error:
        raise PromptError(f"{key}: the template is not valid Jinja2: {error}") from error


def _unknown(environment: _Sandbox, tree: nodes.Template, key: str) -> Iterator[str]:
    """Problems with filters that are not there, in whichever branch, and what draws at random."""
    used = [("function", node.name, node.lineno) for node in tree.find_all(nodes.Name)]
    for node in tree.find_all(nodes.Filter):
        used.append(("filter", node.name, node.lineno))
        if node.name == "map":
            named = [str(part.value) for part in node.args[:1] if isinstance(part, nodes.Const)]
            used += [("filter", name, node.lineno) for name in named]
    for kind, name, line in used:
        if name == DRAWN[kind]:
            yield (
                f"{key}, line {line}: the {kind} {name!r} gives a different result each time, so "
                "every run would ask, and pay for, different questions. Remove it; to vary the "
                "wording, use several prompt sets or personas"
            )
        elif kind == "filter" and name not in environment.filters:
            yield (
                f"{key}, line {line}: the template is not valid Jinja2: there is no filter "
                f"{name!r}; {_close(name, environment)}"
            )


def _close(name: str, environment: _Sandbox) -> str:
    hint = nearest(name, environment.filters)
    return hint if hint.startswith("did you mean") else "Jinja2's documentation lists them"


def _line(trace: TracebackType | None) -> str:
    """The line of the template that an error comes from; Jinja2 makes tracebacks show it."""
    line = ""
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _FILE:
            line = f", line {trace.tb_lineno}"
        trace = trace.tb_next
    return line
