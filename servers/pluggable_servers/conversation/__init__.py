"""Components that converse: one that repeats what it hears, and language models behind HTTP."""
