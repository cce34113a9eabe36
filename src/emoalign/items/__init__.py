"""From single ratings to what a cell says of an item, beside what people said of it."""
