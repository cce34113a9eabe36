"""The sentences on families of tests in the methods text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from emoalign.tables.families import FAMILIES, Adjustment, Family
from emoalign.wording import listed

SOURCES: dict[Adjustment, str] = {
    "false discovery rate": "@benjamini1995",
    "Holm": "@holm1979",
}
"""The source of each way of adjusting p-values."""


def sentence(families: Sequence[Family] = FAMILIES) -> str:
    """Sentences on which tests are adjusted together, and which are confirmatory."""
    told = "Families of tests. "
    if confirmatory := list(_adjusted(families, confirmatory=True)):
        told += (
            "The following tests are confirmatory if they were planned before the data were "
            f"collected: {'; '.join(confirmatory)}. "
        )
    descriptive = list(_adjusted(families, confirmatory=False))
    if alone := [family.tests for family in families if not family.adjusted]:
        descriptive.append(f"tests of {listed(alone)}, which are not adjusted")
    tests = "; ".join([*descriptive, "all confidence intervals"])
    return f"{told}The following are descriptive: {tests}; and the scorecard of expectations."


def _adjusted(families: Sequence[Family], *, confirmatory: bool) -> Iterator[str]:
    """Tests that are adjusted over the same rows in the same way, together."""
    alike: dict[tuple[str, tuple[Adjustment, ...]], list[str]] = {}
    for family in families:
        if family.adjusted and family.confirmatory == confirmatory:
            how = tuple(family.adjusted.values())
            alike.setdefault((family.rows, how), []).append(family.tests)
    for (rows, how), tests in alike.items():
        each = ", each" if len(tests) > 1 else ","
        sources = "; ".join(SOURCES[one] for one in how)
        yield f"tests of {listed(tests)}{each} adjusted over {rows} [{sources}]"
