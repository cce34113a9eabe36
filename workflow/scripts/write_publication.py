from emoalign.stage import stage

with stage(snakemake.log[0], snakemake.params):
    from pathlib import Path

    from emoalign.analyses.analysis_files import AnalysisFiles
    from emoalign.publication.bundle import write_publication
    from emoalign.publication.publication_job import PublicationJob

    output = Path(snakemake.output[0]).parent
    write_publication(
        PublicationJob.model_validate(snakemake.params.job),
        AnalysisFiles(output.parent, [Path(path) for path in snakemake.input]),
        output,
    )
