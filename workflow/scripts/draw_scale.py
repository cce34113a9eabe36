from pathlib import Path

from emoalign.figures.drawing import draw_scale
from emoalign.stage import stage
from emoalign.study.jobs import FigureJob

with stage(snakemake.log[0]):
    draw_scale(
        FigureJob.model_validate(snakemake.params.job),
        snakemake.wildcards.dataset,
        snakemake.wildcards.scale,
        items=Path(snakemake.input.item_table),
        stimuli=Path(snakemake.input.stimuli),
        alignment=Path(snakemake.input.alignment),
        folder=Path(snakemake.output[0]).parent,
    )
