"""The part of a card that says how good the system is, how it is calibrated, and when its answer should be none."""

from collections.abc import Iterator

from ser.inference.none_rule import BEYOND, KEPT, Limits
from ser.inference.stated import Calibration, CrossValidation
from ser.inference.trained import Trained
from ser.layout import FOR_USE


def stated(trained: Trained) -> list[str]:
    """Return the sections Estimate, Calibration and None of these, in Markdown."""
    contents, missing = trained.contents, trained.contents.about.get("missing", {})
    lines = ["## Estimate\n"]
    if contents.estimate is not None:
        lines += _estimate(contents.estimate, for_use=contents.run["fold"] == FOR_USE)
    else:
        lines.append(f"No estimate: {missing.get('estimate', 'the bundle was made without one')}.")
    lines.append("\n## Calibration\n")
    if contents.calibration is not None:
        lines += _calibration(contents.calibration)
        if why := missing.get("calibration in the cross-validation"):
            lines.append(f"\nNot measured in the cross-validation: {why}.")
    else:
        lines.append(f"Probabilities are not calibrated: {missing.get('calibration', 'nothing was fitted')}.")
    if contents.limits is not None:
        lines += ["\n## None of these\n", *_rule(contents.limits, contents.calibration)]
    return [*lines, ""]


def _estimate(one: CrossValidation, *, for_use: bool) -> Iterator[str]:
    seeds = f"{len(one.seeds)} seed{'s' if len(one.seeds) > 1 else ''} ({', '.join(map(str, one.seeds))})"
    yield (
        f"Cross-validation under {one.protocol}: {one.folds} folds, {seeds}, {one.utterances} test utterances; "
        f"95 % intervals clustered by {one.kind} ({one.clusters}).\n"
    )
    yield "| metric, all folds and seeds | value | interval |"
    yield "|---|---|---|"
    for name, (value, low, high) in one.metrics.items():
        span = "–" if low is None or high is None else f"{100 * low:.1f} to {100 * high:.1f}"
        yield f"| {name} | {100 * value:.1f} % | {span} |"
    if for_use:
        yield (
            "\nThese weights are trained for use and tested on nothing: all speakers but those of the dev part train, "
            "more than in any run of the cross-validation, with the same recipe. The estimate is of those runs. It is "
            "too good where the system was chosen by it."
        )


def _calibration(one: Calibration) -> Iterator[str]:
    fitted = f"fitted on the {one.utterances} utterances of the dev part (Guo et al. 2017)"
    yield (
        f"Probabilities are raised to 1/T and normalised, T = {one.temperature:.3f}, {fitted}. Labels do not change.\n"
    )
    yield "| expected calibration error, 15 bins | before | after |"
    yield "|---|---|---|"
    yield (
        f"| dev part, on which T was fitted: too low after | {100 * one.error:.1f} % | {100 * one.calibrated:.1f} % |"
    )
    if (held := one.held_out) is not None:
        yield (
            f"| cross-validation: T by dev, measured on test, {held.folds} folds, {held.utterances} utterances "
            f"| {100 * held.error:.1f} % | {100 * held.calibrated:.1f} % |"
        )


def _rule(limits: Limits, calibration: Calibration | None) -> Iterator[str]:
    yield "`ser predict --none` answers `none` where a recording is unlike the training or the answer is unsure:\n"
    nearly = f"{100 * BEYOND:g} % of the train part are"
    if limits.quietest is not None:
        yield f"- too quiet: below {limits.quietest:.1f} dB of full scale; {nearly}"
    if limits.shortest is not None and limits.longest is not None:
        yield f"- too short or too long: below {limits.shortest:.2f} s or above {limits.longest:.2f} s; {nearly}, each"
    if limits.confidence is not None:
        yield (
            f"- unsure: the probability of the predicted class is below {100 * limits.confidence:.1f} %; of the right "
            f"answers on dev, {100 * KEPT:g} % are not"
        )
        if (held := calibration.held_out if calibration else None) is not None:
            shares = {"right": held.unsure_right, "wrong": held.unsure_wrong}
            text = " and ".join(
                f"{100 * value:.0f} % of the {name} ones" for name, value in shares.items() if value is not None
            )
            yield f"\nA limit of the probability that is made so in the cross-validation takes away {text} on test."
    yield "\nThe rule does not notice another language, noise or an emotion that sounds like one of the classes."
