from pathlib import Path

from emoalign.analyses.contrasts.analysis import ComparisonJob
from emoalign.analyses.contrasts.compare import compare
from emoalign.stage import stage

with stage(snakemake.log[0]):
    compare(
        ComparisonJob.model_validate(snakemake.params.job),
        items=[Path(path) for path in snakemake.input.item_tables],
        alignment=Path(snakemake.input.alignment),
        folder=Path(snakemake.output[0]).parent,
    )
