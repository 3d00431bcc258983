"""Pieces of pages: markup that escapes by itself, the frame, and the parts of a plan."""
