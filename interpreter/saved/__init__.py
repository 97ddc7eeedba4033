"""Sessions kept as commands with parameters, which run without a model. Papermill's conventions."""
