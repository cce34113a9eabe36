"""The sentences on families of tests in the methods text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from emoalign.tables.families import FAMILIES, Adjustment, Family
from emoalign.wording import listed

SOURCES: dict[Adjustment, str] = {
    "false discovery rate": "adjusted for the false discovery rate [@benjamini1995]",
    "false discovery rate under dependency": "adjusted for the false discovery rate under "
    "dependency [@benjamini2001]",
    "Holm": "Holm-adjusted [@holm1979]",
}
"""Each way of adjusting p-values, with its source."""


_UNASKED = (
    ("same readout and ", "same "),
    (" with the same readout", ""),
    (", or of protocols,", ""),
    (", of protocols,", ","),
)
"""What families say of protocols and readouts, and what is left of it without them."""


def sentence(families: Sequence[Family] = FAMILIES, *, asked: bool = True) -> str:
    """Sentences on which p-values are adjusted together, and which describe.

    A study in which nothing was `asked` has no protocols and one way of reading answers.
    Of several adjusted p-values of a test, the first is named: it is the one that is used.
    """
    told = []
    if any(family.adjusted for family in families):
        told.append("The p-values were adjusted within families of tests.")
    told += _adjusted(families, asked, confirmatory=True)
    told += [
        f"{one[:-1]}; they are descriptive."
        for one in _adjusted(families, asked, confirmatory=False)
    ]
    if alone := [f"of {family.tests}" for family in families if not family.adjusted]:
        told.append(f"The p-values {listed(alone)} are descriptive and were not adjusted.")
    return " ".join([*told, "Confidence intervals were not adjusted."])


def _adjusted(families: Sequence[Family], asked: bool, *, confirmatory: bool) -> Iterator[str]:
    """A sentence on the tests that are adjusted over the same rows in the same way."""
    alike: dict[tuple[str, Adjustment], list[str]] = {}
    for family in families:
        if family.adjusted and family.confirmatory == confirmatory:
            how = next(iter(family.adjusted.values()))
            alike.setdefault((family.rows, how), []).append(f"of {family.tests}")
    for (rows, how), tests in alike.items():
        each = ", each" if len(tests) > 1 else ""
        over = rows if asked else _of_one_readout(rows)
        yield f"Those {listed(tests)} were {SOURCES[how]}{each} over {over}."


def _of_one_readout(rows: str) -> str:
    """What tests are adjusted over, where there are no protocols and one readout."""
    for said, instead in _UNASKED:
        rows = rows.replace(said, instead)
    return rows
