"""Messages, outcomes, the task catalogue and the flow schema: what services say to each other."""
