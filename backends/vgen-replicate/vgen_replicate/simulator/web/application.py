"""The ASGI application: all routes, behind the middleware."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from vgen_replicate.simulator.errors import ApiError
from vgen_replicate.simulator.limits import Limits
from vgen_replicate.simulator.web.catalogue import CatalogueRoutes
from vgen_replicate.simulator.web.context import Context
from vgen_replicate.simulator.web.delivery import DeliveryRoute
from vgen_replicate.simulator.web.files import FileRoutes
from vgen_replicate.simulator.web.middleware import Middleware, error_response
from vgen_replicate.simulator.web.predictions import PredictionRoutes


def application(context: Context, *, token: str, limits: Limits) -> Middleware:
    """Return the ASGI application."""
    routes = [
        *PredictionRoutes(context).routes(),
        *CatalogueRoutes(context).routes(),
        *FileRoutes(context).routes(),
        *DeliveryRoute(context).routes(),
    ]
    starlette = Starlette(
        routes=routes,
        exception_handlers={ApiError: _refused, HTTPException: _http_error},
    )
    return Middleware(starlette, routes, context.service, context.clock, token, limits)


async def _refused(request: Request, error: Exception) -> Response:  # noqa: ARG001 (Starlette's own)
    if not isinstance(error, ApiError):
        raise error
    return error_response(error)


async def _http_error(request: Request, error: Exception) -> Response:  # noqa: ARG001 (Starlette's own)
    """Convert Starlette's own errors, such as for unknown paths and methods, to the service's."""
    if not isinstance(error, HTTPException):
        raise error
    status = error.status_code
    detail = "The requested resource could not be found." if status == 404 else error.detail  # noqa: PLR2004 (HTTP's own)
    return JSONResponse({"detail": detail, "status": status}, status, error.headers)
