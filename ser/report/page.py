"""The page of a report: one HTML file that loads nothing from elsewhere."""

from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ser.report import drawing, registry
from ser.report.data.experiment import ReportData
from ser.report.data.results import Result
from ser.report.formats import count, duration
from ser.report.overview import overview

TEMPLATES = Path(__file__).parent / "templates"
# Sections in the order of the page. Others come last.
ORDER = (
    *("corpora", "label_maps", "recordings", "results", "transfer", "contrasts", "comparisons", "gap", "ranking"),
    *("dimensions", "confusions", "recalls", "speakers", "subgroups", "robustness", "assessment", "calibration"),
    *("raters", "label_sets", "mistakes", "claims", "arithmetic", "papers", "sweeps", "transcripts", "attention"),
    *("curves", "for_use", "protocols", "audit", "defaults", "environment", "sources", "runs"),
)
WA_UA = (
    'right = rows["predicted"] == rows["label"]',
    "wa = 100 * right.mean()",
    'ua = 100 * right.groupby(rows["label"]).mean().mean()',
    'print(f"WA {wa:.2f}  UA {ua:.2f}")',
)
CCC = (
    'x, y = (pd.DataFrame(rows[side].tolist()) for side in ("target", "predicted"))',
    "covariance = ((x - x.mean()) * (y - y.mean())).mean()",
    "ccc = 2 * covariance / (x.var(ddof=0) + y.var(ddof=0) + (x.mean() - y.mean()) ** 2)",
    'print(f"CCC {ccc.mean():.3f}", ccc.tolist())',
)


def render(data: ReportData) -> str:
    """Return the page as HTML with its styles, figures and script in it."""
    jinja = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    example = data.results[0]
    seed = example.seeds[0]
    return jinja.get_template("page.html").render(
        css=Markup((TEMPLATES / "page.css").read_text(encoding="utf-8")),
        title=data.title,
        experiment=data.plan.experiment,
        target=data.target,
        warnings=data.warnings,
        totals=_totals(data),
        overview=overview(data),
        sections=list(sections(data)),
        example=example,
        seed=seed,
        values={
            metric: data.notation.value.text(example.scores[metric].by_seed[seed])
            for metric in ("WA", "UA", "CCC")
            if metric in example.scores
        },
        snippet=snippet(example),
    )


def sections(data: ReportData) -> Iterator[dict[str, object]]:
    """Yield the sections that have a table with rows, a figure, or a sentence that says why there is none.

    name: of its tables and figures, and its anchor; figures: title and SVG of each; source: of the figures.
    """
    for name in dict.fromkeys((*ORDER, *registry.names())):
        module = registry.load(name)
        if not registry.about(module, data):
            continue
        tables = module.tables(data) if hasattr(module, "tables") else ()
        made = [one for one in tables if one.rows and one.page]
        drawn = drawing.for_page(module, name, data) if name in registry.names("figures") else []
        lead = getattr(module, "LEAD" if made or drawn else "EMPTY", "")
        lead = lead(data) if callable(lead) else lead
        if made or drawn or lead:
            found = {"name": name, "title": module.TITLE, "lead": lead, "tables": made, "figures": drawn}
            yield {**found, "source": getattr(module, "SOURCE", ())}


def snippet(result: Result) -> str:
    """Return Python that computes WA and UA, or CCC, of the first seed of ``result`` from its predictions."""
    first = result.records[0].run._replace(seed=result.seeds[0])
    folds = sorted(record.run.fold for record in result.records if record.run.seed == first.seed)
    lines = [
        "import pandas as pd",
        "",
        f"folder = {first.folder.parent.as_posix()!r}",
        f"folds = {folds!r}",
        'rows = pd.concat([pd.read_parquet(f"{folder}/fold{fold}/predictions.parquet") for fold in folds])',
        *(CCC if result.dimensions else WA_UA),
    ]
    return "\n".join(lines)


def _totals(data: ReportData) -> dict[str, str]:
    counted = {
        ("corpus", "corpora"): len({result.corpus for result in data.results}),
        ("protocol", "protocols"): len({result.protocol for result in data.results}),
        ("system", "systems"): len({result.system for result in data.results}),
        ("run", "runs"): len(data.records),
    }
    numbers = {names[number != 1]: count(number) for names, number in counted.items()}
    return numbers | {"training": duration(sum(record.seconds for record in data.records))}
