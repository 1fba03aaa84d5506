# Inputs and params of the rule that predicts under conditions.
from ser.config import extractors
from ser.stages.disturb import DisturbJob

DISTURBANCES = PLAN.disturbed()  # pairs of a run and a condition; none unless the experiment asks for them
DISTURBED = [str(layout.disturbed(run.folder, one.condition, one.digest)) for run, one in DISTURBANCES]
CONDITIONS = {(one.condition, one.digest): one for _, one in DISTURBANCES}


def condition(wildcards):
    return CONDITIONS[wildcards.condition, wildcards.digest]


def named_weights(system):
    """Weights that the configuration names for an extractor which the pipeline could train, by feature."""
    entries = {view.feature: CONFIG.features[view.feature] for view in CONFIG.systems[system].inputs.views().values()}
    return {
        name: str(entry.options[option])
        for name, entry in entries.items()
        for option in extractors.trained(entry.extractor)
        if entry.options.get(option)
    }


def trained_weights_of(wildcards):
    """Weights that a rule trains for the system's extractors."""
    entries = [CONFIG.features[view.feature] for view in CONFIG.systems[wildcards.system].inputs.views().values()]
    return sorted(
        {
            TRAINED[trainer].format(corpus=wildcards.corpus)
            for entry in entries
            for option, trainer in extractors.trained(entry.extractor).items()
            if not entry.options.get(option)
        }
    )


@exit_on_error
def disturb_job(w):
    one = condition(w)
    return DisturbJob.params(
        condition=one.condition,
        strengths=one.strengths,
        seed=one.seed,
        shards=len(shards(w.corpus)),
        weights=named_weights(w.system),
    )


def disturb_code(w):
    """The code of the stage, of the condition, of the system's features and of its model."""
    recipe = CONFIG.systems[w.system]
    names = sorted({CONFIG.features[view.feature].extractor for view in recipe.inputs.views().values()})
    modules = [f"ser.conditions.{w.condition}", f"ser.models.{recipe.model}", *(f"ser.features.{one}" for one in names)]
    return code("disturb", *modules, options=training_options(recipe))


def disturb_versions(w):
    """The versions of the libraries of the condition and of the features."""
    entries = [CONFIG.features[view.feature] for view in CONFIG.systems[w.system].inputs.views().values()]
    of_condition = catalog.constant("conditions", w.condition, "DEPENDS") or ()
    return versions("scipy", *of_condition, *sorted({one for entry in entries for one in entry.load().DEPENDS}))


def uses_gpu_to_disturb(w):
    entries = [CONFIG.features[view.feature] for view in CONFIG.systems[w.system].inputs.views().values()]
    return int(is_network(w.system) or any(map(uses_device, entries)))
