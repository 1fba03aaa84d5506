"""Keep what an experiment selected beside its results: a table cannot differ from the configuration that it shows."""

import json
from pathlib import Path

from pydantic import ValidationError

from ser.config.plan import Plan
from ser.errors import SerError
from ser.files import embedded_checksum
from ser.files.atomic import write_text


def plan(*, plan: Plan, out: Path) -> None:
    """Write the resolved experiment as readable JSON."""
    record = {embedded_checksum.KEY: embedded_checksum.BLANK, **plan.model_dump(mode="json")}
    write_text(out, json.dumps(record, indent=2, ensure_ascii=False) + "\n")


def read_plan(path: Path) -> Plan:
    """Return the plan in ``path``; SerError if it is missing, damaged, made by another version or not consistent."""
    try:
        embedded_checksum.verify(path)
        record = json.loads(path.read_text(encoding="utf-8"))
        return Plan.model_validate(
            {name: value for name, value in record.items() if name != embedded_checksum.KEY}
        ).checked()
    except FileNotFoundError as error:
        raise SerError(f"{path} does not exist; the rule 'plan' writes it.") from error
    except ValidationError as error:
        raise SerError(f"{path} is not a plan of this version: {error.errors()[0]['msg']}.") from error
    except (ValueError, AttributeError) as error:
        raise SerError(f"{path} is not a plan ({error}); delete it and run again.") from error
