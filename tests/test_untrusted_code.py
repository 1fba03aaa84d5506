"""Nothing that others wrote is ever run: no pickle, no eval, no shell but Snakemake's, and that one is given quotes."""

import ast
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
CODE = sorted([*PROJECT.glob("ser/**/*.py"), *PROJECT.glob("envs/*.py"), *PROJECT.glob("benchmarks/**/*.py")])
RULES = [PROJECT / "Snakefile", *sorted(PROJECT.glob("workflow/rules/*.smk"))]
RUNNING = {  # dotted name of a call: what makes it safe, None where nothing does
    "eval": None,
    "exec": None,
    "compile": None,
    "__import__": None,
    "os.system": None,
    "os.popen": None,
    "pickle.load": None,
    "pickle.loads": None,
    "pickle.Unpickler": None,
    "marshal.load": None,
    "marshal.loads": None,
    "shelve.open": None,
    "joblib.load": None,
    "pd.read_pickle": None,
    "pandas.read_pickle": None,
    "yaml.load": None,
    "yaml.unsafe_load": None,
    "yaml.full_load": None,
    "torch.load": "weights_only",
    "torch.jit.load": None,
    "torch.hub.load": None,
}
SAFE_VALUES = re.compile(  # of what a shell line may show without :q: names that are checked, numbers, our own paths
    r"wildcards\.(corpus|kind|name|transcript|embedding)|output(\.\w+)?|log|"
    r"input\.(audio|recordings|manifest|folds|plan|scores|confusions|intervals|comparisons|contrasts)|"
    r"threads|resources\.(gpu|jobs_per_gpu|fold_data|mem_mb)|params\.(code|epochs|method|out|seed|shards)"
)
JSON_LINE = r"<<'PLAN'\n{params.job}\nPLAN\n"  # one line of JSON in a here-document, which expands nothing


def calls(path: Path) -> list[tuple[str, ast.Call]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [(ast.unparse(node.func), node) for node in ast.walk(tree) if isinstance(node, ast.Call)]


def faults(path: Path) -> list[str]:
    found = []
    for name, call in calls(path):
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        if name in RUNNING and given.get(str(RUNNING[name])) != "True":
            found.append(f"{path.name}:{call.lineno}: {name}")
        if given.get("allow_pickle", "False") != "False" or given.get("shell", "False") != "False":
            found.append(f"{path.name}:{call.lineno}: {name}")
    return found


def test_no_call_runs_what_a_file_holds() -> None:
    assert [fault for path in CODE for fault in faults(path)] == []


@pytest.mark.parametrize(
    "line",
    [
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "torch.load(path, weights_only=flag)",
        "pickle.load(file)",
        "np.load(path, allow_pickle=True)",
        "yaml.load(text, Loader=yaml.Loader)",
        "pd.read_pickle(path)",
        "subprocess.run(command, shell=True)",
        "eval(text)",
    ],
)
def test_the_search_finds_what_it_looks_for(line: str, tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text(line)
    assert len(faults(tmp_path / "code.py")) == 1


def test_modules_that_unpickle_are_not_imported() -> None:
    for path in CODE:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert names.isdisjoint({"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}), path


def test_modules_are_imported_by_name_from_the_registries_only() -> None:
    found = [(path.name, call) for path in CODE for name, call in calls(path) if name.endswith("import_module")]
    assert {name for name, _ in found} == {"catalog.py", "registry.py"}  # the name must be that of a file in the folder
    assert all(ast.unparse(call.args[0]).startswith("f'ser.") for _, call in found)


def test_every_value_in_a_shell_line_is_quoted_or_a_checked_name() -> None:
    for path in RULES:
        for block in re.findall(r"^    shell:\n((?:        .*\n)+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            for value in re.findall(r"\{([^{}]+)\}", block.replace(JSON_LINE, "")):
                name, _, form = value.partition(":")
                assert form == "q" or SAFE_VALUES.fullmatch(name), f"{path.name}: {{{value}}}"


def test_rules_run_nothing_but_shell_lines() -> None:
    for path in RULES:
        assert not re.search(r"^    (run|script|notebook|wrapper):", path.read_text(encoding="utf-8"), re.MULTILINE)
