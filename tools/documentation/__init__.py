"""Pages and schemas that are made from the code they describe, so that they cannot disagree."""
