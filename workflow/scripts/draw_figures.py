from emoalign.stage import stage

with stage(snakemake.log[0], snakemake.params):
    from pathlib import Path

    from emoalign.analyses.catalogue import FIGURES
    from emoalign.figures.drawing import draw_figures
    from emoalign.figures.figure_job import FigureJob

    draw_figures(
        FIGURES,
        FigureJob.model_validate(snakemake.params.job),
        results=Path(snakemake.input[0]).parents[1],
    )
