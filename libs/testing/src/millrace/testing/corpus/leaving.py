"""What customers say when they leave, by reason."""

REASONS = {
    "delivery": (
        "Every parcel was late this year, so I have closed my account.",
        "I am leaving you because nothing ever comes on time.",
    ),
    "quality": (
        "Things fall apart too soon, I am cancelling my plan and will not come back.",
        "The quality has gone down for good, please delete my account.",
    ),
    "price": (
        "It has become too dear for us, I am switching to another shop.",
        "With the new prices I end my membership today.",
    ),
    "customer_support": (
        "Nobody ever answers me, so I am taking my business elsewhere.",
        "After the way your staff spoke to me I am cancelling for good.",
    ),
}
"""Reason → sentences."""
CHURNED = "churned"
"""The attribute by which a producer says that a customer has left."""
