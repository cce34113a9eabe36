from pathlib import Path

from emoalign.figures.drawing import draw_overview
from emoalign.stage import stage
from emoalign.study.jobs import FigureJob

with stage(snakemake.log[0]):
    draw_overview(
        FigureJob.model_validate(snakemake.params.job),
        alignment=Path(snakemake.input.alignment),
        folder=Path(snakemake.output[0]).parent,
    )
