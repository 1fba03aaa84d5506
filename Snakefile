# Speech emotion recognition: recordings -> features -> folds -> runs -> report.
#
#   snakemake --cores 8 --resources gpu=1                                      the demo experiment, from nothing to report
#   snakemake … --configfile config/experiments/ravdess.yaml                   another experiment
#   snakemake … features | folds | audits | train | scores | comparisons | report    up to one stage
#
# What may be configured stands in config/README.md; what every folder holds in docs/architecture.md.
from snakemake.utils import min_version

min_version("9.13")


configfile: f"{workflow.basedir}/config/config.yaml"


shell.prefix('export SER_SCHEDULER="$PPID:$$"; ')  # a job ends with the Snakemake that started it


include: "workflow/rules/common.smk"
include: "workflow/rules/storage.smk"
include: "workflow/rules/jobs.smk"
include: "workflow/rules/words.smk"
include: "workflow/rules/corpora.smk"
include: "workflow/rules/features.smk"
include: "workflow/rules/transcripts.smk"
include: "workflow/rules/folds.smk"
include: "workflow/rules/audit.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/compare.smk"
include: "workflow/rules/report.smk"


rule all:
    """The report of the experiment, and every run that it speaks of."""
    default_target: True
    input:
        f"{RESULTS}/index.html",
        # a lost file is not made anew behind a table that is there, unless it is asked for
        [run.folder / "predictions.parquet" for run in RUNS],
        read_shards(),


localrules:
    all,
    manifests,
    features,
    folds,
    audits,
    train,
    scores,
    comparisons,
    report,
