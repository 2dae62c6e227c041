"""What conversations, turns and units are, and how they are made from records. Pure: no worker, no store."""
