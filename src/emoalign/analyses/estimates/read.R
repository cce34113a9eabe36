# Reads estimated norms, joins them with your data, and regresses on them. Base R alone.
#
#   source("read.R", chdir = TRUE)   # in the folder of the norms: all of them are in `norms`
#
# codebook.csv says what each column holds; `missing` says what an empty cell (NA) means.

# A CSV file: texts stay texts ("NA", "TRUE", "007"), an empty cell is NA.
# The apostrophe that keeps spreadsheets from computing "=joy" or "-" is taken away. A carriage
# return inside a text becomes a line feed: R reads no other.
read_csv <- function(file, classes = "character") {
  rows <- read.csv(file, na.strings = "", colClasses = classes, check.names = FALSE,
                   encoding = "UTF-8", strip.white = FALSE)
  texts <- vapply(rows, is.character, NA)
  rows[texts] <- lapply(rows[texts], function(text) {
    sub("^'(?='*[=+@\t\r\n-])", "", text, perl = TRUE)
  })
  rows
}

codebook <- read_csv("codebook.csv")
codebook$minimum <- as.numeric(codebook$minimum)
codebook$maximum <- as.numeric(codebook$maximum)

read_norms <- function(dataset) {
  columns <- codebook[codebook$dataset == dataset, ]
  classes <- c(text = "character", number = "numeric", integer = "integer")[columns$type]
  read_csv(paste0(dataset, ".csv"), setNames(classes, columns$variable))
}

# What people should rate next, with the probability of the draw.
to_rate <- read_csv("to_rate.csv")
to_rate$inclusion <- as.numeric(to_rate$inclusion)

datasets <- unique(codebook$dataset)
norms <- setNames(lapply(datasets, read_norms), datasets)

# Your rows, each with the norms of its word (NA where there are none). `by` is your column of words;
# columns of norms that are called like one of yours end in .norms. Words are matched as they are
# written, then without regard to case, where that leads to one word alone. An é can be one
# character or two: write it as the norms do.
with_norms <- function(data, norms, by = "Word") {
  key <- intersect(c("Word", "Text", "Image"), names(norms))
  words <- enc2utf8(as.character(data[[by]]))
  known <- enc2utf8(norms[[key]])
  single <- function(keys) replace(keys, keys %in% keys[duplicated(keys)], NA)
  row <- match(words, single(known), incomparables = NA)
  folded <- match(tolower(words), single(tolower(known)), incomparables = NA)
  row <- ifelse(is.na(row) & !words %in% known, folded, row)
  missing <- unique(words[is.na(row)])
  if (length(missing)) {
    warning(length(missing), " words have no norms, or several: ",
            paste(head(missing, 5), collapse = ", "), if (length(missing) > 5) ", ...",
            call. = FALSE)
  }
  added <- norms[row, , drop = FALSE]
  twice <- names(added) %in% names(data)
  names(added)[twice] <- paste0(names(added)[twice], ".norms")
  cbind(data, added, row.names = NULL)
}

# A regression on a norm that people gave of some rows and that is estimated for all, by DSL
# (design-based supervised learning: Egami, Hinck, Stewart & Wei, 2023).
#
# An estimated norm used like people's biases all coefficients. Here its errors, seen where people
# rated, are taken out; they may be related to the outcome. Rows that people rated must have been
# drawn at random, with the probabilities `inclusion` of to_rate.csv, and estimates must not have
# been learnt from their own ratings: emoalign's are out of fold.
#
#   formula      the regression, with the estimated norm among its terms; no scale() or poly()
#   data         rows without missing values, except in `observed`
#   estimated    the column of the estimated norm
#   observed     the column of people's norm, NA where they did not rate
#   probability  the column of the probabilities; without it, people rated a simple random sample
dsl <- function(formula, data, estimated, observed, probability = NULL) {
  people <- data[[observed]]
  rated <- !is.na(people)
  chance <- if (is.null(probability)) rep(mean(rated), nrow(data)) else data[[probability]]
  if (any(is.na(chance[rated]) | chance[rated] <= 0 | chance[rated] > 1)) {
    stop("probabilities of rows that people rated must be above 0 and at most 1")
  }
  weight <- ifelse(rated, 1 / chance, 0)
  corrected <- data
  corrected[[estimated]] <- ifelse(rated, people, data[[estimated]])
  frame <- model.frame(formula, data, na.action = na.fail)
  y <- model.response(frame)
  f <- model.matrix(formula, frame)
  v <- model.matrix(formula, model.frame(formula, corrected, na.action = na.fail))
  # In an orthonormal basis of the estimated predictors, their units upset nothing.
  basis <- solve(qr.R(qr(f)) / sqrt(nrow(f)))
  f <- f %*% basis
  v <- v %*% basis
  products <- crossprod(f) + crossprod(v * weight, v) - crossprod(f * weight, f)
  if (min(eigen(products, symmetric = TRUE)$values) <= 0) {
    stop("too few rows were rated by people, or the estimates are too poor, for this regression")
  }
  inverse <- solve(products)
  value <- drop(inverse %*% (crossprod(f, y) + crossprod(v * weight, y) - crossprod(f * weight, y)))
  wrong <- drop(y - f %*% value)
  moments <- f * wrong + v * weight * drop(y - v %*% value) - f * weight * wrong
  spread <- inverse %*% crossprod(moments) %*% inverse * nrow(f) / (nrow(f) - ncol(f))
  estimate <- drop(basis %*% value)
  error <- sqrt(diag(basis %*% spread %*% t(basis)))
  half <- qnorm(.975) * error
  found <- cbind(estimate, error, low = estimate - half, high = estimate + half)
  rownames(found) <- colnames(model.matrix(formula, frame))
  found
}

# Example: reaction times by valence. my-data.csv has the columns word and RT; rated.csv has what
# people said of the words in to_rate.csv, in the columns word and people. Change the names.
#
## mine <- read_csv("my-data.csv", c(word = "character", RT = "numeric"))
## mine <- with_norms(mine, norms[[1]], by = "word")
## mine <- mine[!is.na(mine$Valence.M), ]
##
## # As if estimates were people's: a first look, biased
## summary(lm(RT ~ Valence.M + nchar(word), data = mine))
##
## # With what people said: of words rated before, which nobody drew, with probability 1
## drawn <- subset(to_rate, dataset == datasets[1] & scale == "valence")
## rated <- read_csv("rated.csv", c(word = "character", people = "numeric"))
## before <- mine$Valence.rated == 1
## mine$people <- rated$people[match(mine$Word, rated$word)]
## mine$people[before] <- mine$Valence.human.M[before]
## mine$chance <- drawn$inclusion[match(mine$Word, drawn$word)]
## mine$chance[before] <- 1
## dsl(RT ~ Valence.M + nchar(word), mine, "Valence.M", "people", "chance")
