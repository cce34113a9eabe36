"""Sentences on families of tests, in the methods of a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from emoalign.tables.families import FAMILIES, Adjustment, Family

SOURCES: dict[Adjustment, str] = {
    "false discovery rate": "@benjamini1995",
    "Holm": "@holm1979",
}
"""Where a way of adjusting p-values is from."""


def sentence(families: Sequence[Family] = FAMILIES) -> str:
    """Which tests are adjusted over which rows, and which confirm and which describe."""
    told = "Families of tests. "
    if confirmatory := list(_adjusted(families, confirmatory=True)):
        told += (
            "If planned before the data were seen, these are confirmatory: tests of "
            f"{'; of '.join(confirmatory)}. "
        )
    descriptive = list(_adjusted(families, confirmatory=False))
    if alone := [family.tests for family in families if not family.adjusted]:
        descriptive.append(f"{', of '.join(alone)}, not adjusted")
    tests = f"tests of {'; of '.join(descriptive)}; " if descriptive else ""
    return f"{told}These are descriptive: {tests}all intervals; and all scorecards of expectations."


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
        yield f"{' and of '.join(tests)}{each} adjusted over {rows} [{sources}]"
