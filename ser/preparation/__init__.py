"""From a release on disk to the utterances of a manifest: rows, recordings, faults, folds."""
