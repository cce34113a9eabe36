"""Where the variance of ratings comes from."""
