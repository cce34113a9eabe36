# A norm as predictor: an outcome regressed on people's norm and further columns

outcome <- data$outcome
rated <- !is.na(people)

design <- function(norm, further) cbind(1, norm, further)

# DSL with a norm as predictor: f is known of all items, v of those that people rated

dsl_predictor <- function(y, further, f, v, probability) {
  weight <- ifelse(is.na(v), 0, 1 / probability)
  of_model <- design(f, further)
  means <- colMeans(of_model)[-1]
  sds <- apply(of_model, 2, population_sd)[-1]
  basis <- diag(c(1, 1 / sds))
  basis[1, -1] <- -means / sds
  x <- of_model %*% basis
  z <- design(ifelse(is.na(v), f, v), further) %*% basis
  bread <- solve(crossprod(x) + crossprod(z * weight, z) - crossprod(x * weight, x))
  value <- bread %*% (crossprod(x, y) + crossprod((z - x) * weight, y))
  moments <- x * drop(y - x %*% value) +
    weight * (z * drop(y - z %*% value) - x * drop(y - x %*% value))
  spread <- bread %*% crossprod(moments) %*% bread * nrow(x) / (nrow(x) - ncol(x))
  normal(drop(basis %*% value), sqrt(diag(basis %*% spread %*% t(basis))))
}

population_sd <- function(values) sqrt(mean((values - mean(values))^2))

further_of <- function(columns) as.matrix(data[columns])

of_people <- function(further) {
  x <- design(people, further)[rated, , drop = FALSE]
  if (random) least_squares(x, outcome[rated]) else least_squares(x, outcome[rated], known[rated])
}

regression <- function(model, columns) {
  further <- further_of(columns)
  f <- data[[model]]
  p <- if (random) rep(mean(rated), nrow(data)) else known
  ways <- list(
    of_people(further),
    dsl_predictor(outcome, further, f, people, p),
    without_interval(fitted_to(design(f, further), outcome))
  )
  do.call(rbind, lapply(seq_len(nrow(ways[[1]])), function(term) {
    do.call(rbind, lapply(ways, function(way) way[term, ]))
  }))
}

# Each norm in place of people's, on the items that people rated

in_place <- function(models, columns) {
  further <- further_of(columns)[rated, , drop = FALSE]
  y <- outcome[rated]
  v <- people[rated]
  w <- if (random) rep(1, length(y)) else 1 / known[rated]
  w <- w / mean(w)
  unexplained <- function(norm) {
    x <- design(norm, further)
    sum(w * (y - x %*% least_squares(x, y, 1 / w)[, 1])^2)
  }
  rows <- lapply(models, function(column) {
    norm <- as.numeric(data[[column]])[rated]
    found <- least_squares(design(norm, further), y, 1 / w)[2, ]
    ratio <- found[1] / least_squares(design(v, further), y, 1 / w)[2, 1]
    aic <- length(y) * log(unexplained(norm) / unexplained(v))
    c(found, ratio, ratio_interval(y, further, v, norm, w), aic)
  })
  do.call(rbind, c(list(c(of_people(further_of(columns))[2, ], rep(NA, 4))), rows))
}

resamples <- 2000
seed <- 1

ratio_interval <- function(y, further, v, norm, w) {
  keys <- c(list(y, v), lapply(seq_len(ncol(further)), function(k) further[, k]), list(norm))
  at <- do.call(order, keys)
  scaled <- function(values) (values - mean(values)) / population_sd(values)
  rest <- further[at, , drop = FALSE]
  for (k in seq_len(ncol(rest))) rest[, k] <- scaled(rest[, k])
  n <- length(y)
  y <- scaled(y)[at]
  w <- w[at]
  designs <- lapply(list(v, norm), function(one) design(scaled(one)[at], rest))
  set.seed(seed, kind = "Mersenne-Twister")
  ratios <- replicate(resamples, {
    times <- tabulate(floor(runif(n) * n) + 1, n)
    b <- sapply(designs, function(x) {
      products <- crossprod(x * times * w, x) / n
      least <- min(eigen(products, symmetric = TRUE, only.values = TRUE)$values)
      if (least > 1e-8) solve(products, crossprod(x * times * w, y) / n)[2] else NA
    })
    b[2] / b[1]
  })
  ratios <- ratios[!is.na(ratios)] * population_sd(v) / population_sd(norm)
  if (length(ratios) < 0.95 * resamples) c(NA, NA) else quantile(ratios, c(.025, .975))
}

compared(named(regression(
# REGRESSION
), ends), "estimates.csv", c("term", "method"))
cat("\nEach norm in place of people's:\n")
columns <- c(ends, "ratio", "ratio_low", "ratio_high", "delta_aic")
compared(named(in_place(
# IN PLACE
), columns), "substitution.csv", "norm")
