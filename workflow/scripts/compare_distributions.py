from pathlib import Path

from emoalign.analyses.distributions.analysis import DistributionJob
from emoalign.analyses.distributions.compare import compare_distributions, dataset_files
from emoalign.stage import stage

with stage(snakemake.log[0]):
    compare_distributions(
        DistributionJob.model_validate(snakemake.params.job),
        dataset_files(
            snakemake.input.item_tables,
            snakemake.input.norms,
            snakemake.input.stimuli,
            snakemake.input.predictions,
        ),
        folder=Path(snakemake.output[0]).parent,
    )
