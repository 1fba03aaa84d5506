"""From the data of a fold to the outcome of a run, in one direction.

``fold`` (parts and labels; in ``augmented_fold`` with disturbed copies) → ``fold_data`` (its ``feature_input``, which
``feature_shards`` reads, and ``word_input``, examples and batches) → ``network`` or ``estimator`` (a ``task`` in, an
outcome out). A network is trained in ``loop``, by ``optimisers``, ``losses``, ``sampling``, ``batch_order``,
``batch_changes`` (``spec_augment`` and ``mixup``) and ``epoch_selection``, and predicts in ``predict``.
"""
