from pathlib import Path

from emoalign.figures.drawing import draw_figures
from emoalign.figures.drawing_job import FigureJob
from emoalign.stage import stage

with stage(snakemake.log[0]):
    draw_figures(
        FigureJob.model_validate(snakemake.params.job),
        results=Path(snakemake.input[0]).parents[1],
    )
