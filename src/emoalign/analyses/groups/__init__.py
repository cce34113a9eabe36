"""Groups of raters: whose ratings a model gives."""
