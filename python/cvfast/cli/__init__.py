"""The command line: one verb a job, results on stdout, progress on stderr."""
