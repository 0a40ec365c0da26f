"""Identity of a flow: canonical addresses, transport protocols, and its community id."""

import logging
from functools import lru_cache
from ipaddress import ip_address

import communityid

PROTOCOLS = {
    0: "hopopt", 1: "icmp", 2: "igmp", 4: "ipv4", 6: "tcp", 8: "egp", 17: "udp", 33: "dccp",
    41: "ipv6", 46: "rsvp", 47: "gre", 50: "esp", 51: "ah", 58: "ipv6-icmp", 88: "eigrp",
    89: "ospf", 103: "pim", 112: "vrrp", 132: "sctp", 136: "udplite",
}  # fmt: skip
"""Number that IANA assigned to a protocol -> its keyword, in lower case."""

_SPELLINGS = {"icmp6": "ipv6-icmp", "icmpv6": "ipv6-icmp", "icmp-v6": "ipv6-icmp"}
NUMBERS = {name: number for number, name in PROTOCOLS.items()}
_WITH_PORTS = frozenset((6, 17, 132))
_ICMP = frozenset((1, 58))
_MAX_ADDRESS_LENGTH = 400

_community = communityid.CommunityID()
# At level info it logs eight lines for each flow, with addresses of tenants; at level warning its
# refusals, which are None here.
communityid.LOG.setLevel(logging.ERROR)


@lru_cache(65_536)
def canonical_address(text: str) -> str | None:
    """Return an IPv4 or IPv6 address in its canonical form, without a zone; None for other text."""
    if len(text) > _MAX_ADDRESS_LENGTH:
        return None
    try:
        return str(ip_address(text.strip())).partition("%")[0]
    except ValueError:
        return None


@lru_cache(1024)
def transport_of(text: str) -> str | None:
    """Return the keyword of a transport protocol, given as any spelling of it or its number."""
    name = text.strip().lower()
    if name.isascii() and name.isdigit() and len(name) <= 3:
        return PROTOCOLS.get(int(name), name)
    return _SPELLINGS.get(name, name[:32]) if name not in {"", "-"} else None


@lru_cache(65_536)
def community_id_of(
    transport: str, source: str, destination: str, source_port: int | None, other_port: int | None
) -> str | None:
    """Return the community id (version 1, seed 0) of a flow with canonical addresses.

    The ports of ICMP are its type and code, as in Zeek's logs. None if the flow has no such id: its
    protocol is not known, its addresses differ in version, or it lacks its ports.

    Source: https://github.com/corelight/community-id-spec
    """
    number = NUMBERS.get(transport)
    if number is None or (":" in source) != (":" in destination):
        return None
    ports = (source_port, other_port) if number in _WITH_PORTS | _ICMP else (None, None)
    if number in _WITH_PORTS | _ICMP and None in ports:
        return None
    flow = communityid.FlowTuple(number, source, destination, *ports)
    identifier: str | None = _community.calc(flow)
    return identifier
