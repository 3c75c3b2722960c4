"""Addresses of the people that a small project has."""

from tools.projects.project import address


def everybody(count=9):
    return sorted(address(n) for n in range(count))
