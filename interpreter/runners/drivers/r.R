# Runs the cells of an R that stays; `driven_process.py` says how the two talk.

(function() {
  given <- strsplit(Sys.getenv("INTERPRETER_CONTROL"), " ")[[1]]
  Sys.unsetenv("INTERPRETER_CONTROL")
  if (!l10n_info()$`UTF-8`) suppressWarnings(Sys.setlocale("LC_CTYPE", "C.UTF-8"))
  control <- socketConnection("127.0.0.1", as.integer(given[1]), open = "r+", blocking = TRUE, timeout = 1e8)
  writeLines(given[2], control)
  process <- Sys.getpid()
  folder <- ""
  ours <- c() # the devices that were opened for plots nobody had opened one for

  place <- function(condition) {
    call <- conditionCall(condition)
    hidden <- is.null(call) || identical(call[[1]], quote(eval)) || identical(call[[1]], quote(parse))
    if (hidden) "" else paste0(" in ", deparse(call, nlines = 1)[1])
  }

  mark <- function(letter, token) {
    for (stream in list(stdout(), stderr())) cat("\033]133;", letter, ";", token, "\a", sep = "", file = stream)
  }

  draw <- function(...) {
    grDevices::png(file.path(folder, "plot%03d.png"), width = 1000, height = 700, res = 144)
    ours <<- c(ours, grDevices::dev.cur())
  }

  evaluate <- function(code) {
    expressions <- parse(text = code, keep.source = TRUE, encoding = "UTF-8")
    for (number in seq_along(expressions)) {
      shown <- withVisible(eval(expressions[number], globalenv()))
      if (!shown$visible) next
      if (number < length(expressions)) {
        print(shown$value)
      } else {
        text <- utils::capture.output(print(shown$value))
        if (length(text)) writeLines(enc2utf8(text), file.path(folder, "value"), useBytes = TRUE)
      }
    }
  }

  run <- function() {
    status <- "error"
    tryCatch(
      withCallingHandlers(
        {
          allowInterrupts(evaluate(readLines(file.path(folder, "cell"), encoding = "UTF-8", warn = FALSE)))
          status <- "ok"
        },
        warning = function(condition) {
          if (getOption("warn") %in% 0:1) {
            cat("Warning", place(condition), ": ", conditionMessage(condition), "\n", sep = "", file = stderr())
            invokeRestart("muffleWarning")
          }
        }
      ),
      interrupt = function(condition) NULL,
      error = function(condition) {
        cat("Error", place(condition), ": ", conditionMessage(condition), "\n", sep = "", file = stderr())
      }
    )
    status
  }

  # A wait is interrupted also where interrupts are suspended.
  persist <- function(work) {
    repeat {
      done <- tryCatch(list(work()), interrupt = function(condition) NULL)
      if (length(done)) return(done[[1]])
    }
  }

  if (capabilities("png")) options(device = draw)
  suspendInterrupts(repeat {
    line <- persist(function() readLines(control, 1))
    if (!length(line)) quit("no")
    token <- sub(" .*", "", line)
    folder <- sub("^\\S* ", "", line)
    mark("C", token)
    status <- run()
    if (Sys.getpid() != process) tools::pskill(Sys.getpid(), 9) # a child that went on behind a fork
    while (sink.number() > 0) sink()
    if (sink.number("message") != 2) sink(type = "message")
    for (device in intersect(ours, grDevices::dev.list())) grDevices::dev.off(device)
    ours <- c()
    mark("D", token)
    persist(function() writeLines(paste(token, status), control))
  })
})()
