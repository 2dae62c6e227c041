"""Reports to render: one with every section filled, and ones that hold next to nothing."""

import math
import random
from datetime import UTC, datetime, timedelta

import pytest

from millrace.contracts.insights import (
    AgentRange,
    Anomaly,
    Bucket,
    ChangePoint,
    Check,
    Contacts,
    Driver,
    DuplicateCluster,
    EmergingTheme,
    EntityCount,
    Estimate,
    FlagShare,
    Forecast,
    ForecastPoint,
    Kpis,
    Manifest,
    Phrase,
    Point,
    Quote,
    ReasonShare,
    Risk,
    RiskReason,
    Risks,
    Score,
    SegmentScore,
    ServiceLevels,
    SetAsideRecords,
    Theme,
    Topic,
    Trend,
)
from millrace.contracts.outcome import Coverage, OutcomeStatus
from millrace.contracts.report import Alert, Finding, Lineage, ModelUse, Report, RunCost
from millrace.contracts.run import Gap, StepContext

BEGIN = datetime(2025, 3, 3, tzinfo=UTC)
DAYS = 63
THEMES = (
    ("delivery", "Delivery time", 214, -0.42, -0.31), ("fit", "Size and fit", 391, -0.18, -0.22),
    ("returns", "Returns and refunds", 88, -0.51, -0.13), ("app", "App and checkout", 102, -0.22, -0.06),
    ("price", "Price", 167, 0.04, -0.02), ("packaging", "Packaging", 61, 0.12, 0.01),
    ("colour", "Colour as shown", 140, 0.31, 0.05), ("material", "Material and feel", 322, 0.44, 0.12),
    ("service", "Customer service", 133, 0.38, 0.16), ("design", "Design", 287, 0.62, 0.24),
)  # fmt: skip
SAID = {
    "delivery": ("It took two weeks to arrive and nobody could say where it was.", "Third late parcel this spring."),
    "fit": ("Runs at least one size small, had to send it back.", "The sleeves are far too long for a petite."),
    "returns": ("Still waiting for my refund after a month.", "The return label never came."),
}
STEPS = (
    ("datasets", "conversations", 0.61), ("datasets", "ratings", 0.22), ("datasets", "customers", 0.18),
    ("annotate", "annotate", 2.94), ("annotate", "kpis", 0.11), ("annotate", "trends", 0.16),
    ("insight", "topics", 0.74), ("insight", "impact", 0.48), ("insight", "drivers", 0.57),
    ("insight", "contacts", 0.21), ("insight", "changes", 0.66), ("insight", "emerging", 0.19),
    ("insight", "forecast", 0.83), ("insight", "risks", 0.24), ("report", "report", 0.09),
)  # fmt: skip


def estimate(value: float, half: float, n: int, **more) -> Estimate:
    return Estimate(value=value, low=value - half, high=value + half, n=n, **more)


def share(count: int, total: int) -> Estimate:
    half = 1.96 * math.sqrt(count / total * (1 - count / total) / total) if total else 0.0
    value = count / total if total else 0.0
    return Estimate(value=value, low=max(0.0, value - half), high=min(1.0, value + half), n=total, method="wilson")


def quote(number: int, text: str, sentiment: float | None = -0.6, rating: float | None = 2.0) -> Quote:
    return Quote(record_id=f"r-{number:04d}", text=text, sentiment=sentiment, rating=rating)


def quotes(theme: str, first: int) -> tuple[Quote, ...]:
    texts = SAID.get(theme, (f"What I think of the {theme} is easily said.", f"The {theme} is what I came for."))
    return tuple(quote(first + place, text) for place, text in enumerate(texts))


@pytest.fixture
def rich() -> Report:
    return rich_report()


@pytest.fixture
def bare() -> Report:
    return bare_report()


@pytest.fixture(scope="session")
def reports() -> tuple[Report, Report]:
    return rich_report(), bare_report()


def bare_report(**given) -> Report:
    """A report of a batch without records: nothing but where it comes from."""
    lineage = Lineage(batch_sha256="ab" * 32, flow="customer-feedback", flow_version=3, steps=())
    told = {
        "run_id": "run_01J0000000000000000000000", "tenant": "acme", "accepted_at": BEGIN, "records": 0,
        "coverage": {}, "lineage": lineage,
    }  # fmt: skip
    return Report(**{**told, **given})


