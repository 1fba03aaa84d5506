"""The part of a card with the tests that a system should pass, on its cross-validation."""

from collections import Counter
from collections.abc import Iterator

from ser.evaluation.model_tests import VERDICTS
from ser.inference.stated import Assessment, StatedTest
from ser.inference.trained import Trained


def tests_of_card(trained: Trained) -> list[str]:
    """Return the section Tests in Markdown; with the reason where the bundle has none."""
    found = trained.contents.assessment
    if found is None:
        missing = trained.contents.about.get("missing", {})
        why = missing.get("assessment") or missing.get("estimate") or "the bundle was made without them"
        return ["## Tests\n", f"Not assessed: {why}.", ""]
    return ["## Tests\n", *_section(found, trained.contents.protocol.leaks), ""]


def _section(found: Assessment, leaks: tuple[str, ...]) -> Iterator[str]:
    counts = Counter(one.verdict for one in found.tests)
    yield (
        f"The tests of `ser assess` on the cross-validation under {found.protocol}, {found.utterances} test utterances "
        f"of all folds and seeds, not on this system alone; {', '.join(_counted(counts))}. Their limits are ours. The "
        f"95 % interval, clustered by {found.kind} ({found.clusters}), decides: passed where all of it keeps the "
        "limit, failed where none of it does, else undecided. A condition that no experiment asked for is not tested.\n"
    )
    if leaks:
        yield f"By the protocol, training and test share {', '.join(leaks)}.\n"
    yield "| kind | test | value | interval | limit | verdict |"
    yield "|---|---|---|---|---|---|"
    for one in found.tests:
        limit = f"{'≥' if one.at_least else '≤'} {one.limit:.3g}"
        yield f"| {one.kind} | {one.test} | {_value(one)} | {_interval(one)} | {limit} | {one.verdict} |"


def _counted(counts: Counter[str]) -> Iterator[str]:
    return (f"{counts[name]} {name}" for name in VERDICTS if counts[name])


def _value(one: StatedTest) -> str:
    return "–" if one.value is None else f"{one.value:.3f}"


def _interval(one: StatedTest) -> str:
    return "–" if one.low is None or one.high is None else f"{one.low:.3f} to {one.high:.3f}"
