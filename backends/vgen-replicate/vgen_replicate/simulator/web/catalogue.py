"""Routes for models, their versions, hardware and the account."""

from __future__ import annotations

from attrs import frozen
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vgen_replicate.simulator.catalogue import HARDWARE
from vgen_replicate.simulator.errors import not_found
from vgen_replicate.simulator.model import Model
from vgen_replicate.simulator.serializer import ACCOUNT
from vgen_replicate.simulator.web.context import Context, base_url


@frozen
class CatalogueRoutes:
    """The routes' handlers."""

    context: Context

    def routes(self) -> list[Route]:
        """Return all routes."""
        model = "/v1/models/{owner}/{name}"
        return [
            Route("/v1/account", self.account),
            Route("/v1/hardware", self.hardware),
            Route("/v1/webhooks/default/secret", self.webhook_secret),
            Route(model, self.model),
            Route(f"{model}/versions", self.versions),
            Route(f"{model}/versions/{{id}}", self.version),
        ]

    async def account(self, request: Request) -> Response:  # noqa: ARG002 (the same for all)
        """GET /account."""
        return JSONResponse(ACCOUNT)

    async def hardware(self, request: Request) -> Response:  # noqa: ARG002 (the same for all)
        """GET /hardware."""
        return JSONResponse([{"name": each.name, "sku": each.sku} for each in HARDWARE])

    async def webhook_secret(self, request: Request) -> Response:  # noqa: ARG002 (the same for all)
        """GET /webhooks/default/secret."""
        return JSONResponse({"key": self.context.service.webhook_secret})

    async def model(self, request: Request) -> Response:
        """GET /models/{owner}/{name}."""
        return JSONResponse(self.context.serializer.model(self._named(request), base_url(request)))

    async def versions(self, request: Request) -> Response:
        """GET /models/{owner}/{name}/versions."""
        results = [self.context.serializer.version(self._named(request))]
        return JSONResponse({"next": None, "previous": None, "results": results})

    async def version(self, request: Request) -> Response:
        """GET /models/{owner}/{name}/versions/{id}."""
        model = self._named(request)
        if request.path_params["id"] != model.version:
            raise not_found()
        return JSONResponse(self.context.serializer.version(model))

    def _named(self, request: Request) -> Model:
        return self.context.service.model("{owner}/{name}".format_map(request.path_params))