def rich_report() -> Report:
    """A report with something in every section."""
    return Report(
        run_id="run_01J8ZQ4T9V6W3N5K2M7X1R0ABC", tenant="acme", accepted_at=BEGIN + timedelta(days=DAYS, hours=10.1),
        records=1_204, coverage=_coverage(), gaps=_gaps(), set_aside=_set_aside(), headline=_headline(), kpis=_kpis(),
        sentiment=estimate(0.21, 0.03, 2_312), themes=_themes(), topics=_topics(), drivers=_drivers(),
        drivers_explained=0.34, segments=_segments(), trends=_trends(), phrases=_phrases(),
        summary=tuple(quote(40 + place, text, 0.3, 4.0) for place, text in enumerate(_SUMMARY)),
        data_quality=_quality(), notes=_NOTES, lineage=_lineage(), alerts=_alerts(), contacts=_contacts(),
        duplicates=_duplicates(), duplicate_share=share(41, 1_204), change_points=_changes(), anomalies=_anomalies(),
        emerging=_emerging(), forecasts=_forecasts(), risks=_risks(), service_levels=_service_levels(),
        models=(ModelUse(step="annotate", model="all-MiniLM-L6-v2, 8-bit integers, heads 3"),),
        timings={step: seconds for _, step, seconds in STEPS},
        cost=RunCost(usd=0.00042, compute_s=7.9, messages=31, basis="AWS list prices of 2025-01; without idle time"),
    )  # fmt: skip


_SUMMARY = (
    "Lovely dress and the fabric is soft, but it runs small and I had to order twice.",
    "Delivery keeps slipping: the tracking said Tuesday, it came on the Monday after.",
    "Support sorted it out within the hour, which is why I stay.",
)
_NOTES = (
    "service levels: no ticket is marked as reopened",
    "themes: 3 with fewer than 20 records are not shown",
    "topics: What the taxonomy leaves over forms few groups.",
    "dataset.customers.ratings: check rated_records failed: 68.9%, at least 70%",
)


def _coverage() -> dict[str, Coverage]:
    return {
        "conversations": Coverage(seen=1_190, total=1_204), "ratings": Coverage(seen=830, total=1_204),
        "annotate": Coverage(seen=2_312, total=2_408), "trends": Coverage(seen=830, total=830),
        "topics": Coverage(seen=900, total=2_312),
    }  # fmt: skip


def _gaps() -> tuple[Gap, ...]:
    return (
        Gap(step="annotate", reason="soft_time_limit (3 of 4 parts done)", effect="no sentiment, themes or quotes"),
        Gap(step="summary", reason="deadline_passed", effect="no summary"),
    )


def _set_aside() -> tuple[SetAsideRecords, ...]:
    return (SetAsideRecords(step="annotate", records=("r-0777",)),)


def _headline() -> tuple[Finding, ...]:
    given = (
        ("Mean rating 3.84 of 5 (3.77 to 3.91, n=830); 41 % gave 5 stars", "kpis.scores.stars5.mean", 830, ()),
        ("Mean rating fell by about 0.44 over 62 days (-0.0071 a day, -0.0102 to -0.0044, p < 0.001, n=830)",
         "trends.mean_stars5.slope", 830, ()),
        ("Delivery time pulls the score down most: without the 214 records that mention it the mean rating would be "
         "4.15 instead of 3.84 (+0.31; +0.24 to +0.38)", "themes.delivery.impact", 214,
         ("r-0100", "r-0101", "r-0444", "r-0445", "r-0446", "r-0447", "r-0448", "r-0449")),
        ("plan: basic scores below the rest, 3.41 against 3.98 (-0.57; -0.74 to -0.40, n=204)",
         "segments.plan.basic.difference", 204, ()),
        ("The biggest topic outside the taxonomy is gift card, balance: 4.2 % of the sentences (3.4 % to 5.1 %, 97 of "
         "2,312)", "topics.t1.share", 97, ("r-0500",)),
    )  # fmt: skip
    return tuple(Finding(text=text, metric=metric, n=n, evidence=ids) for text, metric, n, ids in given)


