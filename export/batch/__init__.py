"""Recommendations for everybody in a log: a job that is read, scored and written in parts."""
