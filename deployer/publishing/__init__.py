"""What is saved goes to production: pipeline runs, their stages, the hours, and who is busy meanwhile."""
