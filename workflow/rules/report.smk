"""The report, and the manifest with the origin of its numbers."""

REPORT = reported(loaded)
SECTIONS = analyses.sections()

STIMULI = expand(
    f"{RESULTS}/stimuli/{{dataset}}.parquet", dataset=sorted(loaded.datasets)
)


rule report:
    """Stage target: the report and the manifest."""
    input:
        rules.all.input,


rule write_manifest:
    """The study's configuration and the notes in its files in; the origin of all results out."""
    input:
        unprepared,
        ratings=rating_files,
        completions=completion_files,
        stimuli=STIMULI,
    output:
        report(
            f"{RESULTS}/manifest.json",
            caption="../captions/manifest.rst",
            category="Report",
            labels={"file": "manifest"},
        ),
    log:
        f"{RESULTS}/logs/write_manifest.log",
    benchmark:
        f"{RESULTS}/benchmarks/write_manifest.tsv"
    localrule: True
    conda:
        "../envs/emoalign.yaml"
    params:
        job=REPORT.params(),
    script:
        "../scripts/write_manifest.py"


rule write_report:
    """Items, statistics, figures, ratings, manifest in; one self-contained HTML file out."""
    input:
        unprepared,
        ratings=rating_files,
        stimuli=STIMULI,
        item_tables=expand(
            f"{RESULTS}/items/{{dataset}}.parquet", dataset=sorted(loaded.datasets)
        ),
        manifest=f"{RESULTS}/manifest.json",
        tables=sorted(
            {f"{RESULTS}/{table}" for tables in SECTIONS.values() for table in tables}
        ),
        pictures=[path for path in rules.figures.input if path.endswith(".png")],
    output:
        report(
            f"{RESULTS}/report.html",
            caption="../captions/report.rst",
            category="Report",
            labels={"file": "report"},
        ),
    log:
        f"{RESULTS}/logs/write_report.log",
    benchmark:
        f"{RESULTS}/benchmarks/write_report.tsv"
    localrule: True
    conda:
        "../envs/emoalign.yaml"
    params:
        job=REPORT.params(),
        sections=SECTIONS,
    script:
        "../scripts/write_report.py"
