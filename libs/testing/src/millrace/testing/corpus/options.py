"""What a corpus is planted with beside what every corpus has."""

from dataclasses import dataclass

NEW_THEMES = ("smell", "loyalty_points", "gift_wrapping")
"""Themes that the taxonomy does not know."""
DEPARTMENT = "department"
"""As a driver: the low department, not a theme."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """Shares lie between 0 and 1 and are of the reviews. Without any option a corpus is what it always was.

    Each plant draws its own random numbers, so that one option does not change what another one plants.
    """

    foreign: float = 0.0
    """Reviews written in one of the further languages."""
    new_theme: str = ""
    """One of `NEW_THEMES`."""
    new_theme_share: float = 0.0
    emerging: bool = False
    """The new theme is there from the change point only, and its share is of the reviews since then."""
    personal: float = 0.0
    """Reviews with a personal string, in turn of every kind."""
    decoys: float = 0.0
    """Reviews with a number that looks personal and is not."""
    campaigns: int = 0
    """Clusters of edited copies."""
    long: bool = False
    """Reviews of four sentences on different themes: two of them share much only where one is a copy."""
    leavers: float = 0.0
    """Customers who leave, of those with a review: their last one says so and why."""
    driver: str = ""
    """A theme, or `DEPARTMENT`: throughout the corpus this alone makes customers complain."""
    change: bool = True
    """False: nothing happens at the change point."""
    drag: float = 5.0
    """Weight of the theme that drags the score from the change point on, against 1 for each other theme."""
    surge: float = 1.0
    """Records per day from the change point on, through those before it."""
    trend: float = 0.0
    """Growth of the records per day from the first day to the last."""

    def __post_init__(self) -> None:
        if bool(self.new_theme) != bool(self.new_theme_share) or self.new_theme not in ("", *NEW_THEMES):
            raise ValueError("a new theme is one of NEW_THEMES and has a share")


PLAIN = Options()
"""Nothing beside what every corpus has."""
