"""The sections of a report, one module each; ``ser.report.registry`` says what a module holds."""
