"""Source to facts to graph: which files, what stands in them, and how their symbols are linked."""
