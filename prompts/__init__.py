"""The words sent to models, as files; nothing else."""
