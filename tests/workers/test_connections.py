"""Connections to Redis: timeouts of each application, and verified certificates."""

import ssl

import redis

from securenet_obs.settings import Settings
from securenet_obs.workers.celery_app import create_celery
from securenet_obs.workers.connections import shorten_timeouts


def test_timeouts_are_shortened_per_application() -> None:
    """Shorter timeouts of one application do not affect another."""
    patient = create_celery(Settings()).conf.broker_transport_options["socket_timeout"]
    impatient = create_celery(Settings())
    shorten_timeouts(impatient)
    assert impatient.conf.broker_transport_options["socket_timeout"] < 1 < patient


def test_certificates_are_verified() -> None:
    """`rediss://` alone verifies certificates, for the broker and for the results."""
    app = create_celery(Settings(redis_url="rediss://a:6379/0"))
    assert app.connection_for_write().ssl == {"ssl_cert_reqs": ssl.CERT_REQUIRED}
    assert app.backend.connparams["ssl_cert_reqs"] == ssl.CERT_REQUIRED


def test_the_certificate_authority_can_be_set() -> None:
    """The URL may name the authority, and certificates are verified all the same."""
    app = create_celery(Settings(redis_url="rediss://a:6379/0?ssl_ca_certs=/etc/ca.pem"))
    result_options = {
        name: app.backend.connparams[name] for name in ("ssl_ca_certs", "ssl_cert_reqs")
    }
    for options in (app.connection_for_write().ssl, result_options):
        connection = redis.SSLConnection(**options)
        assert (connection.ca_certs, connection.cert_reqs) == ("/etc/ca.pem", ssl.CERT_REQUIRED)
