"""The packages that baselines need besides those of emoalign: the extra `finetune`."""

from __future__ import annotations

from importlib.util import find_spec

from emoalign.errors import BaselineError

REQUIREMENTS = ("torch>=2.8", "transformers>=5.0", "safetensors>=0.6")
"""The extra, as pyproject.toml has it."""

PACKAGES = tuple(requirement.split(">")[0] for requirement in REQUIREMENTS)


def missing() -> tuple[str, ...]:
    """The packages that are not installed; none of them is imported."""
    return tuple(package for package in PACKAGES if find_spec(package) is None)


def require(asked_by: str) -> None:
    """Raise BaselineError with what to install unless all packages are there."""
    if lacking := missing():
        raise BaselineError(
            f"{asked_by} needs {' and '.join(lacking)}, which this Python does not have. In the "
            f"same environment: pip install {' '.join(map(repr, REQUIREMENTS))}; or take "
            "`baselines` out of the study. docs/baselines.md has the steps"
        )
