# Params and outputs of the rules from folds to the report.
from ser.config.options import local_files
from ser.report import registry
from ser.stages.plan import PlanJob
from ser.stages.split import SplitJob

TABLES = registry.names("tables")  # each as csv, md and tex
FIGURES = registry.names("figures")  # each as svg and png


@exit_on_error
def split_job(wildcards):
    corpus, name = wildcards.corpus, wildcards.protocol
    return SplitJob.params(corpus=corpus, name=name, protocol=CONFIG.protocols[name], folds=folds_of(corpus, name)[0])


@exit_on_error
def protocol_files(wildcards):
    """Lists of folds that the protocol reads."""
    return [literal(path) for path in local_files(CONFIG.protocols[wildcards.protocol])]


def fingerprint_shards(wildcards):
    return [f"data/{wildcards.corpus}/fingerprints/{shard}.parquet" for shard in shards(wildcards.corpus)]


@exit_on_error
def plan_job():
    return PlanJob.params(plan=PLAN)


def labelled(folder, name, suffix):
    """A table or figure in Snakemake's report, labelled by its own docstring."""
    labels = {"name": name, "content": registry.caption(name)}
    return report(f"{RESULTS}/{folder}/{name}.{suffix}", category=folder.capitalize(), labels=labels)
