"""One file per sub-command: its arguments and what it does; heavy imports stay inside `run`."""
