"""Both scorecards: the results of other analyses beside expectations from published studies."""

from __future__ import annotations

import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.base import ComparisonJob
from emoalign.analyses.expectations.analysis import ExpectationJob
from emoalign.analyses.expectations.of_distributions import (
    DistributionTables,
    distribution_scorecard,
)
from emoalign.analyses.expectations.of_means import scorecard_rows
from emoalign.items.rated_items import correlated, rated_items, read_items
from emoalign.tables import (
    ALIGNMENT,
    AROUSAL,
    CALIBRATION,
    DISTRIBUTION_CONTRASTS,
    DISTRIBUTION_SCORECARD,
    ENTROPY,
    FRAMEWORK,
    SCORECARD,
    TRANSPARENCY_GRADIENT,
)


def check_expectations(job: ExpectationJob, files: AnalysisFiles) -> None:
    """Write the scorecard of means and that of distributions."""
    files.write(SCORECARD, scored_means(job, files))
    of_distributions = DistributionTables(
        files.table(ENTROPY),
        files.table(DISTRIBUTION_CONTRASTS),
        files.table(CALIBRATION),
        _gradient(files),
    )
    files.write(DISTRIBUTION_SCORECARD, distribution_scorecard(job.labels, of_distributions))


def scored_means(job: ComparisonJob, files: AnalysisFiles) -> pd.DataFrame:
    """The scorecard of means."""
    items = read_items(files.by_dataset("items").values())
    rated = list(rated_items(items, job.datasets))
    correlations = correlated(rated, job.seed, job.bootstrap_resamples)
    tables = {
        "alignment": files.table(ALIGNMENT),
        "framework": files.table(FRAMEWORK),
        "arousal": files.table(AROUSAL),
    }
    return scorecard_rows(rated, correlations, tables)


def _gradient(files: AnalysisFiles) -> pd.DataFrame:
    """The gradient of transparency, without rows in a study without labels."""
    if files.has(TRANSPARENCY_GRADIENT):
        return files.table(TRANSPARENCY_GRADIENT)
    return pd.DataFrame(columns=TRANSPARENCY_GRADIENT.schema.names)
