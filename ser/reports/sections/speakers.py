"""How a system does on every speaker: what the mean over utterances hides. Speakers appear by their ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from ser.reports.gathered.answers import Answers, Key
from ser.reports.gathered.numerals import percent
from ser.reports.gathered.results import Block, Result
from ser.reports.gathered.tables import RANKINGS, Table, rankings


@dataclass(frozen=True)
class Speakers:
    """The speakers of one result. table: index speaker, worst UA first; wa, ua (0…1, mean over seeds), utterances."""

    result: Result
    table: pd.DataFrame

    @property
    def spread(self) -> float:
        """Sample standard deviation of UA between speakers; NaN for one."""
        return float(self.table["ua"].std(ddof=1))

    @property
    def worst(self) -> str:
        """The speaker with the lowest UA."""
        return str(self.table.index[0])

    @property
    def best(self) -> str:
        """The speaker with the highest UA."""
        return str(self.table.index[-1])


def by_speaker(block: Block, answers: Mapping[Key, Answers]) -> dict[str, list[Speakers]]:
    """Return, by kind of ranking, the results of ``block`` whose speakers are known, by protocol and name."""
    found: dict[str, list[Speakers]] = {}
    for kind, rows in rankings(block):
        for row in sorted(rows, key=lambda row: (row.protocol, row.system.lower())):
            given = answers[row.corpus, row.protocol, row.system]
            if given.rows["speaker"].notna().all():
                found.setdefault(kind, []).append(Speakers(row, _table(given)))
    return found


def _table(given: Answers) -> pd.DataFrame:
    """Return the speakers; UA is the mean recall of the classes that a speaker has."""
    rows = given.rows.assign(right=given.right)
    seeds = rows.groupby(["speaker", "seed"])["right"].mean().groupby("speaker").mean()
    recalls = rows.groupby(["speaker", "seed", "label"])["right"].mean()
    ua = recalls.groupby(["speaker", "seed"]).mean().groupby("speaker").mean()
    table = pd.DataFrame({"wa": seeds, "ua": ua, "utterances": rows.groupby("speaker")["utterance"].nunique()})
    return table.reset_index().sort_values(["ua", "speaker"], ignore_index=True).set_index("speaker")


def frame(found: Sequence[Speakers]) -> pd.DataFrame:
    """Return one row per result and speaker; WA and UA in percent."""
    rows = [
        {
            "corpus": one.result.corpus,
            "protocol": one.result.protocol,
            "system": one.result.system,
            "speaker": speaker,
            "WA": round(100 * row.wa, 4),
            "UA": round(100 * row.ua, 4),
            "utterances": int(row.utterances),
            "note": one.result.first.warning,
        }
        for one in found
        for speaker, row in one.table.sort_index().iterrows()
    ]
    columns = ["corpus", "protocol", "system", "speaker", "WA", "UA", "utterances", "note"]
    return pd.DataFrame(rows, columns=columns)


def tables(block: Block, found: Mapping[str, Sequence[Speakers]]) -> list[Table]:
    """Return one table per kind of ranking, a row per result: worst, quartiles and best of the speakers' UA."""
    columns = (
        "Protocol",
        "System",
        "Speakers",
        "Worst",
        "UA worst",
        "UA 1/4",
        "UA median",
        "UA 3/4",
        "UA best",
        "Best",
    )
    made = []
    for kind, members in found.items():
        rows = tuple(
            (
                *(one.result.protocol, one.result.system, str(len(one.table)), one.worst),
                *(percent(float(one.table["ua"].quantile(share))) for share in (0, 0.25, 0.5, 0.75, 1)),
                one.best,
            )
            for one in members
        )
        caption = f"UA of each speaker in percent, mean over seeds: {block.corpus}, {block.classes}. {RANKINGS[kind]} "
        caption += "From predictions.parquet; every speaker stands in speakers.csv."
        made.append(Table(caption, block.warning, columns, rows, frozenset({"Protocol", "System", "Worst", "Best"})))
    return made
