"""A code hash changes when code that decides a stage's numbers changes, and only then."""

from pathlib import Path

import pytest

from ser.errors import SerError
from ser.provenance import code_hash
from ser.provenance.code_hash import Code
from ser.provenance.essence import Target

STAGE = '''"""Stage run."""
import numpy as np

from ser.choices import Choices
from ser.errors import SerError
from ser.jobs.progress import progress
from ser.tool import LIMIT, cut


def _adam(x):
    return x * 2


def _sgd(x):
    return x * 3


OPTIMISERS = Choices({"adam": _adam, "sgd": _sgd})


def run(values: list[int], name: str = "adam") -> int:
    """Run."""
    where = f"run {name}"
    if len(values) > LIMIT:
        raise SerError(f"{where}: too many")
    total = 0
    for value in progress(values, total=3, unit="values"):
        total += cut(value)
    print("done", total)
    return OPTIMISERS[name](np.sum(total))
'''
TOOL = '''"""Tool."""
LIMIT = 5
OTHER = 1


def cut(x: int) -> int:
    """Cut."""
    return x - 1
'''
FILES = {
    "stages/run.py": STAGE,
    "tool.py": TOOL,
    "errors.py": "class SerError(Exception):\n    pass\n",
    "choices.py": "class Choices(dict):\n    pass\n",
    "jobs/progress.py": "def progress(values, total, unit):\n    return values\n",
    "other.py": "VALUE = 1\n",
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "ser" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "ser"


def hashed(package: Path, options: frozenset[str] | None = None) -> str:
    return Code(package).hash([Target("ser.stages.run", "run")], options)


def edited(package: Path, file: str, old: str, new: str) -> None:
    path = package / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


UNIMPORTANT = {
    "a comment": ("stages/run.py", "    total = 0\n", "    total = 0  # sum\n"),
    "a docstring": ("tool.py", '"""Cut."""', '"""Cut one off."""'),
    "an annotation": ("tool.py", "x: int", "x: float"),
    "the annotation of what is returned": ("stages/run.py", "-> int", "-> float"),
    "a local variable": ("stages/run.py", "total", "result"),
    "the text of an error": ("stages/run.py", "too many", "too many values"),
    "a variable that only an error shows": ("stages/run.py", 'f"run {name}"', 'f"the run {name}"'),
    "what is printed": ("stages/run.py", 'print("done", total)', 'print("finished", total)'),
    "a printed line more": ("stages/run.py", "    total = 0\n", '    print("begin")\n    total = 0\n'),
    "the unit of progress": ("stages/run.py", 'unit="values"', 'unit="items"'),
    "the code of progress": ("jobs/progress.py", "return values", "return list(values)"),
    "a constant that is not used": ("tool.py", "OTHER = 1", "OTHER = 2"),
    "a module that is not imported": ("other.py", "1", "2"),
    "the alias of a library": ("stages/run.py", "np", "numpy"),
}
IMPORTANT = {
    "arithmetic": ("tool.py", "x - 1", "x - 2"),
    "an operator": ("tool.py", "x - 1", "x + 1"),
    "a constant": ("tool.py", "LIMIT = 5", "LIMIT = 6"),
    "a condition": ("stages/run.py", "> LIMIT", ">= LIMIT"),
    "a default": ("stages/run.py", 'name: str = "adam"', 'name: str = "sgd"'),
    "a function of a library": ("stages/run.py", "np.sum", "np.prod"),
    "the library behind an alias": ("stages/run.py", "import numpy as np", "import math as np"),
    "an import": ("stages/run.py", "import LIMIT, cut", "import OTHER as LIMIT, cut"),
    "an entry of a table": ("stages/run.py", "x * 3", "x * 4"),
    "the order of a loop": ("stages/run.py", "progress(values,", "progress(reversed(values),"),
}


@pytest.mark.parametrize("edit", UNIMPORTANT.values(), ids=UNIMPORTANT.keys())
def test_what_decides_no_number_keeps_the_hash(package: Path, edit: tuple[str, str, str]) -> None:
    before = hashed(package)
    edited(package, *edit)
    assert hashed(package) == before


@pytest.mark.parametrize("edit", IMPORTANT.values(), ids=IMPORTANT.keys())
def test_what_decides_numbers_changes_the_hash(package: Path, edit: tuple[str, str, str]) -> None:
    before = hashed(package)
    edited(package, *edit)
    assert hashed(package) != before


def test_a_moved_function_keeps_the_hash(package: Path) -> None:
    before = hashed(package)
    edited(
        package,
        "stages/run.py",
        "from ser.tool import LIMIT, cut",
        "from ser.knife import cut\nfrom ser.tool import LIMIT",
    )
    (package / "knife.py").write_text("def cut(x: int) -> int:\n    return x - 1\n")
    assert hashed(package) == before
    (package / "knife.py").write_text("def cut(x: int) -> int:\n    return x - 3\n")
    assert hashed(package) != before


def test_two_functions_of_one_name_are_distinguished(package: Path) -> None:
    edited(
        package,
        "stages/run.py",
        "    total = 0\n",
        "    from ser import other, tool\n    total = other.cut(1) + tool.cut(2)\n",
    )
    (package / "other.py").write_text("def cut(x):\n    return x\n")
    before = hashed(package)
    edited(package, "stages/run.py", "other.cut(1) + tool.cut(2)", "tool.cut(1) + other.cut(2)")
    assert hashed(package) != before


def test_an_import_inside_a_function_counts(package: Path) -> None:
    edited(package, "stages/run.py", "    total = 0\n", "    from ser.other import VALUE\n    total = VALUE\n")
    before = hashed(package)
    edited(package, "other.py", "1", "2")
    assert hashed(package) != before


def test_a_local_variable_hides_no_global_of_the_same_name(package: Path) -> None:
    edited(package, "stages/run.py", "    total = 0\n", "    total = sum(LIMIT for LIMIT in values) + LIMIT\n")
    before = hashed(package)
    edited(package, "tool.py", "LIMIT = 5", "LIMIT = 6")
    assert hashed(package) != before


def test_two_local_variables_swapped_change_the_hash(package: Path) -> None:
    edited(package, "tool.py", "    return x - 1", "    a = x * 2\n    b = x * 3\n    return a - b")
    before = hashed(package)
    edited(package, "tool.py", "return a - b", "return b - a")
    assert hashed(package) != before


def test_a_parameter_keeps_its_name_since_callers_may_use_it(package: Path) -> None:
    edited(package, "tool.py", "def cut(x: int) -> int:", "def cut(x: int, y: int = 0) -> int:")
    before = hashed(package)
    edited(package, "tool.py", "(x: int, y: int = 0)", "(y: int, x: int = 0)")
    assert hashed(package) != before


def test_a_choice_that_the_job_does_not_name_counts_only_without_a_job(package: Path) -> None:
    job = code_hash.strings({"optimiser": "adam", "rates": [1, "none"]})
    all_choices, adam = hashed(package), hashed(package, job)
    edited(package, "stages/run.py", "x * 3", "x * 4")
    assert hashed(package, job) == adam
    assert hashed(package) != all_choices
    edited(package, "stages/run.py", '"sgd": _sgd}', '"sgd": _sgd, "adamw": _sgd}')
    assert hashed(package, job) == adam
    edited(package, "stages/run.py", "x * 2", "x * 5")
    assert hashed(package, job) != adam


def test_a_table_in_the_folder_of_a_module_that_reads_files_counts(package: Path) -> None:
    edited(package, "tool.py", "LIMIT = 5", "from pathlib import Path\n\nLIMIT = len(Path(__file__).parent.name)")
    (package / "published.csv").write_text("a,1\n")
    before = hashed(package)
    (package / "published.csv").write_text("a,2\n")
    assert hashed(package) != before


def test_a_choice_that_the_code_names_counts(package: Path) -> None:
    edited(package, "stages/run.py", "OPTIMISERS[name]", 'OPTIMISERS["sgd"]')
    before = hashed(package, frozenset())
    edited(package, "stages/run.py", "x * 3", "x * 4")
    assert hashed(package, frozenset()) != before


def test_a_choice_that_is_a_default_in_the_code_counts(package: Path) -> None:
    edited(package, "stages/run.py", 'name: str = "adam"', 'name: str = "sgd"')
    without = hashed(package, frozenset())
    edited(package, "stages/run.py", "x * 3", "x * 4")
    assert hashed(package, frozenset()) != without
    with_default = hashed(package, frozenset())
    edited(package, "stages/run.py", "x * 2", "x * 5")
    assert hashed(package, frozenset()) == with_default


def test_what_a_model_does_after_its_training_does_not_count(package: Path) -> None:
    model = "def build(shape, classes):\n    return 1\n\n\ndef restored(weights):\n    return 2\n"
    (package / "models").mkdir()
    (package / "models/one.py").write_text(model)

    def hashed_model() -> str:
        code = Code(package)
        return code.hash(code.definitions("ser.models.one"))

    before = hashed_model()
    edited(package, "models/one.py", "return 2", "return 3")
    assert hashed_model() == before
    edited(package, "models/one.py", "return 1", "return 0")
    assert hashed_model() != before


def test_a_recursive_function_has_a_hash(package: Path) -> None:
    edited(package, "tool.py", "return x - 1", "return x - 1 if x < 0 else cut(x - 1)")
    before = hashed(package)
    edited(package, "tool.py", "x < 0", "x < 1")
    assert hashed(package) != before


def test_a_field_of_a_dataclass_counts_and_its_type_does_not(package: Path) -> None:
    fields = "@dataclass\nclass Pair:\n    a: int = 1\n    b: int = 2\n\n\nLIMIT = Pair().a"
    fields = f"from dataclasses import dataclass\n\n\n{fields}"
    edited(package, "tool.py", "LIMIT = 5", fields)
    before = hashed(package)
    edited(package, "tool.py", "a: int = 1", "a: float = 1")
    assert hashed(package) == before
    edited(package, "tool.py", "    a: float = 1\n    b: int = 2\n", "    b: int = 2\n    a: float = 1\n")
    assert hashed(package) != before


def test_a_job_planned_with_other_code_is_refused() -> None:
    code = code_hash.code_hash("index")
    code_hash.expect(code, "index")
    code_hash.expect("", "index")
    with pytest.raises(SerError, match="the code has changed"):
        code_hash.expect("0123", "index")


@pytest.mark.parametrize("model", ["rnn_elm", "linear_svm"])
def test_what_tracks_a_training_is_not_part_of_its_code(model: str) -> None:
    code = code_hash.package()
    reached = code.reached(code_hash.roots(code, "train", [f"ser.models.{model}"]))
    names = {f"{target.module}.{target.name}" for target in reached}
    assert {"ser.training.loop.fit", "ser.training.estimator.train", "ser.stages._fold_training.train_fold"} <= names
    assert [name for name in names if "track" in name or name.startswith("ser.jobs")] == []
