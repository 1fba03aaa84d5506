"""Keep what an experiment selected beside its results: a table cannot differ from the configuration that it shows."""

from pathlib import Path

from pydantic import ValidationError

from ser.config.schema import Plan
from ser.errors import SerError, unknown


def plan(*, plan: Plan, out: Path) -> None:
    """Write the resolved experiment as readable JSON."""
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name}.part")
    partial.write_text(plan.model_dump_json(indent=2) + "\n", encoding="utf-8")
    partial.replace(out)


def read_plan(path: Path) -> Plan:
    """Return the plan in ``path``; SerError if it is missing, does not hold together or was made by another version."""
    try:
        found = Plan.model_validate_json(path.read_bytes()).checked()
    except FileNotFoundError as error:
        raise SerError(f"{path} does not exist; the rule 'plan' writes it.") from error
    except ValidationError as error:
        raise SerError(f"{path} is not a plan of this version: {error.errors()[0]['msg']}.") from error
    for block in found.experiment.runs:
        for kind, names, known in (
            ("protocol", block.protocols, found.protocols),
            ("system", block.systems, found.systems),
        ):
            if lacking := [name for name in names if name not in known]:
                raise SerError(f"{path}: {unknown(kind, lacking[0], known)}")
    return found
