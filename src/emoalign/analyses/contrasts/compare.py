"""The comparison stage: models, protocols, scales and frameworks against each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from emoalign.analyses.arousal.arousal_rows import (
    arousal_item_rows,
    arousal_rows,
    residual_rows,
)
from emoalign.analyses.contrasts.analysis import ComparisonJob
from emoalign.analyses.contrasts.contrast_rows import contrast_rows
from emoalign.analyses.expectations.scorecard import scorecard_rows
from emoalign.analyses.frameworks.framework_rows import framework_rows
from emoalign.items.rated_items import RatedItems, Rater, rated_items, read_items
from emoalign.statistics.replicates import Replicates, pearson_replicates
from emoalign.statistics.seeds import seed_of
from emoalign.tables import (
    ALIGNMENT,
    AROUSAL,
    AROUSAL_ITEMS,
    CONTRASTS,
    FRAMEWORK,
    RESIDUALS,
    SCORECARD,
)


def compare(job: ComparisonJob, items: Sequence[Path], alignment: Path, folder: Path) -> None:
    """Write contrasts, framework, arousal, arousal_items, residuals and scorecard, as Parquet and
    CSV.

    The tables do not depend on the order of the files or of their rows.
    """
    rated = list(rated_items(read_items(items), job.datasets))
    correlations = correlated(rated, job)
    framework = framework_rows(rated, correlations, job)
    arousal = arousal_rows(rated, job)
    CONTRASTS.write_both(contrast_rows(rated, job), folder)
    FRAMEWORK.write_both(framework, folder)
    AROUSAL.write_both(arousal, folder)
    arousal_items = arousal_item_rows(rated, job)
    AROUSAL_ITEMS.write_both(arousal_items, folder)
    RESIDUALS.write_both(residual_rows(arousal_items, job.worst_items), folder)
    tables = {"alignment": ALIGNMENT.read(alignment), "framework": framework, "arousal": arousal}
    SCORECARD.write_both(scorecard_rows(rated, correlations, tables), folder)


def correlated(
    rated: Sequence[RatedItems], job: ComparisonJob
) -> dict[tuple[str, str, Rater], dict[str, Replicates]]:
    """Correlations with people by dataset, readout and rater, then by scale, with replicates."""
    found: dict[tuple[str, str, Rater], dict[str, Replicates]] = {}
    for one in rated:
        seed = seed_of(job.seed, one.dataset, "items")
        for rater, model in zip(one.raters, one.model, strict=True):
            cells = pearson_replicates(model, one.human, job.bootstrap_resamples, seed)
            found[one.dataset, one.readout, rater] = dict(zip(one.scales, cells, strict=True))
    return found
