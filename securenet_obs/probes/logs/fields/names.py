"""Names of the fields that may hold a record's time or its level."""

TIME_FIELDS = ("timestamp", "@timestamp", "time", "ts", "@t", "datetime", "asctime", "eventTime")
"""Fields that may hold a record's time; the first one present counts."""

LEVEL_FIELDS = ("level", "severity", "log.level", "levelname")
"""Fields that may hold a record's level; the first one present counts."""
