"""What ``ser watch`` displays: the trainings that run now, from the epochs files that they write."""
