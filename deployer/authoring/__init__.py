"""The live workflow as somebody would write it: its body, its files, the update of files there are."""
