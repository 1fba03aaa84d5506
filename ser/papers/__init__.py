"""The papers' printed numbers and claims, and what our results say about them."""
