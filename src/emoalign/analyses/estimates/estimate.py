"""Norms of all items of a study, estimated scale by scale from those that people rated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.estimates.analysis import EMBEDDING, ESTIMATES, EstimatesJob
from emoalign.analyses.estimates.distributions import pooled_distributions
from emoalign.embeddings.embedding import embedded
from emoalign.items.clusters import ItemClusters
from emoalign.statistics.estimation.estimated import (
    Estimated,
    Known,
    TooFewRated,
    estimated,
)
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.resampling import Keys
from emoalign.statistics.seeds import seed_of
from emoalign.study.scales import HumanScale
from emoalign.tables import ESTIMATES as NORMS_ESTIMATED
from emoalign.tables import (
    ESTIMATION,
    ESTIMATION_CURVE,
    ESTIMATION_WEIGHTS,
    NORMS,
    STATUSES,
    STIMULI,
    Table,
    read_parquet,
)

CELL = ("model", "protocol", "readout")

LABELS = "labels have no mean; only means on scales of numbers are estimated"

NOTHING = "no model has a mean of any item, and there is no embedding"
