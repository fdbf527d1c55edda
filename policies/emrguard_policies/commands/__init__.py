"""Subcommands of `emrguard`."""
