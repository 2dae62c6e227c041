"""What the feedback says, in numbers with intervals. Pure: tables in, findings out."""
