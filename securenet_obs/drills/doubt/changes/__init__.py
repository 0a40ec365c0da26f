"""Careless changes to the program of a part, as a pull request could contain them.

A function for each: it takes no arguments and changes modules of this package for its process.
None of them has a setting, and none must get one.
"""
