# Repeats the numbers of the other files in this folder from data.csv, with base R only:
#
#   Rscript correct.R
#
# PPI++: Angelopoulos, Duchi & Zrnic (2023). DSL: Egami, Hinck, Stewart & Wei (2023). Norms in place
# of each other: Trott (2024). A row of data.csv is an item: the model's rating or an outcome, the
# probability with which people were asked if that differed between items, people's rating (empty
# where they were not asked), ratings by models that an outcome is regressed on, and predictors.

file <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
if (length(file)) setwd(dirname(gsub("~+~", " ", file, fixed = TRUE)))
data <- read.csv("data.csv", check.names = FALSE, encoding = "UTF-8")

people <- as.numeric(data$people)
random <- names(data)[3] != "probability"  # people rated a random part of all items
known <- if (!random) as.numeric(data$probability)

# An estimate: value, standard error, and the ends of the 95% interval

normal <- function(value, error) {
  half <- qnorm(.975) * error
  cbind(value, error, value - half, value + half)
}

without_interval <- function(value) cbind(value, NA, NA, NA)

# Linear algebra that predictors of very different units do not upset

inverse <- function(products) {
  units <- sqrt(outer(diag(products), diag(products)))
  solve(products / units) / units
}

fitted_to <- function(x, y) drop(inverse(crossprod(x)) %*% crossprod(x, y))

# Least squares with robust errors (HC0)

least_squares <- function(x, y, probability = rep(1, length(y))) {
  weighted <- x / probability
  bread <- inverse(crossprod(weighted, x))
  value <- drop(bread %*% crossprod(weighted, y))
  meat <- crossprod(weighted * drop(y - x %*% value))
  normal(value, sqrt(diag(bread %*% meat %*% bread)))
}

# The numbers of a file, beside those found here

compared <- function(found, file, labels) {
  expected <- read.csv(file, encoding = "UTF-8")
  numbers <- as.matrix(expected[colnames(found)])
  rownames(found) <- NULL
  print(cbind(expected[labels], found), digits = 7)
  apart <- max(0, abs(found - numbers), na.rm = TRUE)
  cat("Largest difference from ", file, ": ", format(apart, digits = 2), "\n", sep = "")
  if (any(is.na(found) != is.na(numbers)) || apart > 1e-6 * max(1, abs(found), na.rm = TRUE)) {
    stop(file, " has other numbers")
  }
}

named <- function(rows, columns) {
  colnames(rows) <- columns
  rows
}

ends <- c("estimate", "standard_error", "low", "high")
