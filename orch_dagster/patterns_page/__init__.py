"""The page with the map of learnings and who has what from whom: one file, for the operator."""
