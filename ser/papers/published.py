"""What the papers print: every number of their tables.

``published_results.csv`` has one row per system, table and protocol with all numbers as printed. WA, UA and class
recalls are read from it here; the names and units that papers use (UAR, fractions, per cent) become one.
"""

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

from ser.errors import unknown

CORPORA = ("IEMOCAP", "eNTERFACE")
RATES = ("WA", "UA", "recall")
UNITS = {"parameters_million": "parameters", "training_time_min": "minutes", "UAR_converged_pct": "converged UA"}
PATTERN = re.compile(r"(?P<name>WA|UA|UAR|recall_(?P<label>[a-z]+))_(?P<unit>pct|fraction)")
EMOTIONS = {"anger": "angry", "disgust": "disgusted", "fear": "fearful", "surprise": "surprised"}
RECOGNISED = ", recognised text"


@dataclass(frozen=True)
class Published:
    """What a paper prints of a system, in percent, millions or minutes; NaN where it prints no number of it.

    metric: one of ``RATES``, parameters, minutes, converged UA, or what a claim is about; "" for any other number.
    label: the class of a recall, as named in ser.emotions.
    """

    paper: str
    table: str
    system: str
    protocol: str
    metric: str
    percent: float
    label: str = ""

    @property
    def name(self) -> str:
        """The paper's name of the system, and on which transcripts where they were recognised."""
        return self.system + RECOGNISED * self.recognised

    @property
    def recognised(self) -> bool:
        """Whether the paper obtained it on recognised transcripts."""
        return "text=Google ASR" in self.protocol

    @property
    def quoted(self) -> bool:
        """Whether the paper took the number from another one, which had its own protocol."""
        return self.protocol.startswith("quoted")

    @property
    def corpus(self) -> str:
        """The corpus that its protocol names, "" if none."""
        return next((name for name in CORPORA if name in self.protocol), "")


def published(paper: str, system: str) -> list[Published]:
    """Return WA, UA and recalls that ``paper`` (such as cao2019) prints for ``system``, in the paper's order.

    Several rows of one metric differ in table or protocol. SerError names the known papers or systems.
    """
    if paper not in papers():
        raise unknown("paper", paper, papers())
    systems = {row["system"] for row in rows() if row["paper"] == paper}
    if system not in systems:
        raise unknown(f"system of {paper}", system, systems)
    return [number for number in printed(paper) if number.system == system and number.metric in RATES]


@cache
def printed(paper: str) -> tuple[Published, ...]:
    """Return every number of the tables of ``paper``, as printed: WA, UA, recalls, sizes and training times.

    ``parameters`` are in millions, ``minutes`` are of training. ``converged UA`` is what a text reads off its test
    curve.
    """
    return tuple(number for row in rows() if row["paper"] == paper and (number := _number(row)).metric)


def printed_rows(paper: str) -> dict[tuple[str, str, str], dict[str, float]]:
    """Return WA, UA and recalls, by class, in percent, of every table, system and protocol of a paper."""
    found: dict[tuple[str, str, str], dict[str, float]] = {}
    for number in printed(paper):
        if number.metric in RATES:
            row = found.setdefault((number.table, number.system, number.protocol), {})
            row[number.label or number.metric] = number.percent
    return found


def papers() -> list[str]:
    """Return the papers whose numbers are known, in the order of the table."""
    return list(dict.fromkeys(row["paper"] for row in rows()))


def known_remark(paper: str, system: str) -> str:
    """Return what is known about a system's printed numbers, such as precision for accuracy; "" if nothing is."""
    remarks = (row["remark"] for row in rows() if (row["paper"], row["system"]) == (paper, system))
    return next(filter(None, remarks), "")


@cache
def rows() -> tuple[dict[str, str], ...]:
    """Return one row per printed number: the columns of ``published_results.csv``, ``metric`` and ``value``."""
    found = []
    for row in read("published_results.csv"):
        for number in row.pop("numbers").split("; "):
            metric, _, value = number.rpartition("=")  # a metric may hold an equals sign
            found.append({**row, "metric": metric, "value": value})
    return tuple(found)


def read(name: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file of this package."""
    text = resources.files("ser.papers").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _number(row: dict[str, str]) -> Published:
    where, value = (row["paper"], row["table"], row["system"], row["protocol"]), float(row["value"])
    match = PATTERN.fullmatch(row["metric"])
    if match is None:
        return Published(*where, UNITS.get(row["metric"], ""), value)
    percent, label = value if match["unit"] == "pct" else 100 * value, match["label"] or ""
    metric = "recall" if label else match["name"].replace("UAR", "UA")
    return Published(*where, metric, round(percent, 6), EMOTIONS.get(label, label))
