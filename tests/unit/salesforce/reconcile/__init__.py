"""Tests of `salesforce/reconcile`."""
