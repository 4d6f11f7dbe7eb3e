"""What can go wrong over HTTP, as application/problem+json (RFC 9457), declared once for every route."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import OperationalError, TimeoutError
from starlette.exceptions import HTTPException

from api.request_id import HEADER

MEDIA_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """One input that cannot be read as meant."""

    field: str = Field(examples=["query.quantity"])
    says: str = Field(examples=["Input should be greater than or equal to 1"])


class Problem(BaseModel):
    """Why a request was not answered."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:zapas:problem:unknown_part",
                    "title": "Not Found",
                    "status": 404,
                    "detail": "The network has no part “0002”.",
                    "instance": "/v1/availability",
                    "code": "unknown_part",
                    "request_id": "5b1f7c0e6a5d4d0f9a3f0f6f2f4f7f11",
                    "errors": [],
                }
            ]
        }
    )

    type: str = Field(description="A name of the kind of problem")
    title: str = Field(description="The status in words")
    status: int
    detail: str = Field(description="What is wrong, in one sentence")
    instance: str = Field(description="The path asked for")
    code: str = Field(description="The kind of problem, for programs")
    request_id: str = Field(description="Quote it when you ask about this answer")
    errors: list[FieldError] = Field(description="Each input that cannot be read as meant")


class ApiProblem(Exception):  # noqa: N818 - the word of RFC 9457
    """Raised by a route to answer with a problem."""

    def __init__(self, status: HTTPStatus, code: str, detail: str, retry_after_seconds: int | None = None) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.headers = {"Retry-After": str(retry_after_seconds)} if retry_after_seconds else {}


class Unknown(ApiProblem):
    """404: the network has no such thing."""

    def __init__(self, what: str, name: str) -> None:
        super().__init__(HTTPStatus.NOT_FOUND, f"unknown_{what}", f"The network has no {what} “{name}”.")


class Unavailable(ApiProblem):
    """503: try again later."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(HTTPStatus.SERVICE_UNAVAILABLE, code, detail, retry_after_seconds=5)


_SAYS = {
    HTTPStatus.BAD_REQUEST: "The request cannot be read",
    HTTPStatus.NOT_FOUND: "The network has no such part or site, or there is no such page",
    HTTPStatus.METHOD_NOT_ALLOWED: "The path knows other verbs, named in Allow",
    HTTPStatus.UNPROCESSABLE_ENTITY: "An input is missing, unknown or cannot be read as meant",
    HTTPStatus.INTERNAL_SERVER_ERROR: "A fault of the service",
    HTTPStatus.SERVICE_UNAVAILABLE: "No plan is published yet, or the database does not answer",
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    int(status): {"model": Problem, "description": says} for status, says in _SAYS.items()
}


def install(app: FastAPI) -> None:
    """Answer every failure of `app` with a problem."""

    @app.exception_handler(ApiProblem)
    def _problem(request: Request, error: ApiProblem) -> JSONResponse:
        return _answer(request, error.status, error.code, error.detail, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            FieldError(field=".".join(str(step) for step in one["loc"]), says=one["msg"]) for one in error.errors()
        ]
        detail = "The request cannot be read as meant: see errors."
        return _answer(request, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", detail, errors)

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> JSONResponse:
        status = HTTPStatus(error.status_code)
        return _answer(
            request, status, status.name.lower(), f"{status.description or status.phrase}.", [], error.headers
        )

    @app.exception_handler(OperationalError)
    @app.exception_handler(TimeoutError)
    def _database(request: Request, error: Exception) -> JSONResponse:
        late = Unavailable("database_unavailable", "The database does not answer; try again shortly.")
        return _problem(request, late)

    @app.exception_handler(Exception)
    def _fault(request: Request, error: Exception) -> JSONResponse:
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        detail = "The service has failed; its log holds the reason under this request's id."
        return _answer(request, status, "internal", detail, headers={HEADER: _request_id(request)})


def _request_id(request: Request) -> str:
    return str(getattr(request.state, "request_id", ""))


def _answer(
    request: Request,
    status: HTTPStatus,
    code: str,
    detail: str,
    errors: list[FieldError] | None = None,
    headers: Any = None,
) -> JSONResponse:
    problem = Problem(
        type=f"urn:zapas:problem:{code}",
        title=status.phrase,
        status=int(status),
        detail=detail,
        instance=request.url.path,
        code=code,
        request_id=_request_id(request),
        errors=errors or [],
    )
    return JSONResponse(problem.model_dump(), int(status), headers=headers, media_type=MEDIA_TYPE)
