"""Known vulnerabilities: inventories, advisories, versions, matching, fixes, stored findings."""
