"""Figures, each as PDF and as PNG with 300 dpi: those of the study that apply to it."""

import re

FIGURES = figures(loaded)


rule figures:
    """Stage target: all figures."""
    input:
        expand(
            f"{RESULTS}/figures/{{figure}}.{{kind}}",
            figure=FIGURES,
            kind=["pdf", "png"],
        ),


rule draw_figure:
    """The tables a figure is drawn from in; the figure out."""
    input:
        lambda wildcards: FIGURES[wildcards.figure].tables(RESULTS),
    output:
        f"{RESULTS}/figures/{{figure}}.pdf",
        f"{RESULTS}/figures/{{figure}}.png",
    log:
        f"{RESULTS}/logs/draw_figure/{{figure}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/draw_figure/{{figure}}.tsv"
    wildcard_constraints:
        figure="|".join(map(re.escape, FIGURES)) or "(?!)",
    localrule: True
    conda:
        "../envs/emoalign.yaml"
    params:
        job=lambda wildcards: FIGURES[wildcards.figure].job.params(),
    script:
        "../scripts/draw_figure.py"
