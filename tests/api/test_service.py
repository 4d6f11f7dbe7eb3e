"""What the service answers over the tiny plan, in the words of those who ask."""

import json
import signal
import socket
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import urlopen

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from api.app import create_app, serve
from domain.problems import ZapasError
from storage.database.engine import open_engine
from storage.database.load import load
from storage.database.schema import upgrade
from storage.plan_folder import write_plan
from tests.plans import tiny_frames, tiny_network, tiny_plan

PARTS, SITES = tiny_network().parts["part"].tolist(), tiny_network().sites["site"].tolist()
LISTS = ("/v1/sites", "/v1/parts", "/v1/stock", "/v1/allocations", "/v1/replenishment-orders")


def ask(client: TestClient, path: str, status: int = 200, **query: Any) -> dict[str, Any]:
    """The JSON of an answer of this status."""
    answer = client.get(path, params=query)
    assert answer.status_code == status, answer.text
    kind = "application/json" if status == 200 else "application/problem+json"
    assert answer.headers["content-type"] == kind
    content: dict[str, Any] = answer.json()
    return content


def test_a_repair_point_is_told_what_it_can_have(client: TestClient) -> None:
    """Two on the shelf, one filling up from the depot, the rest by courier: with dates, cost and trail."""
    answer = ask(client, "/v1/availability", part="0001", site="P11", quantity=5, need_by="2025-07-02")
    assert (answer["confirmation"], answer["on_time"], answer["probability"]) == ("full", True, 1.0)
    assert (answer["as_of"], answer["plan_run"], answer["currency"]) == (
        "2025-06-29",
        {"id": 1, "snapshot": "tiny"},
        "USD",
    )
    lines = [
        (one["source"], one["site"], one["quantity"], one["available_at"], one["trail"]) for one in answer["lines"]
    ]
    assert lines == [
        ("on_hand", "P11", 2, "2025-06-29", "stock"),
        ("transfer", "P11", 1, "2025-06-30", "transfer from D1"),
        ("transfer", "D1", 2, "2025-06-30", "stock"),
    ]
    assert answer["lines"][2]["lanes"] == ["D1-P11-courier"]
    assert answer["lines"][2]["cost"] == pytest.approx(2 * 0.3 * 1.5)


def test_what_is_too_late_is_said_to_be(client: TestClient) -> None:
    """All can be had, but not by the day asked for; planned supply is marked."""
    answer = ask(client, "/v1/availability", part="22E1", site="P22", quantity=1, need_by="2025-06-30")
    assert (answer["confirmation"], answer["lines"]) == ("none", [])
    answer = ask(client, "/v1/availability", part="0001", site="D1", quantity=30, need_by="2025-07-11")
    assert (answer["confirmation"], answer["on_time"]) == ("full", False)
    assert {one["trail"] for one in answer["options"] if one["source"] == "planned"} == {"shipment S-1"}
    assert {one["part"] for one in answer["options"]} == {"0001", "0001-B"}


