"""Contracts of the tables that stages exchange."""
