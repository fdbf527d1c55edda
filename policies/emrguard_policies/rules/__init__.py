"""The rule pack: one module a rule, named after the bad pattern; its example templates stand below `examples/`."""
