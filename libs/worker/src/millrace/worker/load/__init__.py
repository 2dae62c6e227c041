"""What the queues cost: who works on them, how long a message takes, how many wait, and so how long a new one would."""