@pytest.mark.parametrize(
    ("name", "value"), [("part", "0002"), ("part", "1"), ("site", "d1"), ("site", "Ω"), ("part", "%")]
)
def test_an_unknown_part_or_site_is_not_found(client: TestClient, name: str, value: str) -> None:
    """Ids are text, compared exactly: `1` is not `0001`."""
    query: dict[str, Any] = {"part": "0001", "site": "P11", name: value}
    problem = ask(client, "/v1/availability", 404, **query)
    assert problem["code"] == f"unknown_{name}"
    assert f"“{value}”" in problem["detail"]
    assert ask(client, "/v1/stock", 404, **{name: value})["code"] == f"unknown_{name}"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"need_by": "2025-02-30"}, "need_by"),
        ({"need_by": "tomorrow"}, "need_by"),
        ({"need_by": "1751155200"}, "need_by"),
        ({"need_by": "2025-06-29T00:00:00"}, "need_by"),
        ({"need_by": "٢٠٢٥-٠٦-٢٩"}, "need_by"),
        ({"quantity": "0"}, "quantity"),
        ({"quantity": "-1"}, "quantity"),
        ({"quantity": "1.5"}, "quantity"),
        ({"quantity": "9" * 5000}, "quantity"),
        ({"quantity": "NaN"}, "quantity"),
        ({"part": "0001\0"}, "part"),
        ({"part": ""}, "part"),
        ({"part": "x" * 201}, "part"),
        ({"site": "P11\n"}, "site"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_field(client: TestClient, query: dict[str, str], field: str) -> None:
    """Dates that are none, quantities out of range, control characters, unknown parameters: 422 and the field."""
    problem = ask(client, "/v1/availability", 422, **{"part": "0001", "site": "P11", **query})
    assert [error["field"] for error in problem["errors"]] == [f"query.{field}"]


def test_the_whole_calendar_may_be_asked(client: TestClient) -> None:
    """The first and the last day a date can name are answered."""
    for need_by, on_time in (("0001-01-01", False), ("9999-12-31", True)):
        answer = ask(client, "/v1/availability", part="0001", site="P11", need_by=need_by)
        assert answer["on_time"] is on_time


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(PARTS), st.sampled_from(SITES), st.integers(1, 10**6), st.none() | st.dates())
def test_every_known_need_is_answered(client: TestClient, part: str, site: str, quantity: int, need_by: Any) -> None:
    """Any part at any site in any quantity for any day: lines never exceed the quantity, and `full` means all of it."""
    query: dict[str, Any] = {"part": part, "site": site, "quantity": quantity}
    query |= {"need_by": need_by} if need_by else {}
    answer = ask(client, "/v1/availability", **query)
    confirmed = sum(one["quantity"] for one in answer["lines"])
    assert confirmed <= quantity
    assert answer["confirmation"] == ("full" if confirmed == quantity else "partial" if confirmed else "none")


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", [1, 2, 500])
def test_paging_meets_every_row_once(client: TestClient, path: str, limit: int) -> None:
    """Following the cursor gives the list of one large page, whatever the page size."""
    whole = ask(client, path, limit=500)
    assert whole["next_cursor"] is None
    assert len(whole["items"]) >= 2
    rows, cursor = [], None
    while True:
        page = ask(client, path, limit=limit, **({"cursor": cursor} if cursor else {}))
        assert len(page["items"]) <= limit
        rows += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert rows == whole["items"]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"7", b"\xff\xff", b'[1,"stock",null]', b'[1,"parts","\\u0000"]', b'[1,"part","\\ud800"]', b"[" * 200]
    + [json.dumps([1, name, 10**30]).encode() for name in ("stock", "allocation", "part", "replenishment-orders")]
    + [json.dumps([1, name, "x"]).encode() for name in ("stock", "allocation", "replenishment-orders")]
    + [json.dumps([9, "part", "0001"]).encode(), json.dumps([1, "part", 5]).encode()],
)
def test_a_cursor_of_another_making_is_no_page(client: TestClient, path: str, content: bytes) -> None:
    """A forged or outdated cursor is not found; nothing in it reaches the database."""
    cursor = urlsafe_b64encode(content).decode().rstrip("=") or "A"
    assert ask(client, path, 404, cursor=cursor)["code"] == "unknown_cursor"


def test_a_cursor_belongs_to_its_question(client: TestClient) -> None:
    """A cursor of the list of all stock does not continue the list of one site."""
    cursor = ask(client, "/v1/stock", limit=1)["next_cursor"]
    ask(client, "/v1/stock", 404, cursor=cursor, site="D1")
    ask(client, "/v1/allocations", 404, cursor=cursor)


def test_a_page_has_at_most_500_rows(client: TestClient) -> None:
    """The limit is a limit."""
    for limit in (0, 501):
        ask(client, "/v1/stock", 422, limit=limit)


