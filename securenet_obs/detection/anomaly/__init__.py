"""Anomalies of time series: deviations, detector, models in the store, detection service."""

from securenet_obs.detection.anomaly.service import (
    MIN_MINUTES,
    AnomalyDetector,
    ThreatDetectionService,
)

__all__ = ["MIN_MINUTES", "AnomalyDetector", "ThreatDetectionService"]
