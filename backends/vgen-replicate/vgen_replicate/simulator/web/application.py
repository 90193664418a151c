"""The whole application: all routes behind the gate."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from vgen_replicate.simulator.limits import Limits
from vgen_replicate.simulator.refusal import Refusal
from vgen_replicate.simulator.web.catalogue import CatalogueRoutes
from vgen_replicate.simulator.web.context import Context
from vgen_replicate.simulator.web.delivery import DeliveryRoute
from vgen_replicate.simulator.web.files import FileRoutes
from vgen_replicate.simulator.web.gate import Gate, refusal_answer
from vgen_replicate.simulator.web.predictions import PredictionRoutes


def application(context: Context, *, token: str, limits: Limits) -> Gate:
    """The ASGI application."""
    routes = [
        *PredictionRoutes(context).routes(),
        *CatalogueRoutes(context).routes(),
        *FileRoutes(context).routes(),
        *DeliveryRoute(context).routes(),
    ]
    starlette = Starlette(
        routes=routes,
        exception_handlers={Refusal: _refused, HTTPException: _http_error},
    )
    return Gate(starlette, routes, context.service, context.clock, token, limits)


async def _refused(request: Request, error: Exception) -> Response:  # noqa: ARG001 (Starlette's own)
    if not isinstance(error, Refusal):
        raise error
    return refusal_answer(error)


async def _http_error(request: Request, error: Exception) -> Response:  # noqa: ARG001 (Starlette's own)
    """What Starlette itself refuses, unknown paths and methods, in the service's form."""
    if not isinstance(error, HTTPException):
        raise error
    status = error.status_code
    detail = "The requested resource could not be found." if status == 404 else error.detail  # noqa: PLR2004 (HTTP's own)
    return JSONResponse({"detail": detail, "status": status}, status, error.headers)
