"""From a section's file to a checked package on disk; knows nothing of CKAN."""

__version__ = "0.1.0"
