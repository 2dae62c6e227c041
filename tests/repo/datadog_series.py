"""Enough of Datadog to ask whether a monitor would speak up: queries over planted points, thresholds and burn rates.

Points are `(metric, tags, seconds before now, value)`. Counts of a distribution are planted as counts. It is our
reading of Datadog's documentation, and not Datadog.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field

MINUTE, HOUR, DAY, WEEK = 60, 3600, 86400, 604800
_SECONDS = {"m": MINUTE, "h": HOUR, "d": DAY, "w": WEEK}
_QUERY = re.compile(r"(avg|sum|min|max)\(last_(\d+m|\d+h|1d|1w)\):(.+) (<=|>=|<|>|==|!=) ([\d.]+)\Z")
"""A metric's query, by the API's own words (`MonitorsApi.create_monitor` of `datadog-api-client`)."""
_LONGEST = {"m": 10080, "h": 168, "d": 1, "w": 1}
_TERM = re.compile(r"(sum|count|max):([\w.]+)\{([^}]*)\}(?: by \{([^}]*)\})?(\.as_count\(\))?")
_BURN = re.compile(
    r'burn_rate\("\{slo:(\w+)\}"\)\.over\("30d"\)\.long_window\("(\w+)"\)\.short_window\("(\w+)"\) > (.+)\Z'
)
_SHAPES = {"T": lambda a: a, "T / T": lambda a, b: a / b, "1 - T / T": lambda a, b: 1 - a / b}


def seconds(text):
    """`5m` → 300."""
    return int(text[:-1]) * _SECONDS[text[-1]]


def window_of(query):
    """The window that a metric's query looks at, in seconds; None for a query that Datadog does not take."""
    found = _QUERY.fullmatch(query)
    if found is None or not 1 <= int(found[2][:-1]) <= _LONGEST[found[2][-1]]:
        return None
    return seconds(found[2])


@dataclass
class Series:
    """Planted points."""

    points: list = field(default_factory=list)

    def every(self, step_s, over_s, metric, value, **tags):
        """Plant a point each `step_s` seconds, from `over_s` ago until now."""
        tags = {"env": "production"} | tags
        self.points += [(f"millrace.{metric}", tags, ago, value) for ago in range(0, over_s, step_s)]
        return self

    def chosen(self, term, window_s):
        """The points of one part of a query: by the tags that it is grouped by, then by the minute."""
        _, metric, scope, by, _ = _TERM.fullmatch(term).groups()
        groups = defaultdict(lambda: defaultdict(list))
        for name, tags, ago, value in self.points:
            if name == metric and ago < window_s and _fits(tags, scope):
                groups[tuple(tags[key] for key in (by or "").split(",") if key)][ago // MINUTE].append(value)
        return groups


def _fits(tags, scope):
    for each in scope.split(","):
        key, _, value = each.removeprefix("!").partition(":")
        pattern = re.escape(value).replace(r"\*", ".*")
        if bool(re.fullmatch(pattern, str(tags.get(key, "")))) is each.startswith("!"):
            return False
    return True


def _over_time(term, minutes, time):
    space = _TERM.fullmatch(term)[1]
    if term.endswith(".as_count()"):
        return sum(sum(values) for values in minutes.values())
    values = [(max if space == "max" else sum)(each) for each in minutes.values()]
    return {"min": min, "max": max, "sum": sum}[time](values)


def state(monitor, series):
    """`ok`, `alert` or `no data`, the worst of its groups."""
    time, window, expression, side, threshold = _QUERY.fullmatch(monitor["query"]).groups()
    assert float(threshold) == monitor["options"]["thresholds"]["critical"]
    terms = [match[0] for match in _TERM.finditer(expression)]
    shape = _SHAPES[_TERM.sub("T", expression)]
    parts = [series.chosen(term, seconds(window)) for term in terms]
    known = set(series.chosen(terms[-1], 10**9))
    found = {"ok"}
    for key in known | set(parts[-1]):
        if key not in parts[-1]:
            found.add("no data")
            continue
        values = [_over_time(term, part.get(key, {}), time) for term, part in zip(terms, parts, strict=True)]
        fires = shape(*values) > float(threshold) if side == ">" else shape(*values) < float(threshold)
        found.add("alert" if fires else "ok")
    told = monitor["options"]["on_missing_data"] == "show_and_notify_no_data"
    return "alert" if "alert" in found else "no data" if told and ("no data" in found or not known) else "ok"


def error_share(objective, series, window_s):
    """Of an objective, over a window that ends now; 0 where nothing happened."""
    terms = objective["query"]["numerator"], objective["query"]["denominator"]
    good, every = (sum(sum(values) for values in series.chosen(term, window_s)[()].values()) for term in terms)
    return 1 - good / every if every else 0.0


def burns(monitor, objectives, series):
    """Whether a burn rate's alert fires: its rate is reached over both windows."""
    name, long, short, rate = _BURN.fullmatch(monitor["query"]).groups()
    assert float(rate) == monitor["options"]["thresholds"]["critical"]
    budget = 1 - objectives[name]["thresholds"][0]["target"] / 100
    return all(error_share(objectives[name], series, seconds(each)) / budget > float(rate) for each in (long, short))
