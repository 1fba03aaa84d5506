"""What the stage read, and what every table and figure is made of: answers, results, runs, numbers as text."""
