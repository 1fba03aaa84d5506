"""What the runs of an experiment predict under its conditions."""

from collections import defaultdict
from collections.abc import Mapping
from itertools import groupby

import pandas as pd
import pyarrow as pa

from ser import layout
from ser.config.disturbances import Disturbance
from ser.config.plan import Plan
from ser.errors import SerError
from ser.tables import contracts
from ser.tables.disturbances import DISTURBED

Key = tuple[str, str, str]  # corpus, protocol, system


def read(plan: Plan) -> Mapping[Key, Mapping[Disturbance, pd.DataFrame]]:
    """Return the rows of every condition by system: of all its seeds and folds, without probabilities.

    SerError where the rule ``disturb`` has not written a file.
    """
    found: dict[Key, dict[Disturbance, pd.DataFrame]] = defaultdict(dict)
    asked = sorted(plan.disturbed(), key=lambda pair: (pair[0][:3], pair[1].condition))
    for (key, disturbance), pairs in groupby(asked, key=lambda pair: (pair[0][:3], pair[1])):
        tables = []
        for run, _ in pairs:
            path = layout.disturbed(run.folder, disturbance.condition, disturbance.digest)
            if not path.is_file():
                raise SerError(f"{path} does not exist; the rule 'disturb' writes it.")
            tables.append(contracts.read(DISTURBED, path).drop_columns("probabilities"))
        found[key][disturbance] = pa.concat_tables(tables).to_pandas()
    return found
