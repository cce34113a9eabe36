"""How human-like ratings are: agreement of item means, spread, ceilings and readouts.

Pure functions over arrays. A missing value is NaN, and a result that is not defined for the data it
was given is NaN too; only inputs of the wrong shape raise.
"""