def _kpis() -> Kpis:
    stars = tuple(
        Bucket(value=value, count=count, share=share(count, 830))
        for value, count in ((1, 66), (2, 75), (3, 116), (4, 233), (5, 340))
    )
    nps = tuple(
        Bucket(value=value, count=count, share=share(count, 312))
        for value, count in enumerate((9, 4, 6, 8, 7, 21, 24, 38, 61, 58, 76))
    )
    scores = (
        Score(kind="stars5", mean=estimate(3.84, 0.07, 830), norm=estimate(0.71, 0.02, 830), distribution=stars,
              satisfied=share(573, 830)),
        Score(kind="nps", mean=estimate(7.3, 0.3, 312), norm=estimate(0.73, 0.03, 312), distribution=nps,
              nps=estimate(17.6, 8.4, 312)),
    )  # fmt: skip
    return Kpis(
        records=1_204, rated=830, scores=scores, first_at=BEGIN, last_at=BEGIN + timedelta(days=DAYS - 1),
        first_reply_s=estimate(5_100, 900, 211), resolution_s=estimate(93_000, 12_000, 190),
        contacts_per_customer=estimate(1.31, 0.06, 702),
    )  # fmt: skip


def _themes() -> tuple[Theme, ...]:
    return tuple(
        Theme(
            id=name, label=label, records=records, share=share(records, 1_190), sentiment=estimate(tone, 0.08, records),
            score_with=estimate(3.84 + 2 * impact, 0.1, records - 20),
            impact=estimate(impact, 0.035 + 3 / records, records - 20), quotes=quotes(name, 100 * place),
        )
        for place, (name, label, records, tone, impact) in enumerate(THEMES, start=1)
    )  # fmt: skip


def _topics() -> tuple[Topic, ...]:
    said = (quote(500, "The balance of my gift card vanished at the till."),)
    return (
        Topic(id="t1", label="gift card, balance", terms=("gift", "card", "balance", "till"), units=97, share=0.042,
              sentiment=-0.44, quotes=said),
        Topic(id="t2", label="shop assistants", terms=("assistant", "shop", "kind"), units=51, share=0.022,
              sentiment=0.61, quotes=(quote(501, "The assistant took all the time in the world.", 0.8, 5.0),)),
    )  # fmt: skip


def _drivers() -> tuple[Driver, ...]:
    given = (("delivery", "theme", "Delivery time", -0.81), ("plan=basic", "segment", "plan: basic", -0.42),
             ("fit", "theme", "Size and fit", -0.38), ("design", "theme", "Design", 0.44),
             ("price", "theme", "Price", 0.04))  # fmt: skip
    return tuple(
        Driver(feature=name, kind=kind, label=label, effect=estimate(effect, 0.15, 826), importance=0.1, n=826)
        for name, kind, label, effect in given
    )


def _segments() -> tuple[SegmentScore, ...]:
    given = (("plan", "basic", 3.41, 204, 0.0004), ("plan", "plus", 3.97, 401, 0.21),
             ("department", "Dresses", 4.02, 288, 0.034), ("department", "Trousers", 3.79, 120, 0.6))  # fmt: skip
    return tuple(
        SegmentScore(name=name, value=value, mean=estimate(mean, 0.12, n),
                     difference=estimate((mean - 3.84) * 1.3, 0.17, n), p_value=p_value)
        for name, value, mean, n, p_value in given
    )  # fmt: skip


def _trends() -> tuple[Trend, ...]:
    dice = random.Random(4)
    rating, volume = [], []
    for place in range(DAYS):
        n = round(13 + 4 * math.sin(place / 7 * 2 * math.pi) + dice.gauss(0, 2)) + (31 if place == 50 else 0)
        level = (4.02 if place < 38 else 3.55) + dice.gauss(0, 0.16)
        rating.append(Point(at=BEGIN + timedelta(days=place), value=level, n=n))
        volume.append(Point(at=BEGIN + timedelta(days=place), value=n, n=n))
    return (
        Trend(metric="mean_stars5", period="day", points=tuple(rating), slope=estimate(-0.0071, 0.0029, DAYS),
              p_value=0.0004, direction="down"),
        Trend(metric="volume", period="day", points=tuple(volume), slope=estimate(0.002, 0.04, DAYS), p_value=0.71,
              direction="flat"),
    )  # fmt: skip


