"""The finished miniature run that the tests of the workflow share."""

import os
import shutil
from collections.abc import Iterator

import pytest
from filelock import FileLock
from miniature import Project, put_back, write_corpus


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A finished run. The first process of pytest-xdist makes it and keeps a copy as it is, which the others copy."""
    project = Project(tmp_path_factory.mktemp("project"))
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return finish(project)
    shared = tmp_path_factory.getbasetemp().parent / "finished"
    printed = shared.with_suffix(".txt")
    with FileLock(f"{shared}.lock"):
        if not printed.is_file():
            finish(project)
            shutil.copytree(project.folder, shared)
            printed.write_text(project.printed)
    shutil.rmtree(project.folder)
    shutil.copytree(shared, project.folder)
    project.printed = printed.read_text()
    return project


def finish(project: Project) -> Project:
    """Run the workflow."""
    write_corpus(project.folder / "recordings")
    done = project.snakemake()
    project.printed = done.stderr + done.stdout
    assert done.returncode == 0, project.printed
    return project


@pytest.fixture
def project(finished: Project) -> Iterator[Project]:
    """The finished project, whose code, configuration and corpus a test may change: all is put back afterwards."""
    with put_back(finished):
        yield finished
