"""The command line: options are parsed here, the work is done elsewhere."""
