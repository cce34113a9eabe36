from pathlib import Path

from emoalign.analyses.structure.analysis import StructureJob
from emoalign.analyses.structure.structure_rows import compare_structure
from emoalign.stage import stage

with stage(snakemake.log[0]):
    compare_structure(
        StructureJob.model_validate(snakemake.params.job),
        items=[Path(path) for path in snakemake.input.item_tables],
        folder=Path(snakemake.output[0]).parent,
    )
