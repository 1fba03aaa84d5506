"""The files of a report: the page, every table as CSV, Markdown and LaTeX, every figure as SVG and PNG."""

from collections.abc import Iterator

from ser.report import drawing, page, registry, table
from ser.report.data.experiment import ReportData


def files(data: ReportData) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every file."""
    for name in registry.names("tables"):
        section = registry.load(name)
        about = registry.about(section, data)
        made = section.tables(data) if about else [table.NOTHING]
        frame = section.csv(data) if about and hasattr(section, "csv") else table.frame(made)
        yield f"tables/{name}.csv", table.csv(frame).encode()
        yield f"tables/{name}.md", table.markdown(made, f"{data.title}: {section.TITLE}").encode()
        yield f"tables/{name}.tex", table.latex(made).encode()
    for name in registry.names("figures"):
        section = registry.load(name)
        about = registry.about(section, data)
        figure = drawing.for_file(section, data) if about else drawing.without(f"The target is {data.target}.")
        for kind in ("svg", "png"):
            yield f"figures/{name}.{kind}", drawing.encode(figure, kind)
    yield "index.html", page.render(data).encode()
