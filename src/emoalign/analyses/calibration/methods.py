"""All families of calibrators by name, and any fitted one as it is saved."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field, TypeAdapter

from emoalign.analyses.calibration.analysis import Method
from emoalign.analyses.calibration.calibrator import Family
from emoalign.analyses.calibration.cumulative_logit import CumulativeLogit, CumulativeLogitFamily
from emoalign.analyses.calibration.dirichlet import Dirichlet, DirichletFamily
from emoalign.analyses.calibration.isotonic import Isotonic, IsotonicFamily
from emoalign.analyses.calibration.mixture import Mixture, MixtureFamily
from emoalign.analyses.calibration.references import (
    Marginal,
    MarginalFamily,
    Unchanged,
    UnchangedFamily,
)
from emoalign.analyses.calibration.scaling import Bias, BiasFamily, Vector, VectorFamily
from emoalign.analyses.calibration.temperature import Temperature, TemperatureFamily
from emoalign.analyses.distributions.kinds import Kind

Calibrator = Annotated[
    Unchanged
    | Marginal
    | Temperature
    | Bias
    | Isotonic
    | Mixture
    | Vector
    | Dirichlet
    | CumulativeLogit,
    Field(discriminator="method"),
]
"""Any fitted calibrator; the key method tells which."""

CALIBRATOR: TypeAdapter[Calibrator] = TypeAdapter(Calibrator)

FAMILIES: dict[Method, Family] = {
    "temperature": TemperatureFamily(),
    "bias": BiasFamily(),
    "isotonic": IsotonicFamily(),
    "mixture": MixtureFamily(),
    "vector": VectorFamily(),
    "dirichlet": DirichletFamily(),
    "cumulative_logit": CumulativeLogitFamily(),
}


def fitting(methods: Iterable[Method], kind: Kind) -> dict[str, Family]:
    """The families of these names that are for a kind of scale, after `none` and `marginal`,
    which others are compared with."""
    wanted = set(methods)
    chosen: dict[str, Family] = {
        name: family for name, family in FAMILIES.items() if name in wanted and kind in family.kinds
    }
    return {"none": UnchangedFamily(), "marginal": MarginalFamily(), **chosen}
