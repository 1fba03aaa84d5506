"""What a report reads: runs, scores, predictions, intervals, comparisons, audits, manifests."""
