"""Anomalies of time series: deviations, detector, models in the store, detection service."""

from securenet_obs.detection.anomaly.service import ThreatDetectionService
from securenet_obs.detection.anomaly.training import AnomalyDetector

__all__ = ["AnomalyDetector", "ThreatDetectionService"]