def _changes() -> tuple[ChangePoint, ...]:
    at = BEGIN + timedelta(days=38)
    return (
        ChangePoint(metric="mean_stars5", label="Mean rating", at=at, before=estimate(4.02, 0.08, 501),
                    after=estimate(3.55, 0.11, 329), difference=estimate(-0.47, 0.13, 830), p_value=0.0002,
                    evidence=("r-0100", "r-0201", "r-0777")),
        ChangePoint(metric="theme.delivery", label="Delivery time", at=at, before=estimate(0.09, 0.02, 701),
                    after=estimate(0.31, 0.04, 489), difference=estimate(0.22, 0.05, 1_190), p_value=0.0001),
    )  # fmt: skip


def _anomalies() -> tuple[Anomaly, ...]:
    at = BEGIN + timedelta(days=50)
    volume = next(point.value for point in _trends()[1].points if point.at == at)
    return (Anomaly(metric="volume", label="Volume", at=at, value=volume, expected=14.2, score=9.4, n=int(volume),
                    evidence=("r-0300",)),)  # fmt: skip


def _emerging() -> tuple[EmergingTheme, ...]:
    return (
        EmergingTheme(id="delivery", label="Delivery time", kind="theme", recent=121, before=93,
                      ratio=Estimate(value=3.1, low=2.3, high=4.2, n=214), p_value=0.0001,
                      quotes=(quote(100, SAID["delivery"][0]),)),
        EmergingTheme(id="gift card", label="gift card", kind="phrase", recent=34, before=6,
                      ratio=Estimate(value=4.4, low=1.9, high=8.8, n=40), p_value=0.004),
    )  # fmt: skip


def _forecasts() -> tuple[Forecast, ...]:
    days = [BEGIN + timedelta(days=DAYS + place) for place in range(14)]
    volume = tuple(
        ForecastPoint(at=at, value=14 + 4 * math.sin(place), low=8 + 3 * math.sin(place) - place / 6,
                      high=20 + 4 * math.sin(place) + place / 6) for place, at in enumerate(days)
    )  # fmt: skip
    rating = tuple(ForecastPoint(at=at, value=3.54, low=3.3, high=3.78) for at in days)
    return (
        Forecast(metric="volume", period="day", level=0.8, method="ets", points=volume, error=2.6, naive_error=3.4,
                 covered=0.81, tested=42),
        Forecast(metric="mean_stars5", period="day", level=0.8, method="seasonal-naive", points=rating, error=0.19,
                 naive_error=0.19, covered=0.76, tested=42),
    )  # fmt: skip


def _contacts() -> Contacts:
    given = (("late", "Where is my order", 301, -0.4), ("return", "Return or refund", 188, -0.5),
             ("praise", "Praise", 140, 0.9), ("size", "Advice on size", 97, 0.1))  # fmt: skip
    reasons = tuple(
        ReasonShare(id=name, label=label, conversations=n, share=share(n, 913), sentiment=estimate(tone, 0.07, 2 * n),
                    quotes=quotes(name, 600 + 10 * place))
        for place, (name, label, n, tone) in enumerate(given)
    )  # fmt: skip
    flags = (
        FlagShare(id="churn", label="Says they will leave", records=31, share=share(31, 1_190),
                  quotes=(quote(700, "I am done with you and cancel today."),)),
        FlagShare(id="urgent", label="Urgent", records=58, share=share(58, 1_190)),
        FlagShare(id="effort", label="Had to ask again and again", records=44, share=share(44, 1_190)),
    )  # fmt: skip
    entities = (
        EntityCount(kind="version", value="iOS 17.4", records=19, sentiment=-0.7, evidence=("r-0100", "r-0101")),
        EntityCount(kind="product", value="Vera dress", records=44, sentiment=0.5),
    )
    return Contacts(conversations=913, reasons=reasons, unknown=share(120, 913), flags=flags, entities=entities,
                    shift=estimate(0.22, 0.09, 210), note="reasons rest on eight examples each")  # fmt: skip


