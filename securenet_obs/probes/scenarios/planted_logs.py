"""Plants a batch of network logs of six formats, with the minutes that must come out of it."""

from typing import Any

import pandas as pd

_ALERT = {
    "timestamp": "2026-01-01T12:00:05Z", "event_type": "alert", "proto": "TCP",
    "src_ip": "192.0.2.10", "src_port": 1181, "dest_ip": "198.51.100.7", "dest_port": 6667,
    "flow": {"bytes_toserver": 2000, "bytes_toclient": 4000},
    "alert": {"action": "blocked", "signature_id": 1, "signature": "Planted", "severity": 1},
}  # fmt: skip
_DNS = {
    "timestamp": "2026-01-01T13:00:30+01:00", "event_type": "dns", "proto": "UDP",
    "src_ip": "192.0.2.10", "src_port": 5300, "dest_ip": "192.0.2.53", "dest_port": 53,
    "dns": {"type": "answer", "rrname": "planted.example", "rrtype": "A", "rcode": "NXDOMAIN"},
}  # fmt: skip
_CONNECTION = {
    "ts": 1_767_268_870.5, "_path": "conn", "uid": "C1", "proto": "tcp", "conn_state": "SF",
    "id.orig_h": "192.0.2.20", "id.orig_p": 54_243, "id.resp_h": "198.51.100.7", "id.resp_p": 443,
    "orig_bytes": 300, "resp_bytes": 700,
}  # fmt: skip
_FLOW = {
    "timestamp": "2026-01-01T12:01:20Z", "proto": "tcp", "bytes": 1200,
    "src_ip": "192.0.2.21", "dest_ip": "198.51.100.7", "dest_port": 443,
}  # fmt: skip
_VPC_FLOW = {
    "version": 2, "accountId": "1", "interfaceId": "eni-1", "protocol": 6, "action": "REJECT",
    "srcAddr": "203.0.113.9", "dstAddr": "192.0.2.30", "srcPort": 20_641, "dstPort": 22,
    "packets": 20, "bytes": 4000, "start": 1_767_268_920, "end": 1_767_268_930, "logStatus": "OK",
}  # fmt: skip
_CLOUDTRAIL = {
    "eventVersion": "1.08", "eventTime": "2026-01-01T12:02:15Z", "awsRegion": "eu-central-1",
    "eventSource": "ec2.amazonaws.com", "eventName": "RunInstances",
    "sourceIPAddress": "203.0.113.9", "errorCode": "Client.UnauthorizedOperation",
}  # fmt: skip

_RECORDS = (_ALERT, _DNS, _CONNECTION, _FLOW, _VPC_FLOW, _CLOUDTRAIL)
_MALFORMED = ("not a record", _FLOW | {"timestamp": "yesterday"})

REJECTED = {"invalid timestamp": 1, "not an object": 1}
"""Reason -> number of the planted items that are not records."""

# The alert's bytes are those of a flow that is not over: they come again at its end.
_MINUTES = {
    "2026-01-01T12:00Z": {"records": 2, "alerts_high": 1, "dns_failures": 1, "denied": 1,
                          "peers": 3},
    "2026-01-01T12:01Z": {"records": 2, "octets": 2200, "octets_out": 300, "octets_in": 700,
                          "peers": 3},
    "2026-01-01T12:02Z": {"records": 2, "octets": 4000, "octets_out": 4000, "denied": 2,
                          "peers": 2},
}  # fmt: skip


def generate_mixed_records() -> list[Any]:
    """Return the planted items: six records of as many formats, and two malformed ones.

    All have the addresses of documentation (RFC 5737), and times of three minutes.
    """
    return [*_RECORDS, *_MALFORMED]


def tabulate_planted_minutes() -> pd.DataFrame:
    """Return the metrics of the planted minutes that are not 0 in all of them.

    Returns:
        A row for each minute (UTC, in the index), with metrics as the store names them.
    """
    frame = pd.DataFrame(list(_MINUTES.values())).fillna(0).astype("int64")
    return frame.set_index(pd.to_datetime(list(_MINUTES), utc=True).rename("minute"))
