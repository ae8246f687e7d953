"""Fine-tuning at a host: the files are sent, a job is started once, and what it tells is kept in the record."""
