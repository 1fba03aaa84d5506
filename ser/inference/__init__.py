"""A trained system on recordings that belong to no corpus: what it needs, in a bundle, and its answers.

``trained_run`` and ``bundle`` give a ``Trained`` system, from the folder of a run or from a bundle; ``bundling`` adds
what a bundle states of it: estimate, calibration, limits. ``system`` makes answers of it: signals become features by
the same extractors, batches by ``ser.training``, so that views, segments, padding and averages are those of the
training.
"""
