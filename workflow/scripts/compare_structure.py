from pathlib import Path

from emoalign.stage import stage
from emoalign.statistics.structure_rows import compare_structure
from emoalign.study.jobs import StructureJob

with stage(snakemake.log[0]):
    compare_structure(
        StructureJob.model_validate(snakemake.params.job),
        items=[Path(path) for path in snakemake.input.item_tables],
        folder=Path(snakemake.output[0]).parent,
    )
