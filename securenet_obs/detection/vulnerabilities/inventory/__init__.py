"""Readers of inventories: pip, uv, Poetry, npm, CycloneDX, purls, folders; problems by place."""

from securenet_obs.detection.vulnerabilities.inventory.files import read_document, read_inventory

__all__ = ["read_document", "read_inventory"]
