"""Brings the workflows of a DataWorks workspace to the state written in git."""

__version__ = "0.1.0"
