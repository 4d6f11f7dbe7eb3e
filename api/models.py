"""What goes in and out over HTTP: snake_case JSON, plain dates, whole quantities, the plan run behind every answer."""

import re
from datetime import date
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

MAX_QUANTITY = 1_000_000
MAX_LIMIT = 500

_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _iso_day(value: Any) -> Any:
    """Dates are written YYYY-MM-DD; a number would otherwise be read as seconds since 1970."""
    if isinstance(value, str) and not _ISO_DAY.fullmatch(value):
        raise ValueError("a date is written YYYY-MM-DD")
    return value


Id = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Day = Annotated[date, BeforeValidator(_iso_day)]


class Query(BaseModel):
    """Parameters of a request; one that is not known is an error."""

    model_config = ConfigDict(extra="forbid")


class AvailabilityQuery(Query):
    """A need."""

    part: Id = Field(description="Part number", examples=["0001"])
    site: Id = Field(description="Repair point or depot that needs it", examples=["P11"])
    quantity: int = Field(1, ge=1, le=MAX_QUANTITY, description="Units", examples=[2])
    need_by: Day | None = Field(None, description="Day by which they are needed", examples=["2025-07-02"])


class PageQuery(Query):
    """One page of a list."""

    limit: int = Field(100, ge=1, le=MAX_LIMIT, description="Rows on a page", examples=[100])
    cursor: str | None = Field(
        None, min_length=1, max_length=600, pattern="^[A-Za-z0-9_-]+$", description="`next_cursor` of the page before"
    )


class SitesQuery(PageQuery):
    """Which sites."""

    kind: Literal["origin", "depot", "repair_point"] | None = Field(None, description="Only these", examples=["depot"])


class PartSiteQuery(PageQuery):
    """Which rows."""

    part: Id | None = Field(None, description="Only this part", examples=["0001"])
    site: Id | None = Field(None, description="Only this site", examples=["D1"])


class PlanRunAnswer(BaseModel):
    """The plan an answer rests on."""

    id: int = Field(examples=[1])
    snapshot: str = Field(description="Hash of the network's tables", examples=["9f86d081"])


class Answer(BaseModel):
    """What every answer says of its grounds."""

    as_of: date = Field(description="Date of the data", examples=["2025-06-29"])
    plan_run: PlanRunAnswer


Source = Literal["on_hand", "inbound", "transfer", "planned"]


class Line(BaseModel):
    """Units from one place by one route."""

    site: str = Field(description="Where the units are or will first be", examples=["D1"])
    part: str = Field(description="The part, or its substitute", examples=["0001"])
    quantity: int = Field(ge=1, examples=[2])
    available_at: date = Field(description="Day promised: kept in 19 of 20 cases", examples=["2025-06-30"])
    source: Source = Field(
        description="on_hand: on this site's shelf; transfer: on a shelf elsewhere; inbound: a confirmed order; "
        "planned: a proposal nobody has confirmed",
        examples=["transfer"],
    )
    probability: float = Field(
        ge=0, le=1, description="That the units are there by need_by; without one, by available_at", examples=[0.99]
    )
    cost: float = Field(ge=0, description="Freight and duty still to be paid, in `currency`", examples=[4.5])
    lanes: list[str] = Field(description="Lanes still to be travelled, in order", examples=[["D1-P11-courier"]])
    trail: str = Field(description="What the units are pegged to", examples=["stock"])


class Availability(Answer):
    """Whether and how a need can be served."""

    part: str
    site: str
    quantity: int
    need_by: date | None
    currency: str = Field(examples=["USD"])
    promise_level: float = Field(description="Probability with which a promised day is kept", examples=[0.95])
    confirmation: Literal["full", "partial", "none"] = Field(description="How much of the quantity the lines confirm")
    on_time: bool = Field(description="Whether the lines confirm all of it by need_by at the promise level")
    probability: float = Field(ge=0, le=1, description="That all lines are there in time", examples=[0.99])
    lines: list[Line] = Field(description="What can be confirmed together, best first")
    options: list[Line] = Field(description="Every single way, best first; they may draw on the same units")


Row = TypeVar("Row", bound=BaseModel)


class Page(Answer, Generic[Row]):
    """One page of a list."""

    items: list[Row]
    next_cursor: str | None = Field(description="Ask for the next page with it; null on the last one")


class Site(BaseModel):
    """A place of the network."""

    site: str = Field(examples=["P11"])
    name: str = Field(examples=["Moscow centre"])
    kind: str = Field(examples=["repair_point"])
    country: str = Field(examples=["RU"])
    region: str = Field(examples=["R1"])
    depot: str = Field(description="The depot that serves it; empty for an origin", examples=["D1"])
    time_zone: str = Field(examples=["Europe/Moscow"])


class Part(BaseModel):
    """A part number."""

    part: str = Field(examples=["0001"])
    name: str = Field(examples=["Screen 6.1"])
    name_zh: str = Field(examples=["屏幕"])
    name_ru: str = Field(examples=["Экран"])
    part_class: str = Field(examples=["screen"])
    weight_kg: float = Field(examples=[0.3])
    volume_l: float = Field(examples=[0.8])
    dangerous_goods: bool
    hs_code: str = Field(examples=["852412"])


class Stock(BaseModel):
    """Counted units of one condition."""

    part: str = Field(examples=["0001"])
    site: str = Field(examples=["D1"])
    condition: str = Field(description="Only `good` units are promised", examples=["good"])
    owner: str
    on_hand: int = Field(description="Units", examples=[12])
    expires: date | None
    counted_on: date | None


class Allocation(BaseModel):
    """Who gets units of today's stock."""

    part: str = Field(examples=["22E1"])
    from_site: str = Field(examples=["D1"])
    to_site: str = Field(examples=["P11"])
    quantity: int = Field(description="Units", examples=[1])
    for_repair_order: str = Field(description="Empty: for the shelf", examples=["RO-1"])
    ships_on: date
    arrives_on: date
    reason: str


class ReplenishmentOrder(BaseModel):
    """An order the plan proposes: a purchase from a supplier, or a shipment from hub to depot."""

    kind: Literal["purchase", "shipment"]
    order: str = Field(description="Id of the purchase order or shipment", examples=["B-1"])
    part: str = Field(examples=["0001"])
    quantity: int = Field(description="Units", examples=[20])
    supplier: str | None = Field(description="Of a purchase; empty where the origin never runs out", examples=["S1"])
    lane: str | None = Field(description="Of a shipment", examples=["HUB-D1-air"])
    site: str | None = Field(description="Where it goes", examples=["HUB"])
    starts_on: date = Field(description="Day the order is placed or the shipment leaves")
    expected_on: date
    value: float = Field(description="Purchase value, or the shipment's cost, in `currency`", examples=[1200.0])
    currency: str = Field(examples=["USD"])
    reason: str


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"]


class Readiness(Answer):
    """The service can answer from a published plan."""

    status: Literal["ready"]
