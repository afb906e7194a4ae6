"""Tests of probing."""

NAMES = (
    "Ann Lee",
    "Ann Leed",
    "Ann",
    "Annette Lee",
    "Bo Lee",
    "Ann Lee",
    "Zoe Quartermain-Ödegård",
)
"""With shared beginnings, one that begins another, and one that stands twice."""
