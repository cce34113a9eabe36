# Reads all tables of this bundle into a list: tables <- read_tables(). Base R alone.
# The names and types of columns are those of codebook.csv, so that the words NA, TRUE and 1e5 stay
# words, and the apostrophe before a text that looks like a formula goes away.

read_tables <- function(folder = ".") {
  book <- read.csv(file.path(folder, "codebook.csv"), colClasses = "character",
                   na.strings = character(0), encoding = "UTF-8")
  classes <- c(text = "character", list = "character", number = "numeric",
               integer = "integer", boolean = "logical")
  names <- unique(book$table)
  names <- names[file.exists(file.path(folder, "data", paste0(names, ".csv")))]
  tables <- lapply(names, function(name) {
    known <- book[book$table == name, ]
    rows <- read.csv(file.path(folder, "data", paste0(name, ".csv")), na.strings = "",
                     check.names = FALSE, encoding = "UTF-8", quote = "\"", comment.char = "",
                     colClasses = setNames(classes[known$type], known$variable))
    texts <- known$variable[known$type == "text"]
    rows[texts] <- lapply(rows[texts], function(text) sub("^'(?='*[-=+@\t\r\n])", "", text, perl = TRUE))
    rows
  })
  setNames(tables, names)
}

if (sys.nframe() == 0) {
  tables <- read_tables()
  for (name in names(tables)) {
    cat(name, ": ", nrow(tables[[name]]), " rows\n", sep = "")
  }
}