def test_lists_are_filtered_by_part_and_site(client: TestClient) -> None:
    """Allocations of a site are what it sends and what it gets; orders of a site go there."""
    assert {row["from_site"] for row in ask(client, "/v1/allocations", site="P11")["items"]} == {"D1"}
    assert len(ask(client, "/v1/allocations", site="D1")["items"]) == 2
    assert ask(client, "/v1/allocations", site="D2")["items"] == []
    assert [row["for_repair_order"] for row in ask(client, "/v1/allocations", part="22E1")["items"]] == ["RO-1"]
    assert {row["condition"] for row in ask(client, "/v1/stock", part="0001", site="P11")["items"]} == {
        "good",
        "quarantine",
    }
    assert [row["site"] for row in ask(client, "/v1/sites", kind="depot")["items"]] == ["D1", "D2"]
    orders = ask(client, "/v1/replenishment-orders")["items"]
    assert [(row["kind"], row["order"], row["site"], row["value"]) for row in orders] == [
        ("purchase", "B-1", "HUB", 1200.0),
        ("shipment", "S-1", "D1", 14.0),
    ]
    assert [row["kind"] for row in ask(client, "/v1/replenishment-orders", site="D1")["items"]] == ["shipment"]


def test_prices_are_not_among_the_facts_of_a_part(client: TestClient) -> None:
    """What a part costs is nobody's business at the repair desk."""
    assert not any("cost" in name or "price" in name for name in ask(client, "/v1/parts")["items"][0])


def test_every_answer_carries_a_request_id(client: TestClient) -> None:
    """The caller's own if it is sensible, else a new one; problems repeat it."""
    assert client.get("/healthz", headers={"X-Request-Id": "desk-7"}).headers["x-request-id"] == "desk-7"
    for bad in ("x" * 65, "a b", "<script>"):
        assert client.get("/healthz", headers={"X-Request-Id": bad}).headers["x-request-id"] != bad
    problem = client.get("/v1/nothing", headers={"X-Request-Id": "desk-8"})
    assert (problem.status_code, problem.json()["request_id"]) == (404, "desk-8")


def test_nothing_can_be_written(client: TestClient) -> None:
    """Other verbs are told which one is allowed."""
    for verb in ("POST", "PUT", "PATCH", "DELETE"):
        answer = client.request(verb, "/v1/stock", content=b"{")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
        assert answer.json()["code"] == "method_not_allowed"


def test_there_are_no_pages_from_a_cdn(client: TestClient) -> None:
    """The interface is described in /openapi.json alone."""
    assert client.get("/openapi.json").status_code == 200
    for page in ("/docs", "/redoc"):
        ask(client, page, 404)


def test_a_fault_is_a_problem_without_its_details(sqlite_url: str) -> None:
    """A bug answers 500 with the id under which the log has the traceback, and nothing of the inside."""
    application = create_app(sqlite_url)
    application.state.engine = None
    with TestClient(application, raise_server_exceptions=False) as client:
        answer = client.get("/v1/parts", headers={"X-Request-Id": "desk-9"})
    assert (answer.status_code, answer.headers["x-request-id"]) == (500, "desk-9")
    assert answer.json()["code"] == "internal"
    assert "NoneType" not in answer.text


def test_without_a_plan_the_service_is_not_ready(database_url: str) -> None:
    """Alive, but 503 with Retry-After until a plan is loaded."""
    engine = open_engine(database_url, create=True)
    upgrade(engine)
    engine.dispose()
    with TestClient(create_app(database_url)) as client:
        assert ask(client, "/healthz") == {"status": "ok"}
        for path in ("/readyz", "/v1/parts", "/v1/availability?part=0001&site=P11"):
            answer = client.get(path)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            assert answer.json()["code"] == "no_plan"


def test_a_database_that_does_not_answer_is_503(tmp_path: Path) -> None:
    """No server behind the address: a problem to retry, not a fault."""
    with TestClient(create_app(f"postgresql://someone@/zapas?host={tmp_path}")) as client:
        assert ask(client, "/readyz", 503)["code"] == "database_unavailable"


