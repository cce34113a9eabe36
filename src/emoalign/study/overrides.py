"""Values given on the command line (--config name=value), read as they would be in the file."""

from __future__ import annotations

from collections.abc import Iterable
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
            read[name] = YAML(typ="safe", pure=True).load(value) if value else None
        except (YAMLError, ValueError) as error:
            reason = str(getattr(error, "problem", None) or error).splitlines()[0]
            problems.append(
                f"--config {name}: not valid YAML: {reason}, found {value!r} (write, for example, "
                "--config 'statistics={bootstrap_resamples: 500}', with a space after the "
                "colon)"
            )
    if problems:
        raise StudyError(problems)
    return read
