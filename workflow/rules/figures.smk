"""Figures, each as PDF and as PNG with 300 dpi: those of the study that apply to it."""

FIGURES = figures(loaded)


rule figures:
    """Stage target: all figures."""
    input:
        [path for drawn in FIGURES.values() for path in drawn.files(RESULTS)],


for job_name, drawn in FIGURES.items():

    rule:
        """Tables in; all figures of the study, or of one dataset and its scales, out."""
        name:
            job_name
        input:
            drawn.tables(RESULTS),
        output:
            drawn.files(RESULTS, "pdf"),
            [
                report(
                    file,
                    caption="../captions/figure.rst",
                    category="Figures",
                    subcategory=drawn.dataset or "all datasets",
                    labels={"figure": figure.title},
                )
                for figure, file in zip(drawn.figures, drawn.files(RESULTS, "png"))
            ],
        log:
            f"{RESULTS}/logs/{job_name}.log",
        benchmark:
            f"{RESULTS}/benchmarks/{job_name}.tsv"
        localrule: drawn.dataset is None
        conda:
            "../envs/emoalign.yaml"
        params:
            job=drawn.job.params(),
        script:
            "../scripts/draw_figures.py"
