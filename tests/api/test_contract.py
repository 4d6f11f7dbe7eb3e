"""The described interface and the one that answers are the same, whatever is asked."""

from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from schemathesis import Case

from api.app import create_app
from api.models import MAX_LIMIT, MAX_QUANTITY
from api.problems import MEDIA_TYPE
from storage.database.engine import open_engine

EXAMPLES = 25
APPLICATION = create_app("postgresql://localhost/unused")  # describing itself needs no database
INTERFACE = schemathesis.openapi.from_asgi("/openapi.json", APPLICATION)


@pytest.fixture(scope="module", autouse=True)
def application(sqlite_url: str) -> FastAPI:
    """The service over the tiny plan."""
    APPLICATION.state.engine = open_engine(sqlite_url)
    return APPLICATION


@INTERFACE.parametrize()
@settings(max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_described_and_none_is_a_fault(case: Case[Any]) -> None:
    """Valid and invalid requests alike get an answer of the described status, media type and shape; never a 5xx."""
    case.call_and_validate()


def test_every_route_describes_itself_completely(application: FastAPI) -> None:
    """An operationId, a summary, an example for every parameter but the cursor, and every failure as a problem."""
    interface = application.openapi()
    assert set(interface["paths"]) == {
        "/healthz",
        "/readyz",
        "/v1/allocations",
        "/v1/availability",
        "/v1/parts",
        "/v1/replenishment-orders",
        "/v1/sites",
        "/v1/stock",
    }
    operations = [path["get"] for path in interface["paths"].values()]
    assert all(set(path) == {"get"} for path in interface["paths"].values())
    assert len({one["operationId"] for one in operations}) == len(operations)
    for one in operations:
        assert one["summary"]
        assert set(one["responses"]) == {"200", "400", "404", "405", "422", "500", "503"}
        for status, response in one["responses"].items():
            assert set(response["content"]) == {MEDIA_TYPE if status != "200" else "application/json"}
        for parameter in one.get("parameters", []):
            assert parameter["description"]
            assert parameter["name"] == "cursor" or parameter["schema"]["examples"]
    assert "HTTPValidationError" not in interface["components"]["schemas"]


def test_limits_are_part_of_the_interface(application: FastAPI) -> None:
    """The largest page and quantity are told, not found out."""
    paths = application.openapi()["paths"]

    def schema_of(path: str, name: str) -> dict[str, int]:
        (found,) = (one["schema"] for one in paths[path]["get"]["parameters"] if one["name"] == name)
        limits: dict[str, int] = found
        return limits

    assert schema_of("/v1/stock", "limit")["maximum"] == MAX_LIMIT == 500
    assert schema_of("/v1/availability", "quantity")["maximum"] == MAX_QUANTITY