def test_both_databases_give_the_same_answers(client: TestClient, postgresql_url: str, tiny: Path) -> None:
    """SQLite and PostgreSQL differ in nothing a caller can see, the order of ids included."""
    load(tiny, postgresql_url)
    with TestClient(create_app(postgresql_url)) as other:
        for path in (*LISTS, "/readyz"):
            assert ask(other, path) == ask(client, path)
        for part in PARTS:
            for site in SITES:
                need: dict[str, Any] = {"part": part, "site": site, "quantity": 7, "need_by": "2025-07-06"}
                assert ask(other, "/v1/availability", **need) == ask(client, "/v1/availability", **need)
        ask(other, "/v1/stock", 422, part="\0")
        ask(other, "/v1/stock", 404, part="😀")


def test_a_newly_loaded_plan_answers_at_once_and_ends_old_lists(database_url: str, tiny: Path, tmp_path: Path) -> None:
    """The service needs no restart; a cursor of the plan before is no longer a page."""
    load(tiny, database_url)
    with TestClient(create_app(database_url)) as client:
        cursor = ask(client, "/v1/stock", limit=1)["next_cursor"]
        frames = {**tiny_frames(), "shipments": tiny_frames()["shipments"][:0]}
        write_plan(tmp_path / "next", {**tiny_plan(), "snapshot": "next"}, frames, {}, tiny_network())
        load(tmp_path / "next", database_url)
        assert ask(client, "/readyz")["plan_run"] == {"id": 2, "snapshot": "next"}
        assert [row["kind"] for row in ask(client, "/v1/replenishment-orders")["items"]] == ["purchase"]
        ask(client, "/v1/stock", 404, limit=1, cursor=cursor)


def test_an_answer_takes_few_statements(sqlite_url: str) -> None:
    """Availability asks the database a fixed number of questions, whatever the size of the network."""
    application = create_app(sqlite_url)
    statements: list[str] = []
    event.listen(application.state.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    with TestClient(application) as client:
        ask(client, "/v1/availability", part="NA", site="P22")
    assert len([one for one in statements if one.startswith("SELECT")]) <= 14


def test_serving_needs_a_database_and_a_free_port(sqlite_url: str, tmp_path: Path) -> None:
    """A missing or unprepared database and a taken port are one sentence each."""
    with pytest.raises(ZapasError, match="there is no database; load a plan first"):
        serve(f"sqlite:///{tmp_path / 'none.db'}")
    open_engine(f"sqlite:///{tmp_path / 'empty.db'}", create=True).connect().close()
    with pytest.raises(ZapasError, match="has not been prepared"):
        serve(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(ZapasError, match="does not answer"):
        serve(f"postgresql://someone@/zapas?host={tmp_path}")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ZapasError, match=f"Cannot listen on 127.0.0.1:{port}"):
            serve(sqlite_url, port=port)


def test_the_server_binds_to_this_machine_and_ends_when_interrupted(sqlite_url: str) -> None:
    """A real server: it answers on the loopback address and stops at Ctrl-C."""
    program = f"from api.app import serve; serve({sqlite_url!r}, port=0)"
    with subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            address = next(line.split()[-1] for line in server.stderr if "answers on http://127.0.0.1:" in line)
            with urlopen(f"{address}/readyz") as answer:
                assert json.load(answer)["status"] == "ready"
            assert _median_ms(address.removeprefix("http://")) < 35  # Nagle's delay alone is 40 ms an answer
            server.send_signal(signal.SIGINT)
            assert "shutdown complete" in server.stderr.read()
        finally:
            server.kill()
    assert server.returncode != 0  # interrupted: the console makes 130 of it


def _median_ms(host: str) -> float:
    """Median time of an answer on one kept-alive connection."""
    connection = HTTPConnection(host)
    times: list[float] = []
    for _ in range(41):
        began = time.perf_counter()
        connection.request("GET", "/v1/availability?part=0001&site=P11")
        assert connection.getresponse().read()
        times.append(1000 * (time.perf_counter() - began))
    connection.close()
    return median(times)
