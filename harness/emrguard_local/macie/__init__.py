"""Macie, as far as it is set up: a session, custom data identifiers, jobs; nothing looks into data."""
