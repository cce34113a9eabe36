"""The analyses, in the order in which readers of the report meet them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, create_model

from emoalign.analyses.alignment.analysis import ANALYSIS as ALIGNMENT
from emoalign.analyses.arousal.analysis import ANALYSIS as AROUSAL
from emoalign.analyses.base import Analysis, Settings
from emoalign.analyses.baselines.analysis import ANALYSIS as BASELINES
from emoalign.analyses.calibration.analysis import ANALYSIS as CALIBRATION
from emoalign.analyses.contrasts.analysis import ANALYSIS as CONTRASTS
from emoalign.analyses.distributions.analysis import ANALYSIS as DISTRIBUTIONS
from emoalign.analyses.estimates.analysis import ANALYSIS as ESTIMATES
from emoalign.analyses.expectations.analysis import ANALYSIS as EXPECTATIONS
from emoalign.analyses.explained.analysis import ANALYSIS as EXPLAINED
from emoalign.analyses.forms.analysis import ANALYSIS as FORMS
from emoalign.analyses.frameworks.analysis import ANALYSIS as FRAMEWORKS
from emoalign.analyses.generalizability.analysis import ANALYSIS as GENERALIZABILITY
from emoalign.analyses.groups.analysis import ANALYSIS as GROUPS
from emoalign.analyses.labels.analysis import ANALYSIS as LABELS
from emoalign.analyses.order.analysis import ANALYSIS as ORDER
from emoalign.analyses.participants.analysis import ANALYSIS as PARTICIPANTS
from emoalign.analyses.precision.analysis import ANALYSIS as PRECISION
from emoalign.analyses.preregistration.analysis import ANALYSIS as PREREGISTRATION
from emoalign.analyses.readouts.analysis import ANALYSIS as READOUTS
from emoalign.analyses.recitation.analysis import ANALYSIS as RECITATION
from emoalign.analyses.retest.analysis import ANALYSIS as RETEST
from emoalign.analyses.ridge.analysis import ANALYSIS as RIDGE
from emoalign.analyses.robustness.analysis import ANALYSIS as ROBUSTNESS
from emoalign.analyses.specifications.analysis import ANALYSIS as SPECIFICATIONS
from emoalign.analyses.spread.analysis import ANALYSIS as SPREAD
from emoalign.analyses.structure.analysis import ANALYSIS as STRUCTURE
from emoalign.analyses.substitution.analysis import ANALYSIS as SUBSTITUTION
from emoalign.analyses.transparency.analysis import ANALYSIS as TRANSPARENCY
from emoalign.analyses.variance.analysis import ANALYSIS as VARIANCE
from emoalign.report import contents
from emoalign.report.contents import PageSection
from emoalign.report.report_job import ReportJob
from emoalign.study.fields import Entry
from emoalign.study.settings import StatisticsSettings

EntryT = TypeVar("EntryT", bound=Entry)

PAGE: tuple[Analysis | PageSection, ...] = (
    ALIGNMENT,
    ROBUSTNESS,
    SPECIFICATIONS,
    FORMS,
    SUBSTITUTION,
    ESTIMATES,
    GROUPS,
    EXPLAINED,
    RIDGE,
    RECITATION,
    LABELS,
    TRANSPARENCY,
    contents.ITEMS,
    contents.DISAGREEMENTS,
    SPREAD,
    DISTRIBUTIONS,
    BASELINES,
    CALIBRATION,
    EXPECTATIONS,
    CONTRASTS,
    FRAMEWORKS,
    AROUSAL,
    STRUCTURE,
    VARIANCE,
    GENERALIZABILITY,
    RETEST,
    ORDER,
    PARTICIPANTS,
    contents.ANSWERS,
    READOUTS,
    contents.PEOPLE,
    PREREGISTRATION,
    contents.METHODS,
    contents.MEANING,
    contents.MANIFEST,
    PRECISION,
)
"""All analyses, and between them the sections of the report that belong to none."""

ANALYSES = tuple(part for part in PAGE if isinstance(part, Analysis))
FIGURES = tuple(figure for part in ANALYSES for figure in part.figures)
COMPUTATIONS = tuple(computation for part in ANALYSES for computation in part.computes)

if TYPE_CHECKING:
    FigureName = str
else:
    FigureName = Literal[tuple(figure.name for figure in FIGURES)]
    """The names that stand in `figures:` of a study."""

SHARED = Settings("statistics", StatisticsSettings, "Precision of estimates.")


def _given(entry: Entry | None) -> Entry:
    """What stands at an optional key, which does not stand there for nothing."""
    if entry is None:
        raise ValueError("expected keys with values: write {}, or leave the key out")
    return entry


def with_settings(entry: type[EntryT], settings: Iterator[Settings]) -> type[EntryT]:
    """An entry that has the settings of analyses as well, each under its key."""
    fields: dict[str, Any] = {
        key.key: (
            Annotated[key.entry | None, AfterValidator(_given)],
            Field(None, validate_default=False, description=key.description),
        )
        if key.optional
        else (key.entry, Field(default_factory=key.entry, description=key.description))
        for key in settings
    }
    made: type[EntryT] = create_model(
        entry.__name__, __base__=entry, __doc__=entry.__doc__, __module__=entry.__module__, **fields
    )
    return made


def settings_of_study() -> Iterator[Settings]:
    """The keys of a study that its analyses are set by."""
    yield SHARED
    yield from (analysis.settings for analysis in ANALYSES if analysis.settings)


def settings_of_report() -> Iterator[Settings]:
    """Those of them that the report tells of: the keys of analyses it shows."""
    yield SHARED
    yield from (
        analysis.settings for analysis in ANALYSES if analysis.settings and analysis.section
    )


REPORT_JOB = with_settings(ReportJob, settings_of_report())
"""The job of manifest and report, with the settings of the analyses it shows."""
