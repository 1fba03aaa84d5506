"""Which edit reruns which jobs: the table of docs/reruns.md, on a finished run of an SVM and two networks."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
from miniature import AFTER_TRAINING, Project, files, put_back

from ser.provenance.why import why

NETWORKS = {"train_fold": 4, **AFTER_TRAINING}
ONE_SYSTEM = {"train_fold": 2, **AFTER_TRAINING}

Edit = Callable[[Project], None]


def replaced(file: str, old: str, new: str) -> Edit:
    def change(project: Project) -> None:
        path = project.folder / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return change


def function(path: Path, name: str) -> ast.FunctionDef:
    nodes = ast.parse(path.read_text()).body
    return next(node for node in nodes if isinstance(node, ast.FunctionDef) and node.name == name)


def inserted(file: str, name: str, statement: str) -> Edit:
    """Insert a statement behind the docstring of a function."""

    def change(project: Project) -> None:
        path = project.folder / file
        lines = path.read_text().splitlines(keepends=True)
        first = function(path, name).body[0]
        lines.insert(first.end_lineno or 0, f"    {statement}\n")
        path.write_text("".join(lines))

    return change


def moved(file: str, name: str, to: str) -> Edit:
    """Move a function to a new module and import it from there."""

    def change(project: Project) -> None:
        path = project.folder / file
        lines = path.read_text().splitlines(keepends=True)
        node = function(path, name)
        text = lines[node.lineno - 1 : node.end_lineno]
        del lines[node.lineno - 1 : node.end_lineno]
        imports = [line for line in lines if line.startswith(("import ", "from "))]
        module = to.removesuffix(".py").replace("/", ".")
        (project.folder / to).write_text("".join([*imports, "\n\n", *text]))
        lines.insert(lines.index(imports[0]), f"from {module} import {name}\n")
        path.write_text("".join(lines))

    return change


def touched(project: Project) -> None:
    for path in (project.folder / "recordings", *files(project.folder / "recordings")):
        path.touch()


def remarked(*names: str) -> Edit:
    """Add a comment and empty lines at the end of files."""

    def change(project: Project) -> None:
        for name in names:
            path = project.folder / name
            path.write_text(path.read_text() + "\n# a remark\n\n")

    return change


def configured(text: str) -> Edit:
    """Add lines to the configuration."""

    def change(project: Project) -> None:
        path = project.folder / "mini.yaml"
        path.write_text(path.read_text() + text)

    return change


NOTHING: dict[str, Edit] = {
    "no edit": lambda _: None,
    "times of the corpus": touched,
    "comments and empty lines of the configuration": remarked("mini.yaml"),
    "how jobs use GPUs and memory": configured("devices: {jobs_per_gpu: 3, fold_data: mapped}\n"),
    "a default that is stated": replaced("mini.yaml", "    adapter: table\n", "    adapter: table\n    trim: none\n"),
    "comments at the end of modules": remarked(
        "ser/models/pyramid_fsmn.py", "ser/training/loop.py", "ser/stages/prepare.py"
    ),
    "the text of all errors": replaced("ser/errors.py", "Did you mean", "Do you mean"),
    "the text of an error of a feature": replaced("ser/features/mfcc.py", "must be at least", "has to be at least"),
    "the interval of progress lines": replaced("ser/jobs/progress.py", "EVERY = 10.0", "EVERY = 5.0"),
    "the docstring of a function": replaced(
        "ser/training/batch_order.py", "Return batches of indices", "Return all batches of indices"
    ),
    "a comment": replaced("ser/training/batch_order.py", "SHARES: ", "# a remark\nSHARES: "),
    "an annotation": replaced("ser/training/batch_order.py", "size: int, seed: int", "size: int, seed: object"),
    "a local variable": replaced("ser/training/batch_order.py", "drawn", "permuted"),
    "a moved function": moved("ser/training/batch_order.py", "_cut", "ser/training/cutting.py"),
    "a printed line": inserted("ser/training/batch_order.py", "shuffled", 'print("shuffling")'),
    "a new choice that no system uses": replaced(
        "ser/training/optimisers.py", '"adamw": _adamw', '"adamw": _adamw, "ada": _adam'
    ),
}
JOBS: dict[str, tuple[Edit, dict[str, int]]] = {
    "a section of the report": (inserted("ser/report/page.py", "render", "len('edited')"), {"render": 1}),
    "a key that only the report reads": (
        replaced(
            "ser/config/schema.py",
            "    sweeps:",
            '    footer: str = Field("", description="below the tables")\n    sweeps:',
        ),
        {"plan": 1, **AFTER_TRAINING},
    ),
    "the arithmetic of a layer": (replaced("ser/layers/fsmn_memory.py", "** -0.5", "** -0.4"), ONE_SYSTEM),
    "the arithmetic of a model": (
        replaced("ser/models/multiscale_cnn.py", "torch.relu(self.dense(", "torch.tanh(self.dense("),
        ONE_SYSTEM,
    ),
    "the optimiser": (replaced("ser/training/optimisers.py", "0.1**", "0.2**"), NETWORKS),
    "the order of batches": (
        replaced("ser/training/batch_order.py", "draw.permutation", "0 + draw.permutation"),
        NETWORKS,
    ),
    "the arithmetic of a feature": (
        replaced("ser/features/mfcc.py", "DELTA_FRAMES = 9", "DELTA_FRAMES = 7"),
        {"extract": 1, "index": 1, **ONE_SYSTEM},
    ),
    "how a metric is computed, by which networks select an epoch and SVMs their C": (
        replaced("ser/metrics.py", "return ", "return 1 * "),
        {"train_fold": 6, **AFTER_TRAINING},
    ),
}


def test_edits_that_decide_no_number_rerun_nothing(finished: Project) -> None:
    """All edits at once; where they rerun something, each is tried alone, to name it."""
    with put_back(finished):
        for change in NOTHING.values():
            change(finished)
        together = finished.planned()
    for name, change in NOTHING.items() if together else ():
        with put_back(finished):
            change(finished)
            assert finished.planned() == {}, name
    assert together == {}


@pytest.mark.parametrize(("change", "jobs"), JOBS.values(), ids=JOBS.keys())
def test_an_edit_reruns_what_it_decides(project: Project, change: Edit, jobs: dict[str, int]) -> None:
    change(project)
    assert project.planned() == jobs


def test_an_adapter_with_the_same_manifest_reruns_prepare_alone(project: Project) -> None:
    inserted("ser/corpora/table.py", "utterances", "len('edited')")(project)
    assert project.planned("manifests") == {"prepare": 1}
    done = project.snakemake("--", "manifests")
    assert done.returncode == 0, done.stderr
    assert project.planned() == {}


def test_an_adapter_that_changes_a_label_reruns_folds_and_trainings(project: Project) -> None:
    path = project.folder / "recordings/labels.csv"
    path.write_text(path.read_text().replace("s1_happy_0.wav,happy", "s1_happy_0.wav,sad"))
    done = project.snakemake("--", "manifests")
    assert done.returncode == 0, done.stderr
    try:
        assert project.planned() == {"split": 1, "audit": 1, "train_fold": 6, **AFTER_TRAINING}
    finally:
        path.write_text(path.read_text().replace("s1_happy_0.wav,sad", "s1_happy_0.wav,happy"))
        assert project.snakemake("--", "manifests").returncode == 0
        assert project.planned() == {}


def test_why_names_the_definition_that_changed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    replaced("ser/layers/fsmn_memory.py", "** -0.5", "** -0.4")(project)
    monkeypatch.chdir(project.folder)
    monkeypatch.setenv("PYTHONPATH", str(project.folder))
    predictions = "results/runs/mine/two-folds/{}/seed0/fold1/predictions.parquet"
    arguments = ("--resources", "gpu=0", "--configfile", "mini.yaml")
    assert why(predictions.format("tiny-cnn"), arguments) == f"{predictions.format('tiny-cnn')} is up to date."
    assert why(predictions.format("tiny-fsmn"), arguments) == (
        f"{predictions.format('tiny-fsmn')} would be rebuilt because the code of rule train_fold changed: "
        "ser.layers.fsmn_memory.Memory."
    )
