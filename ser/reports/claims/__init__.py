"""What papers print and claim, beside our numbers."""
