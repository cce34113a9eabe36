# A norm as outcome: means, correlations and regressions of people's ratings

model <- data$model
everyone <- rep(TRUE, nrow(data))

by_fisher <- function(r, error) {
  half <- qnorm(.975) * error / (1 - r^2)
  if (is.na(r) || abs(r) >= 1) return(matrix(NA_real_, 1, 4))
  cbind(r, error, tanh(atanh(r) - half), tanh(atanh(r) + half))
}

centred <- function(rows) sweep(rows, 2, colMeans(rows))

# Least squares by PPI++ and by DSL

ppi_least_squares <- function(x, f, y) {
  rated <- !is.na(y)
  n <- sum(rated)
  rest <- sum(!rated)
  x1 <- x[rated, , drop = FALSE]
  x0 <- x[!rated, , drop = FALSE]
  corrected <- function(lambda) {
    fitted_to(x0, lambda * f[!rated]) + fitted_to(x1, y[rated] - lambda * f[rated])
  }
  gradients <- function(value) list(
    people = x1 * drop(x1 %*% value - y[rated]),
    model = x1 * drop(x1 %*% value - f[rated]),
    rest = x0 * drop(x0 %*% value - f[!rated])
  )
  bread <- inverse(crossprod(x) / nrow(x))
  trace <- function(covariance) sum(diag(bread %*% covariance %*% bread))
  g <- gradients(corrected(1))
  shared <- crossprod(centred(g$people), centred(g$model)) / n
  below <- 2 * (1 + n / rest) * trace(cov(rbind(g$model, g$rest)))
  lambda <- if (below > 0) min(max(trace(shared + t(shared)) / below, 0), 1) else 0
  value <- corrected(lambda)
  g <- gradients(value)
  meat <- crossprod(centred(g$people - lambda * g$model)) / n^2 +
    lambda^2 * crossprod(centred(g$rest)) / rest^2
  normal(value, sqrt(diag(bread %*% meat %*% bread)))
}

put_right <- function(of_model, of_people, rated, probability) {
  of_model + ifelse(rated, (of_people - of_model) / probability, 0)
}

dsl_least_squares <- function(x, f, y, probability) {
  found <- least_squares(x, put_right(f, y, !is.na(y), probability))
  normal(found[, 1], found[, 2] * sqrt(nrow(x) / (nrow(x) - ncol(x))))
}

# Correlations: means of y, z, their squares and their product, and what each item adds to r

standardised <- function(values, by) {
  sd <- sqrt(mean((by - mean(by))^2))
  (values - mean(by)) / if (sd > 0) sd else 1
}

products <- function(y, z) cbind(y, z, y^2, z^2, y * z)

moments <- function(means) {
  v <- means[3:4] - means[1:2]^2
  if (min(v) <= 0) v <- c(NA, NA)
  list(y = means[1], z = means[2], sd_y = sqrt(v[1]), sd_z = sqrt(v[2]),
       r = unname((means[5] - means[1] * means[2]) / sqrt(v[1] * v[2])))
}

added <- function(m, y, z) {
  a <- (y - m$y) / m$sd_y
  b <- (z - m$z) / m$sd_z
  a * b - m$r / 2 * (a^2 + b^2)
}

variance <- function(values) mean((values - mean(values))^2)

weighted_r <- function(y, z, probability) {
  w <- 1 / probability / sum(1 / probability)
  m <- moments(colSums(products(y, z) * w))
  by_fisher(m$r, sqrt(sum((w * added(m, y, z))^2)))
}

ppi_r <- function(y, f, z) {
  rated <- !is.na(y)
  n <- sum(rated)
  rest <- sum(!rated)
  corrected <- function(lambda) {
    wrong <- colMeans(products(f, z)[!rated, , drop = FALSE]) -
      colMeans(products(f, z)[rated, , drop = FALSE])
    moments(colMeans(products(y, z)[rated, , drop = FALSE]) + lambda * wrong)
  }
  m <- corrected(0)
  of_model <- added(m, f, z)
  below <- (1 + n / rest) * var(of_model)
  shared <- cov(added(m, y, z)[rated], of_model[rated])
  lambda <- if (below > 0) min(max(shared / below, 0), 1) else 0
  m <- corrected(lambda)
  of_model <- added(m, f, z)
  by_fisher(m$r, sqrt(
    variance((added(m, y, z) - lambda * of_model)[rated]) / n +
      lambda^2 * variance(of_model[!rated]) / rest
  ))
}

dsl_r <- function(y, f, z, probability) {
  rated <- !is.na(y)
  m <- moments(colMeans(apply_to_columns(products(f, z), products(y, z), rated, probability)))
  by_fisher(m$r, sd(put_right(added(m, f, z), added(m, y, z), rated, probability)) / sqrt(length(y)))
}

apply_to_columns <- function(of_model, of_people, rated, probability) {
  sapply(seq_len(ncol(of_model)), function(k) {
    put_right(of_model[, k], of_people[, k], rated, probability)
  })
}

# The rows of estimates.csv: each term by all methods

drawn_with <- function(at) if (random) rep(mean(!is.na(people[at])), sum(at)) else known[at]

by_least_squares <- function(x, at = everyone) {
  f <- model[at]
  y <- people[at]
  p <- drawn_with(at)
  rated <- !is.na(y)
  list(
    people = if (random) least_squares(x[rated, , drop = FALSE], y[rated])
             else least_squares(x[rated, , drop = FALSE], y[rated], p[rated]),
    ppi = if (random) ppi_least_squares(x, f, y),
    dsl = dsl_least_squares(x, f, y, p),
    model = without_interval(fitted_to(x, f))
  )
}

rows <- function(ways) {
  ways <- Filter(Negate(is.null), ways)
  do.call(rbind, lapply(seq_len(nrow(ways[[1]])), function(term) {
    do.call(rbind, lapply(ways, function(way) way[term, ]))
  }))
}

means <- function() rows(by_least_squares(cbind(rep(1, nrow(data)))))

groups <- function(column) {
  of <- lapply(0:1, function(group) {
    at <- data[[column]] == group
    by_least_squares(cbind(rep(1, sum(at))), at)
  })
  between <- Map(function(first, second) {
    if (is.null(first)) NULL
    else normal(second[, 1] - first[, 1], sqrt(first[, 2]^2 + second[, 2]^2))
  }, of[[1]], of[[2]])
  rbind(rows(of[[1]]), rows(of[[2]]), rows(between))
}

correlation <- function(column) {
  rated <- !is.na(people)
  y <- standardised(people, people[rated])
  f <- standardised(model, people[rated])
  z <- standardised(data[[column]], data[[column]])
  p <- drawn_with(everyone)
  rows(list(
    people = weighted_r(y[rated], z[rated], p[rated]),
    ppi = if (random) ppi_r(y, f, z),
    dsl = dsl_r(y, f, z, p),
    model = without_interval(if (min(model) < max(model)) cor(model, z) else NA)
  ))
}

regression <- function(columns) {
  rows(by_least_squares(cbind(1, as.matrix(data[columns]))))
}

found <- rbind(
# CALLS
)
compared(named(found, ends), "estimates.csv", c("term", "method"))
