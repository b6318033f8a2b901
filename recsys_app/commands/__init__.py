"""The subcommands of `recsys`, one a module."""
