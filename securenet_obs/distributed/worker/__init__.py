"""Worker of distributed validations: application, tasks, the run of a message, command line."""
