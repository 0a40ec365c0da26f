"""Changes of workers and their tasks: results, tenants, limits, content types."""


def keep_results_without_ttl() -> None:
    """Keep results without a TTL until Redis is full."""
    from securenet_obs.workers.celery_fixes import backend

    with_end, without = "'SETEX', KEYS[1], ARGV[1], ARGV[2]", "'SET', KEYS[1], ARGV[2]"
    assert with_end in backend._KEEP
    backend._KEEP = backend._KEEP.replace(with_end, without)


def accept_pickles() -> None:
    """Accept pickles, and so execute any code that is put into Redis."""
    from securenet_obs.workers.celery_app import celery_app

    celery_app.conf.accept_content = ["json", "pickle"]


def ignore_tenant() -> None:
    """Run tasks without the tenant that their message names."""
    from securenet_obs.monitoring import task_telemetry

    task_telemetry.parse_tenant_id = lambda _: None


def store_results_unredacted() -> None:
    """Store results and errors of tasks in Redis without redaction."""
    from securenet_obs.workers.celery_fixes import backend

    backend.redact = lambda value: value


def keep_canaries() -> None:
    """Add earlier failures of the process to the error, as a cache without a tenant does."""
    from securenet_obs.workers import tasks

    fail = tasks.fail_on_purpose
    seen: list[str] = []

    def failing(canary: str, secret: str) -> None:
        seen.append(canary)
        fail(" ".join(dict.fromkeys(seen)), secret)

    tasks.fail_on_purpose = failing


def find_no_tenant() -> None:
    """Find no tenants to dispatch tasks to."""
    from securenet_obs.workers import tasks

    tasks._tenants = list


def raise_limit_beyond_visibility() -> None:
    """Set a task time limit above Redis's visibility timeout, which leads to redelivery."""
    from securenet_obs.workers import celery_app

    celery_app.check_application = lambda *_: None
    celery_app.celery_app.conf.task_time_limit = 2 * 3600


def report_bad_kombu() -> None:
    """Report the kombu version that ends when Redis restarts."""
    import kombu

    kombu.__version__ = "5.7.0"
