"""Real servers that components are tested against: one module each, a process in a folder of the test."""
