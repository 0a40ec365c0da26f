"""The measured traps in libraries, and the tests that guard against each.

The table is printed at the end of `make test`, and of `make slow` for its tests; `test_traps.py`
checks that each test in it exists.
"""

from collections import Counter
from collections.abc import Mapping

Trap = tuple[str, str, tuple[str, ...]]

TRAPS: tuple[Trap, ...] = (
    (
        "Sentry",
        "options have moved: auto_enabling_integrations is one of init, data_collection is new",
        ("monitoring/sentry/test_client.py::test_the_options_are_valid_for_this_sdk",),
    ),
    (
        "Sentry",
        "a before_send that raises drops the event without a word",
        (
            "monitoring/sentry/events/test_scrubbing.py::test_an_unscrubbed_event_is_dropped_and_counted",
            "monitoring/sentry/events/test_scrubbing.py::test_an_invalid_event_is_dropped",
        ),
    ),
    (
        "Sentry",
        "before_send is called for check-ins, and not for transactions and logs",
        (
            "workers/test_monitoring.py::test_a_beat_entry_checks_in",
            "monitoring/sentry/events/test_scrubbing.py::test_no_secret_is_in_the_bytes",
        ),
    ),
    (
        "Sentry",
        "its scrubber knows exact names only, and is off with data_collection",
        (
            "monitoring/sentry/events/test_scrubbing.py::test_no_secret_is_in_the_bytes",
            "redaction/rules/test_names.py::test_spellings_of_a_name_are_equal",
            "notebooks/test_faults_of_flow.py::test_without_a_fault_no_secret_is_in_the_evidence",
        ),
    ),
    (
        "Sentry",
        "a received task's arguments stand in other tasks' events",
        ("workers/test_task_telemetry.py::test_arguments_of_other_tasks_are_in_no_event",),
    ),
    (
        "Sentry",
        "SQLAlchemy quotes parameters in its errors without hide_parameters",
        ("store/test_engine.py::test_an_error_does_not_contain_the_parameters",),
    ),
    (
        "Sentry",
        "an empty DSN is silent",
        (
            "monitoring/sentry/test_client.py::test_an_empty_dsn_is_refused_in_production",
            "monitoring/sentry/test_client.py::test_an_empty_dsn_elsewhere_is_logged",
        ),
    ),
    (
        "Sentry",
        "flush returns nothing, and an event id proves no arrival",
        (
            "monitoring/sentry/test_client.py::test_a_refused_event_has_its_status",
            "notebooks/test_faults.py::test_a_dsn_of_another_project_is_noticed",
        ),
    ),
    (
        "Sentry",
        "an uncaught error in a cell is not captured",
        ("monitoring/sentry/events/test_capture.py::test_a_diagnostic_error_is_suppressed",),
    ),
    (
        "structlog",
        "other loggers come out in another shape, and Celery takes the handlers over",
        (
            "monitoring/logs/test_setup.py::test_every_logger_writes_the_same_kind_of_line",
            "workers/test_celery_app.py::test_every_line_of_a_worker_is_json",
        ),
    ),
    (
        "structlog",
        "log.exception prints a traceback beside the JSON, with locals",
        ("monitoring/logs/test_setup.py::test_an_exception_has_frames_without_locals",),
    ),
    (
        "structlog",
        "NaN, surrogates, huge integers, odd keys, cycles and a raising repr",
        (
            "monitoring/logs/test_setup.py::test_hostile_values_neither_break_a_line_nor_raise",
            "monitoring/logs/test_json_line.py::test_any_value_at_all_becomes_one_strict_line",
        ),
    ),
    (
        "structlog",
        "a chain of bytes bypasses Sentry's logging integration",
        ("monitoring/sentry/events/test_capture.py::test_every_kind_of_error_reaches_sentry",),
    ),
    (
        "structlog",
        "context variables survive into a prefork child's next task",
        (
            "workers/test_task_telemetry.py::test_ids_are_cleared_at_start_and_end",
            "workers/test_monitoring.py::test_concurrent_tenants_keep_their_ids",
        ),
    ),
    (
        "structlog",
        "task lines carry the return value, access lines the query",
        (
            "monitoring/logs/test_stdlib_records.py::test_celery_lines_have_no_arguments_or_results",
            "monitoring/logs/test_stdlib_records.py::test_an_access_record_has_fields_and_no_query",
        ),
    ),
    (
        "Celery",
        "a beat entry without its task's arguments enqueues nothing",
        (
            "workers/test_celery_app.py::test_the_schedule_sends_tasks_without_arguments",
            "workers/test_preflight.py::test_an_entry_with_wrong_arguments_is_refused",
            "workers/test_tasks.py::test_beat_dispatches_one_task_for_each_tenant",
        ),
    ),
    (
        "Celery",
        "a task longer than the visibility timeout runs many times at once",
        (
            "workers/test_preflight.py::test_contradictory_limits_are_refused",
            "workers/test_tasks.py::test_a_tenants_task_has_its_effect_once_a_window",
            "workers/test_outbox.py::test_concurrent_deliveries_count_once",
        ),
    ),
    (
        "Celery",
        "reject_on_worker_lost loops for ever on a poison task",
        (
            "workers/celery_fixes/test_requests.py::test_a_poison_task_is_not_started_forever",
            "workers/test_dead_letters.py::test_a_permanent_failure_is_recorded",
        ),
    ),
    (
        "Celery",
        "with Redis down apply_async blocks for 20 seconds",
        ("workers/test_publishing.py::test_an_unavailable_broker_is_an_error_in_time",),
    ),
    (
        "Celery",
        "a queue is four lists, and what is in flight is in none of them",
        (
            "probes/celery/test_queues.py::test_depth_includes_every_priority",
            "probes/celery/test_queues.py::test_unacknowledged_messages_are_in_flight",
        ),
    ),
    (
        "Celery",
        "a ping is answered while nothing is consumed",
        (
            "workers/test_tasks.py::test_a_canary_comes_back_from_every_queue",
            "notebooks/test_faults.py::test_a_fault_turns_its_checks_red_and_no_other",
        ),
    ),
    (
        "Celery",
        "results beside the queues, and a policy that evicts tasks",
        (
            "workers/test_preflight.py::test_broker_and_results_in_one_database_are_refused",
            "workers/test_preflight.py::test_an_evicting_broker_is_logged",
            "drills/doubt/test_catalog.py::test_every_check_has_a_fault",
        ),
    ),
    (
        "papermill",
        "a dead kernel or a timeout leaves `completed` on every cell",
        (
            "runner/test_kill_matrix.py::test_a_kill_at_any_cell_is_recorded_as_a_kill",
            "runner/evidence/test_folder.py::"
            "test_the_notebook_opens_with_a_banner_and_its_cells_do_not_lie",
        ),
    ),
    (
        "papermill",
        "unknown parameters only warn, types are not checked, 00123 becomes 123",
        (
            "runner/notebook/parameters/test_schema.py::test_values_of_another_type_are_refused",
            "runner/notebook/parameters/test_parameter.py::test_a_value_arrives_as_its_type_has_it",
            "runner/notebook/parameters/test_schema.py::test_bad_parameters_exit_2_and_run_nothing",
        ),
    ),
    (
        "papermill",
        "values of parameters are stored in the output",
        (
            "runner/notebook/parameters/test_secret.py::test_no_byte_of_a_secret_is_left_in_the_evidence",
        ),
    ),
    (
        "papermill",
        "inside a Celery task it can hang",
        ("runner/test_inside_celery.py::test_a_run_inside_a_task_ends_five_times_of_five",),
    ),
    (
        "papermill",
        "threads run in the wrong folder, and two runs overwrite one output",
        (
            "runner/test_command.py::"
            "test_sixteen_runs_in_two_commands_at_once_leave_sixteen_right_records",
            "runner/evidence/test_folder.py::test_no_two_folders_are_the_same",
        ),
    ),
    (
        "papermill",
        "`!false` passes, and sys.exit(3) becomes 1",
        (
            "runner/test_execution.py::test_each_fault_has_its_verdict",
            "runner/record/test_verdict.py::test_exit_codes_are_those_of_the_design",
        ),
    ),
    (
        "papermill",
        "`%run`, `%%capture` and a nested `run_cell` reply `ok` when their code fails",
        (
            "runner/kernel/test_faults.py::test_an_error_that_ipython_swallows_fails_its_cell_by_its_name",
            "runner/kernel/test_faults.py::test_the_table_states_the_verdict_of_papermill",
        ),
    ),
    (
        "papermill",
        "the cell of an earlier run's parameters stays in the notebook that it wrote",
        (
            "runner/notebook/test_injection.py::"
            "test_given_parameters_stand_in_one_cell_and_are_the_last_to_set_them",
            "runner/notebook/test_injection.py::test_a_value_that_a_start_up_file_plants_fails_the_run",
        ),
    ),
    (
        "papermill",
        "kernels talk in the clear over TCP",
        (
            "runner/test_execution.py::"
            "test_the_kernel_is_this_interpreter_over_sockets_in_a_private_folder",
        ),
    ),
    (
        "nbval",
        "a reference that was never executed passes",
        (
            "authoring/test_outputs.py::test_a_departure_is_found",
            "notebooks/test_stored_outputs.py::test_a_changed_output_is_noticed",
        ),
    ),
    (
        "nbval",
        "a dead kernel hangs it without a time limit for cells",
        ("notebooks/test_stored_outputs.py::test_the_stored_outputs_are_those_of_any_run",),
    ),
)
"""Library, its behaviour, and the tests that guard against it."""


def trap_table(outcomes: Mapping[str, Counter[str]]) -> list[str]:
    """Return the lines of the table, without the tests that did not run.

    Args:
        outcomes: a test's name, `file::function` below tests/, -> how often it passed or failed.
    """
    lines = []
    for library, trap, tests in TRAPS:
        if run := [test for test in tests if outcomes.get(test)]:
            lines.append(f"{library}: {trap}")
        for test in run:
            counts = ", ".join(f"{count} {word}" for word, count in outcomes[test].items())
            lines.append(f"    {counts}: {test}")
    return lines
