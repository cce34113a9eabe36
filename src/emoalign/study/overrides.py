"""Values given on the command line (--config name=value), read as they would be in the file."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from emoalign.errors import StudyError


def overrides(said: Iterable[str]) -> dict[str, Any]:
    """Arguments of --config, name=value, with each value as YAML 1.2: 500 is a number, "500" text.

    Snakemake itself reads what stands within braces or brackets as text. Raises StudyError.
    """
    read: dict[str, Any] = {}
    problems = []
    for argument in said:
        name, _, value = argument.partition("=")
        try:
            read[name] = _read(value)
        except (YAMLError, ValueError) as error:
            reason = str(getattr(error, "problem", None) or error).splitlines()[0]
            problems.append(
                f"--config {name}: {value!r} is not valid YAML ({reason}). {_advice(name, value)}"
            )
            continue
        if pressed := _pressed(read[name]):
            problems.append(
                f"--config {name}: {value!r} has no space after a colon, so {pressed!r} is read as "
                f"a key without a value. Write {_typed(name, re.sub(r':(?=[^ ])', ': ', value))}"
            )
    if problems:
        raise StudyError(problems)
    return read


def taken_out(name: str, options: dict[str, Any], config: dict[str, Any]) -> bool:
    """What the command line says of an option of the run, which is no key of a study.

    It is taken out of the `options` and of the `config` that Snakemake has made of them. Raises
    StudyError where it is neither true nor false.
    """
    if name not in options:
        return False
    said = options.pop(name)
    config.pop(name, None)
    if not isinstance(said, bool):
        raise StudyError([f"--config {name}: expected true or false, found {said!r}"])
    return said


def _read(value: str) -> Any:
    """A value as YAML; a command line has no comments, so a # in a text is part of it."""
    if not value:
        return None
    if " #" in value and not value.lstrip().startswith(("{", "[", "'", '"')):
        return value
    return YAML(typ="safe", pure=True).load(value)


def _advice(name: str, value: str) -> str:
    """What to type instead of a value that is not YAML."""
    if value.startswith(("{", "[")):
        return (
            "Close each bracket and quotation mark, put a text with a # into quotation marks, and "
            "write a space after each colon, as in "
            "--config 'statistics={bootstrap_resamples: 500}'"
        )
    return f"To give it as a text, write {_typed(name, json.dumps(value, ensure_ascii=False))}"


def _typed(name: str, value: str) -> str:
    """An argument as a shell takes it."""
    return f"--config {shlex.quote(f'{name}={value}')}"


def _pressed(value: object) -> str | None:
    """A key such as a:5 in braces, which YAML reads as the name of a key without a value."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if inner is None and isinstance(key, str) and ":" in key:
                return key
            if (found := _pressed(inner)) is not None:
                return found
    return None
