from pathlib import Path

from emoalign.figures.drawing import draw_figure
from emoalign.figures.drawing_job import FigureJob
from emoalign.stage import stage

with stage(snakemake.log[0]):
    draw_figure(
        FigureJob.model_validate(snakemake.params.job),
        tables=[Path(path) for path in snakemake.input],
        output=Path(snakemake.output[0]).with_suffix(""),
    )
