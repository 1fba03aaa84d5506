"""Everything that a report shows: what the stage read, and what follows from it, computed once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import NamedTuple

import pandas as pd

from ser.config.plan import Plan
from ser.evaluation.word_errors import TranscriptErrors
from ser.papers import paper_tables, verdicts
from ser.papers.arithmetic import ArithmeticCheck, checks
from ser.papers.paper_tables import PaperTable
from ser.papers.verdicts import Verdict
from ser.reports.drawings.attention import Subject
from ser.reports.gathered.answers import Answers, Key
from ser.reports.gathered.results import Block, Result
from ser.reports.gathered.runs import Record
from ser.reports.sections import contests, human, mistakes, provenance, reliabilities, speakers
from ser.reports.sections.audits import Audit
from ser.reports.sections.bounds import Bounds
from ser.reports.sections.contests import Contest
from ser.reports.sections.gap import Gain, Gap, gains, gaps
from ser.reports.sections.human import Human
from ser.reports.sections.mistakes import Mistake, Said
from ser.reports.sections.provenance import Source
from ser.reports.sections.ranking import Shift, shifts
from ser.reports.sections.reliabilities import Reliability
from ser.reports.sections.speakers import Speakers


class Limits(NamedTuple):
    """Of an interval."""

    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Material:
    """What the stage read.

    intervals: by corpus, protocol, system and metric; comparisons: the COMPARISONS table; audits: of the
    protocols that were audited; raters: utterance and raters of a corpus's manifest; subject: whose attention is drawn;
    said: what was said, empty unless the experiment asks for it.
    """

    plan: Plan
    records: Sequence[Record]
    blocks: Sequence[Block]
    answers: Mapping[Key, Answers]
    intervals: Bounds
    comparisons: pd.DataFrame
    audits: Sequence[Audit]
    raters: Mapping[str, pd.DataFrame]
    heard: Sequence[TranscriptErrors]
    subject: Subject | None
    said: Said

    @property
    def title(self) -> str:
        """Of the experiment."""
        return self.plan.experiment.title or self.plan.experiment.name

    @cached_property
    def warnings(self) -> dict[str, str]:
        """Corpus: what its card warns of, where it does."""
        return {block.corpus: block.warning for block in self.blocks if block.warning}

    @cached_property
    def results(self) -> list[Result]:
        """Every result, block by block."""
        return [result for block in self.blocks for result in block.results]

    @cached_property
    def gaps(self) -> list[Gap]:
        """What leaks add to each system."""
        return gaps(self.blocks, self.answers)

    @cached_property
    def gains(self) -> list[Gain]:
        """The same, mean over systems."""
        return gains(self.gaps)

    @cached_property
    def shifts(self) -> list[Shift]:
        """Whether the ranking changes between protocols."""
        return shifts(self.blocks)

    @cached_property
    def contests(self) -> list[Contest]:
        """Systems against each other."""
        return contests.contests(self.comparisons)

    @cached_property
    def speakers(self) -> list[tuple[Block, dict[str, list[Speakers]]]]:
        """Results speaker by speaker, by block and kind of ranking."""
        return [(block, speakers.by_speaker(block, self.answers)) for block in self.blocks]

    @cached_property
    def reliabilities(self) -> list[tuple[Block, dict[str, list[Reliability]]]]:
        """Calibration, by block and kind of ranking."""
        return [(block, reliabilities.reliabilities(block, self.answers)) for block in self.blocks]

    @cached_property
    def mistakes(self) -> list[tuple[Block, dict[str, list[Mistake]]]]:
        """The most certain mistakes, by block and kind of ranking."""
        return [(block, mistakes.by_ranking(block, self.answers, self.said)) for block in self.blocks]

    @cached_property
    def every_mistake(self) -> list[Mistake]:
        """All results."""
        return [one for _, kinds in self.mistakes for one in chain.from_iterable(kinds.values())]

    @cached_property
    def every_speaker(self) -> list[Speakers]:
        """All results whose speakers are known."""
        return [one for _, kinds in self.speakers for one in chain.from_iterable(kinds.values())]

    @cached_property
    def every_reliability(self) -> list[Reliability]:
        """All results."""
        return [one for _, kinds in self.reliabilities for one in chain.from_iterable(kinds.values())]

    @cached_property
    def papers(self) -> list[PaperTable]:
        """The papers' tables beside ours."""
        return paper_tables.paper_tables(self.results)

    @cached_property
    def verdicts(self) -> list[Verdict]:
        """On every claim of the papers."""
        keys = self.comparisons[["corpus", "protocol", "system", "other", "metric"]].itertuples(index=False, name=None)
        limits = map(Limits._make, self.comparisons[["low", "high"]].itertuples(index=False, name=None))
        pairs = dict(zip(keys, limits, strict=True))
        return verdicts.verdicts(self.results, self.intervals, differences=pairs, transcripts=self.heard)

    @cached_property
    def checks(self) -> list[ArithmeticCheck]:
        """On the printed numbers of all papers."""
        return checks()

    @cached_property
    def human(self) -> list[Human]:
        """The raters of each block whose corpus names them."""
        found = (
            human.human(block, self.raters[block.corpus], self.answers)
            for block in self.blocks
            if block.corpus in self.raters
        )
        return [one for one in found if one is not None]

    @cached_property
    def sources(self) -> list[Source]:
        """Hashes of what was trained on."""
        return provenance.sources(self.records)
