"""The files of a report: the page, every table as CSV, Markdown and LaTeX, every figure as SVG and PNG."""

from collections.abc import Iterator

from ser.report import drawing, page, registry, table
from ser.report.data.experiment import ReportData


def files(data: ReportData) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every file."""
    for name in registry.names("tables"):
        section = registry.load(name)
        made = section.tables(data)
        frame = section.csv(data) if hasattr(section, "csv") else table.frame(made)
        yield f"tables/{name}.csv", table.csv(frame).encode()
        yield f"tables/{name}.md", table.markdown(made, f"{data.title}: {section.TITLE}").encode()
        yield f"tables/{name}.tex", table.latex(made).encode()
    for name in registry.names("figures"):
        figure = drawing.for_file(registry.load(name), data)
        for kind in ("svg", "png"):
            yield f"figures/{name}.{kind}", drawing.encode(figure, kind)
    yield "index.html", page.render(data).encode()
