"""Files: where they come from, whether they are whole, and how they are written."""
