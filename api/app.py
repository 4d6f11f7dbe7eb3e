"""The HTTP service: an application over one database, and a server that binds to this machine only unless told."""

import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import uvicorn
from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from api.problems import MEDIA_TYPE, RESPONSES, install
from api.request_id import RequestId
from api.routes import router
from domain.problems import ZapasError
from storage.database.engine import POOL_SIZE, open_engine, reading
from storage.database.schema import is_current

_ABOUT = """Availability, stock, allocations and proposed orders of the plan published last.

Dates are plain days at the site, quantities are whole units, money is in `currency`. Every answer names the plan run
it rests on. Failures are `application/problem+json`; quote their `request_id` when you ask."""


def create_app(database_url: str) -> FastAPI:
    """The application over the database at `database_url`. Raises ZapasError for an address that cannot be meant."""
    engine = open_engine(database_url)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = (
            POOL_SIZE  # no request waits for a connection while it holds a thread
        )
        yield
        engine.dispose()

    app = _Application(
        title="Zapas",
        version=version("zapas"),
        description=_ABOUT,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,  # its page would load scripts from a CDN
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.engine = engine
    app.include_router(router, responses=RESPONSES)
    app.add_middleware(RequestId)
    install(app)
    return app


def serve(database_url: str, host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serve until interrupted. Raises ZapasError when the database cannot be used or the port is taken."""
    app = create_app(database_url)
    _refuse_foreign_schema(app)
    listening = _listen(host, port)
    with listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="info"))
        address = f"[{host}]" if ":" in host else host
        logging.getLogger("uvicorn.error").info("Zapas answers on http://%s:%d", address, listening.getsockname()[1])
        server.run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    """A socket that names TCP as its protocol: only then does asyncio switch off Nagle's delay (40 ms an answer)."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, socket.IPPROTO_TCP)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen()
        except BaseException:
            listening.close()
            raise
    except (OSError, OverflowError, UnicodeError) as error:
        raise ZapasError(f"Cannot listen on {host}:{port}, {getattr(error, 'strerror', None) or error}.") from error
    return listening


def _refuse_foreign_schema(app: FastAPI) -> None:
    try:
        with reading(app.state.engine) as connection:
            current = is_current(connection)
    except SQLAlchemyError as error:
        raise ZapasError("The database does not answer.") from error
    if not current:
        raise ZapasError("The database has not been prepared for this version; load a plan into it first.")


class _Application(FastAPI):
    def openapi(self) -> dict[str, Any]:
        """The description of the interface, with every failure under its own media type."""
        if self.openapi_schema is None:
            schema = super().openapi()
            for operations in schema["paths"].values():
                for operation in operations.values():
                    for status, response in operation["responses"].items():
                        if int(status) >= 400:
                            response["content"] = {MEDIA_TYPE: response["content"]["application/json"]}
            for unused in ("HTTPValidationError", "ValidationError"):
                schema["components"]["schemas"].pop(unused, None)
        return super().openapi()
