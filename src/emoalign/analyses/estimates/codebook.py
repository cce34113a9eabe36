"""The codebook of wide tables: what each column holds, its source and its formula."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from emoalign.analyses.estimates.filed import FiledDataset
from emoalign.analyses.estimates.wide import SEPARATOR, Role, Variable, WideTable
from emoalign.report.references import entries, reference
from emoalign.study.fields import Range
from emoalign.tables import CODEBOOK
from emoalign.tables.estimates import FLAGS
from emoalign.wording import READOUTS

BREIMAN = "Breiman (1996), Machine Learning, 24, 49–64. doi:10.1007/BF00117832"
BARBER = "Barber et al. (2021), Annals of Statistics, 49, 486–507. doi:10.1214/20-AOS1965"

APOSTROPHE = (
    "In the CSV, an apostrophe stands before a text that begins with =, +, -, @, a tab or a line "
    "break; read.R takes it away."
)

LEARNT = "models' ratings, with the weights of statistics/estimation_weights.csv"

FORMULAS = {
    "sampled": "mean of the ratings in the model's answers",
    "exact": "sum of point × probability of the answer, over the points of the scale",
    "decision": "sum of point × probability, over the points of the scale",
    "stated": "mean of the distribution that the model wrote, over its answers",
}
"""How a model's mean comes about, by readout."""


@dataclass(frozen=True)
class Meaning:
    """What a codebook says of a kind of column; {…} are filled in."""

    label: str
    missing: str | None = None
    values: str | None = None
    formula: str | None = None
    citation: str | None = None
    in_points: bool = False
    minimum: float | None = None
    maximum: float | None = None


MEANINGS: dict[Role, Meaning] = {
    "id": Meaning("Id of the item in the dataset", values=APOSTROPHE),
    "text": Meaning("The item: its text, or the name of its image", values=APOSTROPHE),
    "M": Meaning(
        "{scale}: estimated mean rating of people",
        missing="not estimated",
        formula="intercept + sum of weight × standardised predictor (models' means, and a "
        "regression on the embedding where one is used), with weights of at least 0, learnt from "
        "rated items; of a rated item, from other folds than its own",
        citation=BREIMAN,
        in_points=True,
    ),
    "SD": Meaning(
        "{scale}: estimated SD of people's ratings",
        missing="SDs of people are unknown",
        formula="exp of a ridge regression of people's log SD on the estimated mean, its squared "
        "distance from the middle of the scale, and the models' log SDs",
        minimum=0,
    ),
    "low": Meaning(
        "{scale}: lower end of the {coverage} interval for the mean that other people would give",
        missing="not estimated",
        formula="CV+ by clusters and thirds of the estimated means, cut to the scale",
        citation=BARBER,
        in_points=True,
    ),
    "high": Meaning(
        "{scale}: upper end of the {coverage} interval for the mean that other people would give",
        missing="not estimated",
        formula="CV+ by clusters and thirds of the estimated means, cut to the scale",
        citation=BARBER,
        in_points=True,
    ),
    "rated": Meaning(
        "{scale}: whether people rated the item",
        missing="not estimated",
        values="0 = nobody rated it; 1 = people rated it",
        minimum=0,
        maximum=1,
    ),
    "flags": Meaning(
        f"{{scale}}: what speaks against the estimate, joined by {SEPARATOR}",
        missing="nothing",
        values="; ".join(f"{flag} = {why}" for flag, why in FLAGS.items()),
    ),
    "human.M": Meaning(
        "{scale}: mean rating of people",
        missing="nobody rated it",
        formula="mean of people's ratings, as published or computed from single ratings",
        in_points=True,
    ),
    "human.SD": Meaning(
        "{scale}: SD of people's ratings",
        missing="nobody rated it, fewer than two did, or the SD is unknown",
        formula="SD of people's ratings (n − 1), as published or computed from single ratings",
        minimum=0,
    ),
    "human.N": Meaning(
        "{scale}: number of people's ratings",
        missing="nobody rated it, or the number is unknown",
        minimum=0,
    ),
    "model": Meaning(
        "{scale}: mean rating of the model {model}",
        missing="no answer was a rating",
        in_points=True,
    ),
}
"""What stands in the columns of each kind."""


def codebook(name: str, dataset: FiledDataset, table: WideTable, coverage: float) -> pd.DataFrame:
    """The rows of a codebook for the wide table of a dataset, one for each column, in its order.

    `coverage` is that which intervals were made for, such as 0.9.
    """
    cited = cited_as(dataset.citation)
    rows = [
        {"dataset": name, "variable": variable.name, "type": variable.type}
        | _row(variable, dataset, cited, f"{100 * coverage:g}%")
        for variable in table.variables
    ]
    return pd.DataFrame(rows, columns=CODEBOOK.schema.names)


def cited_as(bibtex: str) -> str:
    """The sources of a dataset as a list of references has them; as they are where that fails."""
    read = [source for source in entries(bibtex) if {"author", "year", "title"} <= set(source)]
    if not read:
        return " ".join(bibtex.split())
    return " ".join("".join(piece.text for piece in reference(source)) for source in read)


def _row(variable: Variable, dataset: FiledDataset, cited: str, coverage: str) -> dict[str, object]:
    meaning = MEANINGS[variable.role]
    scale = dataset.scales.get(variable.scale)
    model, protocol, readout = variable.cell or ("", "", "")
    label = meaning.label.format(scale=variable.scale, coverage=coverage, model=model)
    of_people = variable.role in ("id", "text", "rated") or variable.role.startswith("human.")
    source = f"{model}, protocol {protocol}: {READOUTS[readout]}" if variable.cell else None
    return {
        "label": label[0].upper() + label[1:],
        "unit": _unit(variable, scale),
        "minimum": scale.min if scale and meaning.in_points else meaning.minimum,
        "maximum": scale.max if scale and meaning.in_points else meaning.maximum,
        "values": meaning.values,
        "missing": meaning.missing,
        "source": dataset.title if of_people else source or LEARNT,
        "formula": FORMULAS[readout] if variable.cell else meaning.formula,
        "citation": cited if of_people else meaning.citation,
    }


def _unit(variable: Variable, scale: Range | None) -> str | None:
    if scale is None or variable.role in ("rated", "flags"):
        return None
    if variable.role == "human.N":
        return "ratings"
    return f"points of a scale from {scale.min:g} to {scale.max:g}"
