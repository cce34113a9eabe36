"""How people and models spread over the points or labels of a scale, and how alike they are."""
