"""Who measures: this process, processes of this machine, or the workers of a Ray cluster. The table is the same."""
