"""The report: one offline HTML page out of the artifacts of a run."""
