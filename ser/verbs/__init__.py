"""The verbs of the command line: arguments in, one call of a stage; no logic beyond reading arguments."""
