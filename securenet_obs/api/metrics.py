"""Route /metrics for a scraper, if METRICS_ENABLED is set; no answer holds a tenant's name."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from securenet_obs.settings import Settings
from securenet_obs.workers.metrics.collector import create_registry


def create_router(settings: Settings) -> APIRouter:
    """Return the route; it serves the whole deployment, from any process of the API."""
    router = APIRouter(include_in_schema=False)
    registry: CollectorRegistry = create_registry(settings)

    # Not async: reading takes a thread, not the event loop.
    @router.get("/metrics")
    def read_metrics(_: Request) -> Response:
        """Return the metrics in Prometheus' text format."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return router
