"""Segue: array programs captured from ordinary Python, compiled, and never changed in their results."""
