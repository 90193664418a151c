"""The service's objects as JSON."""

from __future__ import annotations

import hashlib
from typing import Any

from attrs import frozen

from vgen_replicate.simulator.clock import Clock
from vgen_replicate.simulator.files import StoredFile
from vgen_replicate.simulator.model import Model
from vgen_replicate.simulator.prediction import Prediction
from vgen_replicate.simulator.schema import openapi
from vgen_replicate.simulator.service import Service

USERNAME = "simulator"

ACCOUNT = {"type": "user", "username": USERNAME, "name": "Simulator", "github_url": None}


@frozen
class Serializer:
    """Converts predictions, models and files to the service's JSON, with the client's base URL."""

    service: Service
    clock: Clock

    def prediction(self, prediction: Prediction) -> dict[str, Any]:
        """Return a prediction; times that are not known yet are left out."""
        model = prediction.model
        optional = {
            "started_at": self._stamp(prediction.started),
            "deadline": self._stamp(prediction.deadline),
            **self._measured(prediction),
        }
        return {
            "id": prediction.id,
            "model": model.path,
            "version": "hidden" if model.official else model.version,
            "input": prediction.input,
            "logs": prediction.logs,
            "output": self._output(prediction),
            "data_removed": prediction.removed,
            "error": prediction.error,
            "source": "api",
            "status": prediction.status,
            "created_at": self.clock.stamp(prediction.created),
            **{name: value for name, value in optional.items() if value is not None},
            "urls": _urls(prediction),
        }

    def _measured(self, prediction: Prediction) -> dict[str, Any]:
        late = prediction.plan.is_measured_late and not prediction.measured
        prediction.measured = prediction.final
        if late:
            return {}
        return {
            "completed_at": self._stamp(prediction.completed),
            "metrics": _metrics(prediction),
        }

    def _output(self, prediction: Prediction) -> str | list[str] | None:
        if prediction.status != "succeeded" or prediction.removed:
            return None
        urls = [
            f"{prediction.base}/delivery/{token}/output.mp4"
            for token in self.service.output_tokens(prediction)
        ]
        return urls if prediction.model.many else urls[0]

    def _stamp(self, at: float | None) -> str | None:
        return None if at is None else self.clock.stamp(at)

    def model(self, model: Model, base: str) -> dict[str, Any]:
        """Return a model with its latest version, the only one here."""
        return {
            "url": f"{base}/{model.path}",
            "owner": model.owner,
            "name": model.name,
            "description": model.description,
            "visibility": "public",
            "github_url": None,
            "paper_url": None,
            "license_url": None,
            "run_count": sum(p.model is model for p in self.service.predictions.values()),
            "cover_image_url": None,
            "default_example": None,
            "is_official": model.official,
            "latest_version": self.version(model),
        }

    def version(self, model: Model) -> dict[str, Any]:
        """Return the model's version."""
        return {
            "id": model.version,
            "created_at": self.clock.stamp(0),
            "cog_version": "0.9.20",
            "openapi_schema": openapi(model),
        }

    def file(self, file: StoredFile, base: str) -> dict[str, Any]:
        """Return an uploaded file, without its content."""
        md5 = hashlib.md5(file.content, usedforsecurity=False).hexdigest()
        return {
            "id": file.id,
            "name": file.name,
            "content_type": file.content_type,
            "size": len(file.content),
            "etag": md5,
            "checksums": {"sha256": hashlib.sha256(file.content).hexdigest(), "md5": md5},
            "metadata": file.metadata,
            "created_at": self.clock.stamp(file.created),
            "expires_at": self.clock.stamp(file.expires),
            "urls": {"get": f"{base}/v1/files/{file.id}"},
        }


def _metrics(prediction: Prediction) -> dict[str, float] | None:
    if prediction.completed is None:
        return None
    total = {"total_time": round(prediction.completed - prediction.created, 6)}
    return total if prediction.started is None else {"predict_time": prediction.run_seconds} | total


def _urls(prediction: Prediction) -> dict[str, str]:
    here = f"{prediction.base}/v1/predictions/{prediction.id}"
    web = f"{prediction.base}/p/{prediction.id}"
    return {"get": here, "cancel": f"{here}/cancel", "web": web}