def _duplicates() -> tuple[DuplicateCluster, ...]:
    ids = tuple(f"r-{number:04d}" for number in range(300, 310))
    return (
        DuplicateCluster(id="d1", records=ids, exact=8, first_at=BEGIN + timedelta(days=50),
                         last_at=BEGIN + timedelta(days=50, hours=3),
                         quote=quote(300, "Boycott them until they pay their drivers!", -0.8, 1.0)),
        DuplicateCluster(id="d2", records=("r-0801", "r-0802")),
    )  # fmt: skip


def _risks() -> Risks:
    reasons = (
        RiskReason(code="says_leaving", text="says that they will leave", points=3.0),
        RiskReason(code="falling_rating", text="ratings fell by 2 stars", points=2.0),
    )
    found = tuple(
        Risk(customer=f"{number:016x}", score=0.93 - 0.04 * number, band="high" if number < 4 else "medium",
             reasons=reasons[: 1 + number % 2], evidence=("r-0700", f"r-{900 + number:04d}"))
        for number in range(11)
    )  # fmt: skip
    return Risks(method="logistic", customers=702, high=4, medium=38, risks=found,
                 reliability={"auc": 0.78, "brier": 0.11, "base_rate": 0.08})  # fmt: skip


def _service_levels() -> ServiceLevels:
    return ServiceLevels(
        tickets=211, first_reply_s={"p50": estimate(5_100, 900, 211), "p90": estimate(61_000, 9_000, 211)},
        resolution_s={"p50": estimate(93_000, 12_000, 190), "p90": estimate(402_000, 50_000, 190)},
        reopened=share(23, 211), backlog=17, busiest_hours=(18, 9, 10),
        agents=tuple(
            AgentRange(agent=f"{place:08x}", tickets=60 + place,
                       resolution_s=estimate(60_000 + 30_000 * place, 14_000, 60),
                       reopened=share(6, 60 + place), apart=place == 2) for place in range(3)
        ),
    )  # fmt: skip


def _quality() -> tuple[Manifest, ...]:
    return (
        Manifest(
            generator="dataset.conversations.build", code_version=2, input_sha256="ab" * 32,
            tables={"conversations": 913, "turns": 1_190, "units": 2_408},
            checks=(Check(name="turn_ids_unique", passed=True), Check(name="nothing_personal_left", passed=True),
                    Check(name="unknown_language", passed=True, detail="1.0%, at most 20%")),
            facts={"masked": 61.0, "masked_email": 22.0, "masked_phone": 18.0, "masked_name": 21.0, "masked_iban": 0.0},
            shares={"lang_en": 0.93, "lang_de": 0.058, "lang_unknown": 0.012, "empty": 0.01},
        ),
        Manifest(
            generator="dataset.customers.ratings", code_version=1, input_sha256="ab" * 32, tables={"ratings": 830},
            checks=(Check(name="record_ids_unique", passed=True),
                    Check(name="rated_records", passed=False, detail="68.9%, at least 70%")),
        ),
    )  # fmt: skip


def _phrases() -> tuple[Phrase, ...]:
    given = (("runs small", 121, -0.3), ("soft fabric", 88, 0.7), ("late parcel", 61, -0.8), ("gift card", 40, -0.4),
             ("perfect for summer", 33, 0.8), ("refund", 31, -0.6), ("true to size", 30, 0.4))  # fmt: skip
    return tuple(Phrase(text=text, records=n, score=1.0, sentiment=tone) for text, n, tone in given)


def _alerts() -> tuple[Alert, ...]:
    return (
        Alert(kind="change_point", text="Mean rating fell from 4.02 to 3.55 on 10 April 2025 (n=830)",
              metric="change_points.mean_stars5"),
        Alert(kind="emerging", text="Delivery time is mentioned 3.1 times as often as before (n=214)",
              metric="emerging.delivery"),
        Alert(kind="risk", text="4 customers are at high risk (of 702)", metric="risks.high"),
    )  # fmt: skip


def _lineage() -> Lineage:
    steps = tuple(
        StepContext(stage=stage, step=step, status=OutcomeStatus.SUCCEEDED, parts=4 if step == "annotate" else 1,
                    seconds=seconds)
        for stage, step, seconds in STEPS
    )  # fmt: skip
    late = StepContext(stage="insight", step="summary", status=OutcomeStatus.TIMED_OUT, parts=1)
    return Lineage(batch_sha256="53aa5117" * 8, flow="customer-feedback", flow_version=3, steps=(*steps, late))
