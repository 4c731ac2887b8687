"""The transparency report: computed from the leaves and manifests of the public log, and from nothing else."""
