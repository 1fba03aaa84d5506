"""The finished miniature run that the tests of the workflow share."""

from collections.abc import Iterator

import pytest
from miniature import Project, files, write_corpus


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("project"))
    write_corpus(project.folder / "recordings")
    done = project.snakemake()
    project.printed = done.stderr + done.stdout
    assert done.returncode == 0, project.printed
    return project


@pytest.fixture
def project(finished: Project) -> Iterator[Project]:
    """The finished project, whose code, configuration and corpus a test may change: all is put back afterwards."""
    changeable = ("ser", "config", "recordings", "mini.yaml")
    saved = {path: path.read_bytes() for name in changeable for path in files(finished.folder / name)}
    yield finished
    for name in changeable:
        for path in files(finished.folder / name):
            if path not in saved:
                path.unlink()
    for path, content in saved.items():
        if not path.is_file() or path.read_bytes() != content:
            path.write_bytes(content)
