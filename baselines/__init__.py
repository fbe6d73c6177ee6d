"""Conventional systems: one file each, same contract as linksim.schemes."""
