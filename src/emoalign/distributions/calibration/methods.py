"""All families of calibrators by name, and any fitted one as it is saved."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field, TypeAdapter

from emoalign.distributions.calibration.calibrator import Family
from emoalign.distributions.calibration.cumulative_logit import (
    CumulativeLogit,
    CumulativeLogitFamily,
)
from emoalign.distributions.calibration.dirichlet import Dirichlet, DirichletFamily
from emoalign.distributions.calibration.isotonic import Isotonic, IsotonicFamily
from emoalign.distributions.calibration.mixture import Mixture, MixtureFamily
from emoalign.distributions.calibration.references import (
    Marginal,
    MarginalFamily,
    Unchanged,
    UnchangedFamily,
)
from emoalign.distributions.calibration.scaling import Bias, BiasFamily, Vector, VectorFamily
from emoalign.distributions.calibration.temperature import Temperature, TemperatureFamily
from emoalign.distributions.kinds import Kind
from emoalign.study.calibration import Method

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
