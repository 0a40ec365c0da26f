from ipaddress import ip_address, ip_network

from securenet_obs.detection.network.batch import normalise_batch
from securenet_obs.probes import generate_network_records

EXAMPLES = [ip_network("192.0.2.0/24"), ip_network("198.51.100.0/24")]


def test_records_are_accepted_by_the_service() -> None:
    """The service accepts each record."""
    batch = normalise_batch(generate_network_records(300))
    assert (len(batch.accepted), batch.rejected) == (300, {})


def test_addresses_are_reserved() -> None:
    """No real host has these addresses."""
    records = generate_network_records(600)
    addresses = {ip_address(row[name]) for row in records for name in ("src_ip", "dest_ip")}
    assert [a for a in addresses if not any(a in network for network in EXAMPLES)] == []
