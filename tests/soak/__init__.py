"""The proof that nothing is lost: an org that changes, runs that break, and a target that counts.

`make soak` runs it for as long as it is told; the test suite runs a bounded piece of it.
"""
