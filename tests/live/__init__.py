"""Tests of live subscriptions."""
