"""The engine beside its peers: the same job, the same files, one run."""
