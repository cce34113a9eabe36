"""Numerics: arrays in, numbers out; whether ratings are human-like, and how sure that is.

Pure functions over arrays, of numpy, scipy and nothing else of emoalign but its errors. A missing
value is NaN, and a result that is not defined for the data it was given is NaN too; only inputs of
the wrong shape raise.
"""
