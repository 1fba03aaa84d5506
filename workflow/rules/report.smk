# From predictions to scores, tables, figures and the page.

TABLES = registry.names("tables")  # each as csv, md and tex
FIGURES = registry.names("figures")  # each as svg and png


def labelled(folder, name, suffix):
    """A table or figure in Snakemake's report, labelled by its own docstring."""
    labels = {"name": name, "content": registry.caption(folder, name)}
    return report(f"{RESULTS}/{folder}/{name}.{suffix}", category=folder.capitalize(), labels=labels)


rule plan:
    """Keep what the experiment selected beside its results."""
    output:
        f"{RESULTS}/plan.json",
    log:
        "logs/plan.log",
    benchmark:
        "logs/plan.benchmark.jsonl"
    conda:
        "../../envs/ser.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(5),
    params:
        plan=PLAN.canonical(),
        code=catalog.fingerprint("ser.stages.plan"),
    shell:
        # an argument holds 128 KiB at most, and a plan of many systems is longer
        "ser plan --out {output} > {log} 2>&1 <<'PLAN'\n{params.plan}\nPLAN\n"


rule score:
    """WA, UA, recalls and confusions of every run, and pooled over folds."""
    input:
        plan=f"{RESULTS}/plan.json",
        runs=[f"{folder}/predictions.parquet" for folder in FOLDERS],
    output:
        scores=f"{RESULTS}/scores.parquet",
        confusions=f"{RESULTS}/confusions.parquet",
    log:
        "logs/score.log",
    benchmark:
        "logs/score.benchmark.jsonl"
    conda:
        "../../envs/ser.yaml"
    resources:
        mem_mb=growing(ALL_RUNS_MB),
        runtime=growing(30),
    params:
        code=catalog.fingerprint("ser.stages.score"),
    shell:
        "ser score --plan {input.plan} --scores {output.scores} --confusions {output.confusions} > {log} 2>&1"


rule render:
    """Tables, figures and index.html."""
    input:
        plan=f"{RESULTS}/plan.json",
        scores=f"{RESULTS}/scores.parquet",
        confusions=f"{RESULTS}/confusions.parquet",
        intervals=f"{RESULTS}/intervals.parquet",
        comparisons=f"{RESULTS}/comparisons.parquet",
        audits=audit_tables(),
        folds=[layout.folds(*division) for division in DIVISIONS],
        cards=[f"{folder}/run.json" for folder in FOLDERS],
        manifests=[layout.manifest(corpus) for corpus in CONFIG.experiment.corpora()],
        histories=[f"{folder}/history.parquet" for folder in FOLDERS],
        predictions=[f"{folder}/predictions.parquet" for folder in FOLDERS],
        attentions=[f"{folder}/attention.parquet" for folder in FOLDERS],
        audio=[layout.audio(name) / f"{n}.parquet" for name in CONFIG.experiment.corpora() for n in shards(name)],
        transcripts=recognised_shards,
    output:
        index=report(f"{RESULTS}/index.html", category="Report", labels={"name": "page", "content": "Everything below."}),
        tables=[labelled("tables", name, "csv") for name in TABLES],
        texts=expand(f"{RESULTS}/tables/{{name}}.{{suffix}}", name=TABLES, suffix=["md", "tex"]),
        figures=[labelled("figures", name, "svg") for name in FIGURES],
        pictures=expand(f"{RESULTS}/figures/{{name}}.png", name=FIGURES),
    log:
        "logs/report.log",
    benchmark:
        "logs/report.benchmark.jsonl"
    conda:
        "../../envs/ser.yaml"
    resources:
        mem_mb=growing(ALL_RUNS_MB),
        runtime=growing(30),
    params:
        out=subpath(output.index, parent=True),
        code=catalog.fingerprint("ser.stages.report", *registry.modules()),
        versions=versions("matplotlib", "jinja2", "scipy"),
    shell:
        "ser report --plan {input.plan} --scores {input.scores} --confusions {input.confusions}"
        " --intervals {input.intervals} --comparisons {input.comparisons} --out {params.out} > {log} 2>&1"


rule scores:
    """Target: the score tables."""
    input:
        f"{RESULTS}/scores.parquet",


rule report:
    """Target: the report."""
    input:
        f"{RESULTS}/index.html",
