# From predictions to scores, tables, figures and the page.

TABLES = {
    "results": "WA and UA of every system under every protocol, beside the published numbers",
    "recalls": "Recall of every class",
    "papers": "The papers' tables, our numbers beside the printed ones",
}


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
        mem_mb=500,
        runtime=5,
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
        runs=[run.folder / "predictions.parquet" for run in RUNS],
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
        mem_mb=2000,
        runtime=30,
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
        cards=[run.folder / "run.json" for run in RUNS],
        manifests=[layout.manifest(corpus) for corpus in CONFIG.experiment.corpora()],
        histories=[run.folder / "history.parquet" for run in RUNS],
        predictions=[run.folder / "predictions.parquet" for run in RUNS],
        attentions=[run.folder / "attention.parquet" for run in RUNS],
        audio=[layout.audio(name) / f"{n}.parquet" for name in CONFIG.experiment.corpora() for n in shards(name)],
        transcripts=recognised_shards,
    output:
        index=report(f"{RESULTS}/index.html", caption="../report/page.rst", category="Report"),
        results=report(
            f"{RESULTS}/tables/results.csv",
            caption="../report/results.rst",
            category="Tables",
        ),
        recalls=report(
            f"{RESULTS}/tables/recalls.csv",
            caption="../report/recalls.rst",
            category="Tables",
        ),
        runs=f"{RESULTS}/tables/runs.csv",
        papers=report(
            f"{RESULTS}/tables/papers.csv",
            caption="../report/papers.rst",
            category="Tables",
        ),
        transcripts=f"{RESULTS}/tables/transcripts.csv",
        sweeps=f"{RESULTS}/figures/sweeps.svg",
        other=expand(
            f"{RESULTS}/tables/{{table}}.{{suffix}}",
            table=TABLES,
            suffix=["md", "tex"],
        ),
        confusions=report(
            f"{RESULTS}/figures/confusions.svg",
            caption="../report/confusions.rst",
            category="Figures",
        ),
        curves=report(
            f"{RESULTS}/figures/curves.svg",
            caption="../report/curves.rst",
            category="Figures",
        ),
        gap=report(
            f"{RESULTS}/figures/gap.svg",
            caption="../report/gap.rst",
            category="Figures",
        ),
        attention=report(
            f"{RESULTS}/figures/attention.svg",
            caption="../report/attention.rst",
            category="Figures",
        ),
    log:
        "logs/report.log",
    benchmark:
        "logs/report.benchmark.jsonl"
    conda:
        "../../envs/ser.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        out=subpath(output.index, parent=True),
        code=catalog.fingerprint("ser.stages.report"),
        versions=versions("matplotlib", "jinja2"),
    shell:
        "ser report --plan {input.plan} --scores {input.scores} --confusions {input.confusions} --out {params.out}"
        " > {log} 2>&1"


rule scores:
    """Target: the score tables."""
    input:
        f"{RESULTS}/scores.parquet",


rule report:
    """Target: the report."""
    input:
        f"{RESULTS}/index.html",
