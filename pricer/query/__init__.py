"""SQL over data sets, runs and the catalogue: one SELECT, read in a child process that can reach nothing else."""
