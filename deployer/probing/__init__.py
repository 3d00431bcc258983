"""How a service behaves where no document tells, found out by trying it in a folder of its own."""
