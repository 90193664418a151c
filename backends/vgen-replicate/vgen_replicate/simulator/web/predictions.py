"""Routes for predictions: create, list, get, cancel."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import trio
from attrs import frozen
from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vgen_replicate.simulator.errors import InvalidField, invalid, malformed, not_found
from vgen_replicate.simulator.headers import cancel_after_seconds, wait_seconds
from vgen_replicate.simulator.model import Model
from vgen_replicate.simulator.pages import Cursor, cursor, page
from vgen_replicate.simulator.prediction import Prediction
from vgen_replicate.simulator.schema import json_type
from vgen_replicate.simulator.web.context import Context, base_url, json_object

KEYS = {
    "version": "string",
    "input": "object",
    "webhook": "string",
    "webhook_events_filter": "array",
    "stream": "boolean",
}
"""The keys of a create's body and their types."""


@frozen
class PredictionRoutes:
    """The routes' handlers."""

    context: Context

    def routes(self) -> list[Route]:
        """Return all routes."""
        one = "/v1/predictions/{id}"
        return [
            Route("/v1/predictions", self.create, methods=["POST"]),
            Route("/v1/predictions", self.list_all, methods=["GET"]),
            Route(one, self.get, methods=["GET"]),
            Route(f"{one}/cancel", self.cancel, methods=["POST"]),
            Route("/v1/models/{owner}/{name}/predictions", self.create_official, methods=["POST"]),
        ]

    async def create(self, request: Request) -> Response:
        """POST /predictions, for any version."""
        body = await json_object(request)
        _check_body(body, required=("version", "input"))
        return await self._created(request, self.context.service.version(body["version"]), body)

    async def create_official(self, request: Request) -> Response:
        """POST /models/{owner}/{name}/predictions; 404 for models that are not official."""
        body = await json_object(request)
        path = "{owner}/{name}".format_map(request.path_params)
        model = self.context.service.model(path)
        if not model.official:
            raise not_found()
        _check_body(body, required=("input",), unknown=("version",))
        return await self._created(request, model, body)

    async def _created(self, request: Request, model: Model, body: Mapping[str, Any]) -> Response:
        context = self.context
        wait = wait_seconds(request.headers.get("prefer"))
        prediction = context.service.create(
            model,
            body["input"],
            base=base_url(request),
            now=context.clock.now(),
            cancel_after=cancel_after_seconds(request.headers.get("cancel-after")),
        )
        context.runs.launch(prediction, *self._told(prediction, body))
        if wait:
            with trio.move_on_at(context.clock.deadline(prediction.created + wait)):
                await prediction.settled.wait()
        result = context.serializer.prediction(prediction)
        status = 202 if wait and not prediction.final else 201
        return JSONResponse(result, status, {"Location": result["urls"]["get"]})

    def _told(self, prediction: Prediction, body: Mapping[str, Any]) -> list[partial[Any]]:
        """Return the webhook to send; of the events, only that of the end is told."""
        told = "completed" in body.get("webhook_events_filter", ["completed"])
        if "webhook" not in body or not told:
            return []
        return [partial(self.context.webhooks.send, prediction, body["webhook"])]

    async def get(self, request: Request) -> Response:
        """GET /predictions/{id}."""
        return JSONResponse(self.context.serializer.prediction(self._named(request)))

    async def cancel(self, request: Request) -> Response:
        """POST /predictions/{id}/cancel; the response's status is already `canceled`."""
        prediction = self._named(request)
        self.context.runs.cancel(prediction)
        return JSONResponse(self.context.serializer.prediction(prediction))

    async def list_all(self, request: Request) -> Response:
        """GET /predictions: 100 of them, newest first."""
        context = self.context
        context.service.drop_old_data(context.clock.now())
        query = request.query_params
        found = page(
            [] if _source(query.get("source")) == "web" else self._between(query),
            cursor(query["cursor"]) if "cursor" in query else None,
        )
        return JSONResponse(
            {
                "next": _link(request.url, found.older),
                "previous": _link(request.url, found.newer),
                "results": [context.serializer.prediction(each) for each in found.results],
            }
        )

    def _between(self, query: Mapping[str, str]) -> list[Prediction]:
        after = _date(query.get("created_after"), datetime.min.replace(tzinfo=UTC))
        before = _date(query.get("created_before"), datetime.max.replace(tzinfo=UTC))
        return [
            prediction
            for prediction in reversed(self.context.service.predictions.values())
            if after <= self.context.clock.date(prediction.created) < before
        ]

    def _named(self, request: Request) -> Prediction:
        service = self.context.service
        service.drop_old_data(self.context.clock.now())
        prediction = service.predictions.get(request.path_params["id"])
        if prediction is None:
            raise not_found()
        return prediction


def _check_body(
    body: Mapping[str, Any], *, required: tuple[str, ...], unknown: tuple[str, ...] = ()
) -> None:
    """Raise an `ApiError` for missing or unknown keys, or values of the wrong type."""
    missing = [
        InvalidField("required", "", f"{key} is required") for key in required if key not in body
    ]
    extra = [
        InvalidField(
            "additional_property_not_allowed", "", f"Additional property {key} is not allowed"
        )
        for key in body
        if key not in KEYS or key in unknown
    ]
    wrong = [
        InvalidField(
            "invalid_type", key, f"Invalid type. Expected: {kind}, given: {json_type(body[key])}"
        )
        for key, kind in KEYS.items()
        if key in body and json_type(body[key]) != kind
    ]
    if problems := missing + extra + wrong:
        raise invalid(problems)


def _source(text: str | None) -> str | None:
    if text not in (None, "web"):
        raise invalid(
            [InvalidField("enum", "source", 'source must be one of the following: "web"')]
        )
    return text


def _date(text: str | None, default: datetime) -> datetime:
    if text is None:
        return default
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise malformed(f"{text!r} is not an ISO 8601 date") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _link(url: URL, at: Cursor | None) -> str | None:
    return None if at is None else str(url.include_query_params(cursor=str(at)))
